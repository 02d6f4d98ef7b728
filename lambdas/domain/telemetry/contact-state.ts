/** A contact in words: its ordering keys, and what its row says. For people. */
import { contactKeyFrom } from '../crm/contact-key.ts';
import { isEventId } from '../delivery/event-id.ts';
import { contactAddressFrom } from '../event/contact-address.ts';
import { contactNames } from '../event/contact-name.ts';
import type { ContactRow } from '../idempotency/contact-row.ts';
import { placeOf } from '../idempotency/position.ts';
import { printable } from './redact.ts';

/**
 * The ordering keys that the shipped mappings give a number or address, in every spelling; and the
 * text itself, for a mapping with keys of its own.
 */
export function orderingKeysOf(given: string): readonly string[] {
  const address = contactAddressFrom(given);
  const shipped = address === undefined ? [] : [address, `contact/${contactKeyFrom(address)}`];
  return [...new Set([...shipped, given])];
}

/**
 * The query for a text that is a number, an address, an ordering key or the id of an interaction.
 */
export function queryFor(given: string, digestKey: Buffer) {
  const names = orderingKeysOf(given).map((orderingKey) => contactNames(orderingKey, digestKey));
  const orderingKeys = names.flatMap(({ current, former }) => [current.digest, former.digest]);
  return { orderingKeys, ...(isEventId(given) ? { interactionId: given } : {}) };
}

/** One sentence for each fact of the row. */
export function describeContact(row: ContactRow, nowMs: number): string[] {
  const { newest, unsettled = '', holder, leaseExpiresAtMs = 0 } = row;
  return [
    ...(newest === undefined ? [] : [`applied last: ${format(newest)}`]),
    ...(unsettled === '' ? [] : [`without a recorded outcome: ${format(unsettled)}; older events wait`]),
    ...(holder === undefined || leaseExpiresAtMs <= nowMs
      ? []
      : [`an attempt works on it until ${utc(leaseExpiresAtMs)}`]),
  ];
}

function format(position: string): string {
  const place = placeOf(position);
  return place === undefined ? printable(position) : `${printable(place.id)} of ${utc(place.timestampMs)}`;
}

function utc(atMs: number): string {
  return `${new Date(atMs).toISOString().replace('T', ' ').slice(0, 23)} UTC`;
}
