/**
 * A contact as the pipeline sees it: its row, its last events, and why the newest one was or was
 * not applied.
 */
import { describeContact } from '../../lambdas/domain/telemetry/contact-state.ts';
import { timelineOf } from '../../lambdas/domain/telemetry/event-timeline.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { SearchedEvents } from '../../lambdas/ports.ts';
import { formatEventLine } from './report.ts';

/** Text for people. */
export function formatContact(given: string, { contacts, count, rows }: SearchedEvents, nowMs: number): string {
  const [newest] = rows;
  if (newest === undefined && contacts.length === 0) {
    return [
      `${printable(given)}  not known`,
      '',
      '  No event of this contact has a row: it never reached us, its mapping ignores it or gives another ordering key, or',
      '  its rows have expired. Search ingest’s log, or npm run event -- --interaction <id>.',
    ].join('\n');
  }
  const lines = contacts.flatMap((row) => describeContact(row, nowMs));
  const life = newest === undefined ? undefined : timelineOf(newest.row, nowMs);
  return [
    `${printable(given)}  ${count} ${count === 1 ? 'event' : 'events'}`,
    '',
    ...(life === undefined ? [] : [`  newest: ${life.summary}`, `  what to do: ${life.next}`, '']),
    ...lines.map((line) => `  ${line}`),
    ...(lines.length === 0 ? [] : ['']),
    ...rows.map((keyed) => formatEventLine(keyed, nowMs)),
  ].join('\n');
}
