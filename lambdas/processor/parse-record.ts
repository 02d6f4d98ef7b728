/** A record of a batch, step by step made ready for an attempt: decoded, parsed, mapped. */
import type { CrmAction } from '../domain/crm/action.ts';
import type { Connector } from '../domain/crm/connector.ts';
import {
  type CrmMapping,
  type IgnoreCause,
  isIgnoreCause,
  type MappingResult,
  type UserRow,
  type UserRowWrite,
} from '../domain/crm/mapping.ts';
import { validateDelivery } from '../domain/crm/validate-mapping.ts';
import { decodeEnvelope, type ReceivedMessage } from '../domain/delivery/envelope.ts';
import { type ContactName, type ContactNames, contactNames } from '../domain/event/contact-name.ts';
import { type PipelineEvent, problemWithFuture } from '../domain/event/event.ts';
import { bodyIdentity, bodyKey, eventKey, identityOf, replayedKey } from '../domain/event/event-key.ts';
import { parseSourceEvent } from '../domain/event/parse-event.ts';
import type { ContactPlace } from '../domain/idempotency/contact-row.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import { positionOf } from '../domain/idempotency/position.ts';
import type { Limits } from '../domain/limits.ts';
import { type GiveUp, readQuarantineNote } from '../domain/quarantine/quarantine-note.ts';
import { errorName } from '../domain/telemetry/error-name.ts';

/** A message and the handle by which its visibility is set. */
export interface SourceRecord {
  readonly message: ReceivedMessage;
  readonly receiptHandle: string;
}

/** A record whose body has been read, before the user's mapping has seen it. */
export interface DecodedRecord {
  readonly source: SourceRecord;
  readonly eventKey: string;
  readonly receivedAtMs: number;
  /** Source: the envelope's `source`, the partner bus, or by hand. */
  readonly origin: string;
  readonly fromQuarantine: boolean;
  /** Reason and time in the note of a message that has been in quarantine. */
  readonly quarantined?: { readonly as: QuarantineReason; readonly atMs: number | undefined };
  readonly isRecovered: boolean;
  /** Returns by recovery that the message's note counts. */
  readonly recoveries: number;
  /** The replay by which the event was sent again. */
  readonly replayId?: string;
  /** Present if a person has given the event up. */
  readonly giveUp?: GiveUp;
  /** True if a person has asked for a new idempotency key. */
  readonly newKey?: true;
  readonly parsed:
    | { readonly kind: 'event'; readonly event: PipelineEvent }
    | { readonly kind: 'invalid'; readonly reason: string; readonly identity: string };
}

/**
 * The contact that an event is applied to, by its current name. An attempt that has found out which
 * name is in use goes on with that one.
 */
export interface ContactRef extends ContactName, ContactPlace {
  readonly names: ContactNames;
}

/** Task of a record. */
export type Task =
  | {
      readonly kind: 'deliver';
      readonly event: PipelineEvent;
      readonly action: CrmAction;
      readonly contact?: ContactRef;
      readonly userRows: readonly UserRowWrite[];
    }
  | { readonly kind: 'ignore'; readonly event: PipelineEvent; readonly cause: IgnoreCause }
  | {
      readonly kind: 'unprocessable';
      readonly reason: QuarantineReason;
      readonly detail: string;
      readonly event?: PipelineEvent;
    };

/** A record ready for an attempt. */
export interface ParsedRecord extends Omit<DecodedRecord, 'parsed'> {
  /** The key of the digests in the rows. */
  readonly digestKey: Buffer;
  readonly identity: string;
  readonly task: Task;
}

/** Decodes and parses one message. Never throws. */
export function parseSourceRecord(source: SourceRecord): DecodedRecord {
  const { bytes, receivedAtMs, origin, fromQuarantine, replayId, problem } = decodeEnvelope(source.message);
  const note = fromQuarantine ? readQuarantineNote(source.message.attributes) : undefined;
  const returned = note?.returned;
  const isRecovered = returned?.by === 'recovery';
  const { giveUp, newKey } = returned ?? {};
  const parsed =
    problem === undefined ? parseSourceEvent(bytes, origin) : { kind: 'invalid' as const, reason: problem };
  const fromBus = parsed.kind === 'event' && parsed.event.source === 'genesys-partner-bus';
  const common = {
    source,
    receivedAtMs,
    fromQuarantine,
    ...(note === undefined ? {} : { quarantined: { as: note.reason, atMs: note.atMs } }),
    isRecovered,
    recoveries: note?.recoveries ?? 0,
    ...(replayId === undefined ? {} : { replayId }),
    ...(giveUp === undefined ? {} : { giveUp }),
    ...(newKey === undefined ? {} : { newKey }),
    origin: fromBus ? parsed.event.source : origin,
  };
  if (parsed.kind === 'event') return { ...common, parsed, eventKey: replayedKey(replayId, eventKey(parsed.event.id)) };
  return {
    ...common,
    parsed: { ...parsed, identity: bodyIdentity(bytes) },
    eventKey: replayedKey(replayId, bodyKey(bytes)),
  };
}

/** Settings of the parser. */
export interface ParseOptions {
  readonly mapping: CrmMapping;
  readonly connector: Connector;
  /** The key of the digests in the rows. */
  readonly digestKey: Buffer;
  /** The clock of the attempt. */
  readonly nowMs: number;
  readonly limits: Limits;
}

/**
 * Asks the mapping what is to be done. A mapping that throws is this record's misfortune, not its
 * batch's.
 */
export function parseRecord(record: DecodedRecord, options: ParseOptions): ParsedRecord {
  const { mapping, connector, digestKey, nowMs, limits } = options;
  const { parsed, ...decoded } = record;
  const rest = { ...decoded, digestKey };
  if (parsed.kind === 'invalid') {
    return {
      ...rest,
      identity: parsed.identity,
      task: { kind: 'unprocessable', reason: 'invalid_event', detail: parsed.reason },
    };
  }
  const { event } = parsed;
  const ahead = problemWithFuture(event, nowMs, limits);
  const mapped: Mapped =
    ahead === undefined ? callMapping(event, mapping, connector) : { kind: 'invalid', reason: ahead };
  switch (mapped.kind) {
    case 'deliver': {
      const place: ContactPlace = {
        position: positionOf({ ...event, ...sequenceOf(mapped) }),
        ...(rest.replayId === undefined ? {} : { isReplay: true }),
      };
      const contact = mapped.orderingKey === null ? undefined : contactOf(place, mapped.orderingKey, digestKey);
      const userRows = (mapped.rows ?? []).map((row) => placedRow(row, place));
      const task = { kind: 'deliver', event, action: mapped.action, userRows } as const;
      return { ...rest, identity: identityOf(event), task: contact === undefined ? task : { ...task, contact } };
    }
    case 'ignore':
      return {
        ...rest,
        identity: identityOf(event),
        task: { kind: 'ignore', event, cause: isIgnoreCause(mapped.cause) ? mapped.cause : 'other' },
      };
    case 'invalid':
    case 'failed': {
      const reason = mapped.kind === 'failed' ? 'mapping_failed' : 'invalid_event';
      return {
        ...rest,
        identity: identityOf(event),
        task: { kind: 'unprocessable', reason, detail: mapped.reason, event },
      };
    }
    default:
      return mapped satisfies never;
  }
}

function sequenceOf({ sequence }: Extract<MappingResult, { kind: 'deliver' }>): { readonly sequence?: number } {
  return sequence === undefined ? {} : { sequence };
}

function contactOf(place: ContactPlace, orderingKey: string, digestKey: Buffer): ContactRef {
  const names = contactNames(orderingKey, digestKey);
  return { ...names.current, names, ...place };
}

/** A row that another may stand against, with the place that decides it. */
function placedRow(row: UserRow, { position, isReplay }: ContactPlace): UserRowWrite {
  return {
    ...row,
    ...(row.onlyIfNewer === true ? { position } : {}),
    ...(isReplay === true ? { isReplay } : {}),
  };
}

type Mapped = MappingResult | { readonly kind: 'failed'; readonly reason: string };

function callMapping(event: PipelineEvent, mapping: CrmMapping, connector: Connector): Mapped {
  try {
    const mapped = mapping(event);
    const problem = mapped.kind === 'deliver' ? validateDelivery(mapped, connector) : undefined;
    return problem === undefined ? mapped : { kind: 'failed', reason: `the mapping gave ${problem}` };
  } catch (error) {
    return { kind: 'failed', reason: `the mapping threw ${errorName(error)}` };
  }
}

/** Every digest that a row of the record's event may have. */
export function orderingDigestsOf({ task }: ParsedRecord): readonly string[] {
  if (task.kind !== 'deliver' || task.contact === undefined) return [];
  const { current, former } = task.contact.names;
  return [current.digest, former.digest];
}

/** Digest of the record's ordering key in the name in use, where it has one. */
export function orderingDigestOf(record: ParsedRecord): string | undefined {
  return record.task.kind === 'deliver' ? record.task.contact?.digest : undefined;
}
