/** Rules for erasing a contact: the attributes that go, and the reasons to refuse. Pure. */
import type { ContactRow } from './contact-row.ts';
import { type EventRow, isFinal } from './event-row.ts';
import { placeOf } from './position.ts';

/**
 * Attributes of a final event's row that are about a person. What is left recognises a repeated
 * delivery: key, status, owner, type, times and time to live.
 */
export const PERSONAL_ATTRIBUTES = [
  'orderingKey',
  'fields',
  'interactionId',
  'lastError',
  'firstError',
  'history',
  'position',
] as const satisfies readonly (keyof EventRow)[];

/** Reason to refuse an erasure. */
export type ErasureBlocker =
  | { readonly kind: 'held'; readonly untilMs: number }
  /** The CRM may have applied this event without a record. */
  | { readonly kind: 'unsettled'; readonly eventId: string }
  /** The event is in quarantine, or neither there nor final. */
  | { readonly kind: 'event'; readonly name: string; readonly status: EventRow['status'] };

/** Reasons to refuse the erasure of these rows; empty if they may be erased. */
export function erasureBlockers(
  contacts: readonly ContactRow[],
  events: readonly { readonly key: string; readonly row: EventRow }[],
  nowMs: number,
): ErasureBlocker[] {
  const open = events.filter(({ row }) => !isFinal(row.status));
  return [
    ...contacts.flatMap((row) => blockersOfContact(row, nowMs)),
    ...open.map(({ key, row }) => ({ kind: 'event', name: row.eventId ?? key, status: row.status }) as const),
  ];
}

function blockersOfContact(row: ContactRow, nowMs: number): ErasureBlocker[] {
  const { holder, leaseExpiresAtMs = 0, newest = '', unsettled = '' } = row;
  if (holder !== undefined && leaseExpiresAtMs > nowMs) return [{ kind: 'held', untilMs: leaseExpiresAtMs }];
  // Behind an applied one it holds nothing back.
  if (unsettled <= newest) return [];
  return [{ kind: 'unsettled', eventId: placeOf(unsettled)?.id ?? unsettled }];
}
