/** The note that goes with a message into quarantine, read back: by then anybody may have written it. */
import type { MessageAttributes } from '../delivery/envelope.ts';
import { type QuarantineReason, truncateError } from '../idempotency/event-row.ts';
import { isQuarantineReason } from './quarantine-reasons.ts';

/** What a note says, as far as it can be believed. */
export interface ParsedQuarantineNote {
  readonly reason: QuarantineReason;
  /** When the event was quarantined; undefined where the note does not say. */
  readonly atMs: number | undefined;
  readonly redrives: number;
  readonly lastError?: string;
}

/** The note of a message, or undefined where it has none that can be read. Never throws. */
export function readQuarantineNote(attributes: MessageAttributes): ParsedQuarantineNote | undefined {
  const note = parseObject(attributes.quarantine);
  if (note === undefined || !isQuarantineReason(note.reason)) return undefined;
  const atMs = typeof note.at === 'string' ? Date.parse(note.at) : Number.NaN;
  const { redrives, lastError } = note;
  return {
    reason: note.reason,
    atMs: Number.isNaN(atMs) ? undefined : atMs,
    redrives: typeof redrives === 'number' && Number.isSafeInteger(redrives) && redrives >= 0 ? redrives : 0,
    ...(typeof lastError === 'string' ? { lastError: truncateError(lastError) } : {}),
  };
}

function parseObject(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
