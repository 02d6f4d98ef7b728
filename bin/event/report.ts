/**
 * Prints the report of `npm run event`. Text from outside is made printable: it may hold escape
 * sequences.
 */

import type { FoundEvents } from '../../lambdas/adapters/event-search.dynamodb.ts';
import { timelineOf } from '../../lambdas/domain/telemetry/event-timeline.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { KeyedRow, SearchedEvents } from '../../lambdas/ports.ts';

/** The lives of what was found under an id, or what it means that nothing was. */
export function formatTimelines(eventId: string, rows: readonly KeyedRow[], nowMs: number): string {
  if (rows.length > 0) return rows.map((keyed) => formatLife(keyed, nowMs)).join('\n\n');
  const { summary, message, next } = timelineOf(undefined, nowMs);
  return [
    `${printable(eventId)}  not known`,
    '',
    `  ${summary}`,
    '',
    ...facts([
      ['message', message],
      ['what to do', next],
    ]),
  ].join('\n');
}

function formatLife({ key, row }: KeyedRow, nowMs: number): string {
  const { state, summary, message, next, steps } = timelineOf(row, nowMs);
  const width = Math.max(...steps.map(({ what }) => what.length));
  return [
    `${printable(row.eventId ?? key)}  ${state.replace('_', ' ')}`,
    '',
    `  ${summary}`,
    '',
    ...steps.map(({ atMs, what, detail = '' }) =>
      `  ${utcTime(atMs)}  ${what.padEnd(width)}  ${printable(detail)}`.trimEnd(),
    ),
    '',
    ...facts([
      ['message', message],
      ['what to do', next],
      ['type', printable(row.eventType ?? '-')],
      ...(row.firstError === undefined || row.firstError === row.lastError
        ? []
        : ([['first error', printable(row.firstError)]] as const)),
      ['attempts', `${row.attempts}${row.redrives > 0 ? `, redriven ${row.redrives} times` : ''}`],
      ['row', printable(key)],
    ]),
  ].join('\n');
}

/**
 * The list of unsettled events. `waiting`: messages in the delivery queue, some of which may have
 * no row yet.
 */
export function formatUnsettled({ examined, count, events }: FoundEvents, waiting: number, nowMs: number): string {
  const lines = events.map((keyed) => formatEventLine(keyed, nowMs));
  const more = count > events.length ? [`  … and ${count - events.length} more`] : [];
  return [
    `${count === 0 ? 'No event is' : count === 1 ? '1 event is' : `${count} events are`} unsettled, of ${examined} rows.` +
      ` The delivery queue has about ${waiting} messages; one that no attempt has seen yet has no row.`,
    ...lines,
    ...more,
  ].join('\n');
}

/** Events of one interaction, newest first. */
export function formatInteraction(id: string, { rows, count, examined }: SearchedEvents, nowMs: number): string {
  if (rows.length === 0) return `${printable(id)}  no event of it, of ${examined} rows`;
  return [
    `${printable(id)}  ${count} ${count === 1 ? 'event' : 'events'}`,
    '',
    ...rows.map((keyed) => formatEventLine(keyed, nowMs)),
  ].join('\n');
}

/** Receipt, id and state of an event in one line. */
export function formatEventLine({ key, row }: KeyedRow, nowMs: number): string {
  const { summary } = timelineOf(row, nowMs);
  return `  ${utcTime(row.firstReceivedAtMs)}  ${printable(row.eventId ?? key).padEnd(38)}  ${summary}`;
}

function facts(list: readonly (readonly [string, string])[]): string[] {
  return list.map(([name, value]) => `  ${name.padEnd(12)}${value}`);
}

/** A time to the millisecond. */
export function utcTime(atMs: number): string {
  return `${new Date(atMs).toISOString().replace('T', ' ').slice(0, 23)} UTC`;
}
