/** A contact as the pipeline sees it: its row, its last events, and why the newest one was or was not applied. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { contactKeyFrom } from '../../lambdas/domain/crm/contact-key.ts';
import { contactAddressFrom } from '../../lambdas/domain/event/contact-address.ts';
import { contactKey, orderingKeyDigest } from '../../lambdas/domain/event/event-key.ts';
import type { ContactRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { timelineOf } from '../../lambdas/domain/telemetry/event-timeline.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import { formatEventLine, utcTime } from './report.ts';
import type { FoundEvents } from './scan.ts';
import type { EventTarget } from './target.ts';

/** Rows of one contact: several if the mapping has several ordering keys for it. */
export type Contacts = ReadonlyMap<string, ContactRow>;

/**
 * The ordering keys that the shipped mappings give a number or address, in every spelling; and the text itself, for a
 * mapping with keys of its own.
 */
export function orderingKeysOf(given: string): readonly string[] {
  const address = contactAddressFrom(given);
  const shipped = address === undefined ? [] : [address, `contact/${contactKeyFrom(address)}`];
  return [...new Set([...shipped, given])];
}

/** Reads the contact's rows. */
export async function readContacts({ table, tableName }: EventTarget, keys: readonly string[]): Promise<Contacts> {
  const names = new Map(keys.map((key) => [contactKey(orderingKeyDigest(key)), key]));
  const request = { [tableName]: { Keys: [...names.keys()].map((pk) => ({ pk })) } };
  const { Responses = {} } = await table.send(new BatchGetCommand({ RequestItems: request }));
  return new Map(
    (Responses[tableName] ?? []).map(({ pk, ...row }) => [names.get(String(pk)) ?? String(pk), row as ContactRow]),
  );
}

/** Text for people. */
export function formatContact(given: string, contacts: Contacts, found: FoundEvents, nowMs: number): string {
  const [newest] = found.events;
  if (newest === undefined && contacts.size === 0) {
    return [
      `${printable(given)}  not known`,
      '',
      '  No event of this contact has a row: it never reached us, its mapping ignores it or gives another ordering key, or',
      '  its rows have expired. Search ingest’s log, or npm run event -- --interaction <id>.',
    ].join('\n');
  }
  const lines = [...contacts].flatMap(([, row]) => describe(row, nowMs));
  const life = newest === undefined ? undefined : timelineOf(newest.row, nowMs);
  return [
    `${printable(given)}  ${found.count} ${found.count === 1 ? 'event' : 'events'}`,
    '',
    ...(life === undefined ? [] : [`  newest: ${life.summary}`, `  what to do: ${life.next}`, '']),
    ...lines.map((line) => `  ${line}`),
    ...(lines.length === 0 ? [] : ['']),
    ...found.events.map((keyed) => formatEventLine(keyed, nowMs)),
  ].join('\n');
}

function describe({ newest, unsettled, holder, leaseExpiresAtMs = 0 }: ContactRow, nowMs: number): string[] {
  return [
    ...(newest === undefined ? [] : [`applied last: ${placeOf(newest)}`]),
    ...((unsettled ?? '') === '' ? [] : [`without a recorded outcome: ${placeOf(unsettled ?? '')}; older events wait`]),
    ...(holder === undefined || leaseExpiresAtMs <= nowMs
      ? []
      : [`an attempt works on it until ${utcTime(leaseExpiresAtMs)}`]),
  ];
}

/** A position in words: the event and its time. */
function placeOf(position: string): string {
  const [, timeMs = '', id = ''] = /^(\d{15})[^#]*#(.*)$/s.exec(position) ?? [];
  return timeMs === '' ? printable(position) : `${printable(id)} of ${utcTime(Number(timeMs))}`;
}
