/**
 * The note that goes with a message into quarantine, read back: by then anybody may have written
 * it.
 */
import { type Envelope, type MessageAttributes, type QuarantineNote, toAttributeText } from '../delivery/envelope.ts';
import { type FailedBy, type QuarantineReason, truncateError } from '../idempotency/event-row.ts';
import { isQuarantineReason } from './quarantine-reasons.ts';

/** Person who gives an event up, and the reason. */
export interface GiveUp {
  readonly by: string;
  readonly why: string;
}

/**
 * On whose behalf a message is sent back, and what is to be done with its event. Without more it is
 * tried again.
 */
export interface RedriveOrder {
  readonly by: 'recovery' | 'person';
  readonly giveUp?: GiveUp;
  /**
   * The CRM is called with a new idempotency key: it may have stored its failure under the old one.
   */
  readonly newKey?: true;
}

/** Content of a note, as far as it is valid. */
export interface ParsedQuarantineNote {
  readonly reason: QuarantineReason;
  /** When the event was quarantined; undefined where the note does not say. */
  readonly atMs: number | undefined;
  readonly redrives: number;
  readonly recoveries: number;
  readonly failedBy?: FailedBy;
  readonly lastError?: string;
  /**
   * Present where the message was sent back, and came here without having been quarantined again.
   */
  readonly returned?: RedriveOrder;
}

/** The note of a message, or undefined where it has none that can be read. Never throws. */
export function readQuarantineNote(attributes: MessageAttributes): ParsedQuarantineNote | undefined {
  const note = parseObject(attributes.quarantine);
  if (note === undefined || !isQuarantineReason(note.reason)) return undefined;
  const atMs = typeof note.at === 'string' ? Date.parse(note.at) : Number.NaN;
  const { redrives, recoveries, failedBy, lastError } = note;
  const returned = returnedFrom(note.returned);
  return {
    reason: note.reason,
    atMs: Number.isNaN(atMs) ? undefined : atMs,
    redrives: countIn(redrives),
    recoveries: countIn(recoveries),
    ...(failedBy === 'crm' || failedBy === 'record' ? { failedBy } : {}),
    ...(typeof lastError === 'string' ? { lastError: truncateError(lastError) } : {}),
    ...(returned === undefined ? {} : { returned }),
  };
}

/**
 * The attributes of a message that is sent back to the delivery queue. One without a readable note
 * keeps its own.
 */
export function returnedEnvelope({ body, attributes }: Envelope, order: RedriveOrder, nowMs: number): Envelope {
  const note = parseObject(attributes.quarantine);
  if (note === undefined) return { body, attributes };
  const at = new Date(nowMs).toISOString();
  const counted = order.by === 'recovery' ? { recoveries: countIn(note.recoveries) + 1 } : {};
  const returned: Pick<QuarantineNote, 'returned' | 'recoveries'> = {
    ...counted,
    returned: { at, ...order },
  };
  return { body, attributes: { ...attributes, quarantine: toAttributeText(JSON.stringify({ ...note, ...returned })) } };
}

function returnedFrom(value: unknown): RedriveOrder | undefined {
  const { by, giveUp, newKey } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (by !== 'recovery' && by !== 'person') return undefined;
  const { by: who, why } = (giveUp ?? {}) as Readonly<Record<string, unknown>>;
  return {
    by,
    ...(typeof who === 'string' && typeof why === 'string' ? { giveUp: { by: who, why } } : {}),
    ...(newKey === true ? { newKey } : {}),
  };
}

function countIn(value: unknown): number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
