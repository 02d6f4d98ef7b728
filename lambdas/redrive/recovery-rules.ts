/**
 * Which quarantined events recovery takes back. By the table of reasons; pure but for reading
 * contacts.
 */
import { type CircuitBreakerRow, lastSuccessMs } from '../domain/crm/circuit-breaker.ts';
import { contactKey } from '../domain/event/event-key.ts';
import { type ContactRow, decideContact } from '../domain/idempotency/contact-row.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';
import { placeOf } from '../domain/idempotency/position.ts';
import type { Limits } from '../domain/limits.ts';
import { QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import type { SkipCause } from '../domain/quarantine/redrive-result.ts';
import type { IdempotencyStore, QuarantineEntry } from '../ports.ts';
import { toBatches } from './batches.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';

/**
 * Decision of recovery on an event: return it, return one such event to try the CRM, or leave it.
 */
export type Verdict = 'return' | 'trial' | SkipCause;

/** Facts for the rules besides the event. */
export interface RecoveryContext {
  readonly circuit: CircuitBreakerRow;
  /** By their keys. An event whose contact is missing here stays. */
  readonly contacts: ReadonlyMap<string, ContactRow>;
  readonly nowMs: number;
  readonly limits: Limits;
}

/** Pause before an event that failed all its calls is called again: doubles with each recovery. */
const PAUSE_MS = 60_000;
const PAUSE_MAX_MS = 4 * 3_600_000;

/**
 * Contacts that one read brings. BatchGetItem takes 100 keys, one of which is the circuit
 * breaker's.
 */
const CONTACTS_A_READ = 99;

/** The verdict on one event. */
export function judge(entry: QuarantineEntry, context: RecoveryContext): Verdict {
  const { recovery } = QUARANTINE_REASONS[entry.reason];
  const { recoveries = 0 } = entry;
  const { limits, nowMs } = context;
  if (recovery === 'never') return 'needs_a_person';
  // A message that kills the function goes round without a row that says so.
  if (recoveries >= (recovery === 'table_works' ? limits.redrivesMax : limits.recoveriesMax)) return 'redrives_max';
  switch (recovery) {
    case 'circuit_closed':
    case 'table_works':
      return 'return';
    case 'newer_settled':
      return isFree(entry, context) ? 'return' : 'newer_unsettled';
    case 'crm_works':
      if (entry.failedBy === 'record') return 'needs_a_person';
      if (nowMs < entry.atMs + Math.min(PAUSE_MAX_MS, PAUSE_MS * 2 ** recoveries)) return 'pausing';
      return lastSuccessMs(context.circuit) >= entry.atMs - limits.clockSkewMs ? 'return' : 'trial';
    default:
      return recovery satisfies never;
  }
}

/**
 * True if an attempt on the event would find its contact free, or the event overtaken, or too old:
 * then the row of its contact may have expired, and nothing would release it any more.
 */
function isFree(
  { orderingKey, position, isReplay }: QuarantineEntry,
  { contacts, nowMs, limits }: RecoveryContext,
): boolean {
  if (orderingKey === undefined) return true;
  if (position === undefined) return false;
  const contact = contacts.get(contactKey(orderingKey));
  const timestampMs = placeOf(position)?.timestampMs ?? nowMs;
  if (nowMs - timestampMs > limits.contactRowTtlMs) return true;
  if (contact === undefined) return false;
  // As an attempt that holds nothing yet.
  const { kind } = decideContact(contact, isReplay === true ? { position, isReplay } : { position }, '', nowMs);
  return kind === 'free' || kind === 'overtaken';
}

/** The contacts of those entries that wait for a newer event. What cannot be read is missing. */
export async function readContacts(
  entries: readonly QuarantineEntry[],
  store: Pick<IdempotencyStore, 'readAhead'>,
): Promise<ReadonlyMap<string, ContactRow>> {
  const waiting = entries.filter(({ reason }) => reason === 'behind_newer');
  const keys = [...new Set(waiting.flatMap(({ orderingKey }) => orderingKey ?? []))].map(contactKey);
  const contacts = new Map<string, ContactRow>();
  for (const batch of toBatches(keys, CONTACTS_A_READ)) {
    const read = await store.readAhead({ events: [], contacts: batch });
    if (!('kind' in read)) for (const [key, row] of read.contacts) contacts.set(key, row);
  }
  return contacts;
}

/**
 * Messages as entries. A row that says QUARANTINED is newer than the note of a copy that was left
 * behind, and it is what the index lists: both must agree, or recovery searches for the event for
 * ever. Without the table the note counts.
 */
export async function entriesOf(
  events: readonly QuarantinedEvent[],
  store: Pick<IdempotencyStore, 'readAhead'>,
): Promise<QuarantineEntry[]> {
  const keys = [...new Set(events.flatMap(({ event }) => event?.key ?? []))];
  const read = keys.length === 0 ? undefined : await store.readAhead({ events: keys, contacts: [] });
  const rows = read === undefined || 'kind' in read ? new Map<string, EventRow>() : read.events;
  return events.map((event) => {
    const row = event.event === undefined ? undefined : rows.get(event.event.key);
    // The row under a reused id is of another event.
    const isOwn = event.reason !== 'id_reused' && row?.identity === event.event?.identity;
    return entryOf(isOwn && row?.status === 'QUARANTINED' ? asRowSays(event, row) : event, row);
  });
}

function asRowSays(event: QuarantinedEvent, row: EventRow): QuarantinedEvent {
  const { failedBy: _noted, ...rest } = event;
  const { reason = event.reason, settledAtMs: atMs, redrives, recoveries = 0, failedBy } = row;
  return {
    ...rest,
    reason,
    atMs,
    redrives,
    // SQS may have moved the message again since the row was written.
    recoveries: Math.max(recoveries, event.recoveries),
    ...(failedBy === undefined ? {} : { failedBy }),
  };
}

function entryOf(event: QuarantinedEvent, row: EventRow | undefined): QuarantineEntry {
  const { reason, sinceMs, atMs = sinceMs, redrives, recoveries, failedBy } = event;
  // Without its row an event may have any contact: one that is not known.
  const orderingKey = reason === 'behind_newer' && row === undefined ? 'unknown' : row?.orderingKey;
  const position = row?.position ?? event.event?.position;
  const isReplay = event.held.message.attributes.replay !== undefined;
  return {
    reason,
    atMs,
    redrives,
    recoveries,
    ...(failedBy === undefined ? {} : { failedBy }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(position === undefined ? {} : { position }),
    ...(isReplay ? { isReplay } : {}),
  };
}
