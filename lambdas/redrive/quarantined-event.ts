/** A message of the quarantine queue, read: what filters and rules need to know of it. */
import {
  decodeEnvelope,
  type Envelope,
  eventIdAttribute,
  MESSAGE_BYTES_MAX,
  messageBytes,
  quarantineEnvelope,
} from '../domain/delivery/envelope.ts';
import { bodyKey, eventKey, identityOf, replayedKey } from '../domain/event/event-key.ts';
import { parseSourceEvent } from '../domain/event/parse-event.ts';
import type { FailedBy, QuarantineReason } from '../domain/idempotency/event-row.ts';
import { positionOf } from '../domain/idempotency/position.ts';
import type { Limits } from '../domain/limits.ts';
import { readQuarantineNote } from '../domain/quarantine/quarantine-note.ts';
import type { HeldMessage } from '../ports.ts';

/** Fields of a valid event. */
export interface ReadEvent {
  readonly id: string;
  readonly type: string;
  /** Key of its row; the row is another event's if the id has been reused. */
  readonly key: string;
  readonly identity: string;
  /** Its place in the order of its contact. */
  readonly position: string;
}

/** A message and what it says. */
export interface QuarantinedEvent {
  readonly held: HeldMessage;
  readonly reason: QuarantineReason;
  /** True if it has a note that can be read; one that SQS itself has moved has none. */
  readonly hasNote: boolean;
  /** Time of quarantine in epoch ms; undefined without a note of it. */
  readonly atMs: number | undefined;
  /** Since when it has been here: as noted, or else since when the message has. */
  readonly sinceMs: number;
  readonly redrives: number;
  readonly recoveries: number;
  readonly failedBy?: FailedBy;
  readonly lastError?: string;
  readonly receivedAtMs: number;
  /** Its id as far as it is known: where the body is no valid event, what the envelope says. */
  readonly eventId: string | undefined;
  /** Key of its row. Undefined if its id was reused: that key needs the mapping. */
  readonly rowKey: string | undefined;
  /** Undefined where the body is no valid event. */
  readonly event: ReadEvent | undefined;
}

/** Reads a message. Never throws, and asks no mapping: a mapping may be why the message is here. */
export function readQuarantined(held: HeldMessage): QuarantinedEvent {
  const { message } = held;
  const note = readQuarantineNote(message.attributes);
  const { bytes, receivedAtMs, origin, replayId, problem } = decodeEnvelope(message);
  const parsed = problem === undefined ? parseSourceEvent(bytes, origin) : undefined;
  const event = parsed?.kind === 'event' ? parsed.event : undefined;
  // Sent back and not quarantined again by the processor: SQS moved it.
  const isDeadLettered = note === undefined || note.returned !== undefined;
  const atMs = isDeadLettered ? undefined : note.atMs;
  const reason = isDeadLettered ? 'dead_lettered' : note.reason;
  const key = replayedKey(replayId, event === undefined ? bodyKey(bytes) : eventKey(event.id));
  return {
    held,
    reason,
    hasNote: note !== undefined,
    atMs,
    // A message that was sent again has been here for longer; a note that speaks of the future has
    // not.
    sinceMs: Math.min(atMs ?? message.sentAtMs, message.sentAtMs),
    redrives: note?.redrives ?? 0,
    recoveries: note?.recoveries ?? 0,
    ...(note?.failedBy === undefined ? {} : { failedBy: note.failedBy }),
    ...(note?.lastError === undefined ? {} : { lastError: note.lastError }),
    receivedAtMs,
    eventId: event?.id ?? eventIdAttribute(message.attributes),
    rowKey: reason === 'id_reused' ? undefined : key,
    event:
      event === undefined
        ? undefined
        : {
            id: event.id,
            type: event.type,
            key,
            identity: identityOf(event),
            position: positionOf(event),
          },
  };
}

/**
 * True if an event has been redriven as often as it may. That the circuit was open says nothing
 * about the event.
 */
export function redriveLimitReached({ reason, redrives }: QuarantinedEvent, limits: Limits): boolean {
  return reason !== 'circuit_open' && redrives >= limits.redrivesMax;
}

/**
 * The message as it is; one that SQS moved gets the note that it lacks, if there is room for one.
 */
export function notedEnvelope({ held, hasNote }: QuarantinedEvent, nowMs: number): Envelope {
  if (hasNote) return held.message;
  const noted = quarantineEnvelope(held.message, {
    reason: 'dead_lettered',
    at: new Date(nowMs).toISOString(),
    attempts: 0,
    redrives: 0,
    lastError: 'SQS moved the message to quarantine after too many receives',
  });
  return messageBytes(noted) <= MESSAGE_BYTES_MAX ? noted : held.message;
}
