/** The summary of a run of `npm run send`. */

import { formatDuration } from '../../lambdas/domain/telemetry/format-duration.ts';
import type { CrmCall } from '../crm/sample-crm.ts';
import { countRecords, formatRecords, type RecordCounts, type VendorRecords } from './count-records.ts';
import type { DeliveryOutcome } from './delivery-sender.ts';
import { type EventOutcome, waitsForCrm } from './event-outcomes.ts';
import type { OutgoingEvent } from './send-events.ts';

/** Figures of a run. */
export interface SendRun {
  readonly via: 'webhook' | 'queue';
  readonly events: readonly OutgoingEvent[];
  readonly deliveries: readonly { readonly event: OutgoingEvent; readonly outcome: DeliveryOutcome }[];
  /** By row key. */
  readonly outcomes: ReadonlyMap<string, EventOutcome>;
  /** Calls of the sample CRM for these events; undefined with another CRM. */
  readonly crmCalls: readonly CrmCall[] | undefined;
  /** The records of a vendor's fake; undefined with another CRM. */
  readonly crmRecords?: VendorRecords | undefined;
  readonly elapsedMs: number;
}

/** Median and the slow end, in milliseconds. */
export interface Percentiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Result of the run. */
export interface SendReport {
  /** Route of the events: posted to the webhook, or put into the delivery queue. */
  readonly via: SendRun['via'];
  readonly deliveries: {
    readonly sent: number;
    readonly accepted: number;
    readonly refused: Readonly<Record<string, number>>;
    readonly triedAgain: number;
  };
  readonly events: {
    readonly sent: number;
    readonly accepted: number;
    readonly applied: number;
    readonly stale: number;
    readonly ignored: number;
    /** By reason; those that wait for the CRM among them. */
    readonly quarantined: Readonly<Record<string, number>>;
    readonly abandoned: number;
    /** In quarantine until the CRM works again: recovery returns them. */
    readonly waitingForCrm: number;
    /** In quarantine for a person. */
    readonly needAPerson: number;
    readonly waiting: number;
  };
  readonly duplicatesDropped: number;
  readonly crm:
    | {
        readonly calls: number;
        readonly applied: number;
        readonly repeatedCalls: number;
        readonly appliedTwice: number;
        readonly missing: number;
      }
    | undefined;
  readonly records: RecordCounts | undefined;
  /** The id of the event, if there was one alone. */
  readonly onlyEvent: string | undefined;
  readonly ingestMs: Percentiles;
  /** From the first 202 of an event to its settlement. */
  readonly acceptedToSettledMs: Percentiles;
  readonly elapsedMs: number;
  /** Every event accepted and settled, none lost, none applied twice, none left in quarantine. */
  readonly exactlyOnce: boolean;
}

/** Works out the report. */
export function reportOn(record: SendRun): SendReport {
  const accepted = record.deliveries.filter(({ outcome }) => outcome.kind === 'accepted');
  const firstAcceptedAtMs = firstAcceptances(accepted);
  const reached = [...firstAcceptedAtMs.keys()].map((rowKey) => record.outcomes.get(rowKey));
  const withStatus = (status: string) => reached.filter((outcome) => outcome?.status === status).length;
  const applied = withStatus('COMPLETED');
  const stale = withStatus('STALE');
  const ignored = withStatus('IGNORED');
  const quarantined = countBy(
    reached.flatMap((outcome) => (outcome?.status === 'QUARANTINED' ? [outcome.reason ?? '-'] : [])),
  );
  const abandoned = withStatus('ABANDONED');
  const dealtWith = applied + stale + ignored + abandoned + sum(quarantined);
  const crm = record.crmCalls === undefined ? undefined : crmCounts(record, firstAcceptedAtMs, record.crmCalls);
  const completed = record.events.filter(({ rowKey }) => record.outcomes.get(rowKey)?.status === 'COMPLETED');
  const records =
    record.crmRecords === undefined ? undefined : countRecords(record.crmRecords, record.events, completed);
  const waiting = firstAcceptedAtMs.size - dealtWith;
  const waitingForCrm = reached.filter((outcome) => waitsForCrm(outcome)).length;
  return {
    via: record.via,
    deliveries: {
      sent: record.deliveries.length,
      accepted: accepted.length,
      refused: countBy(
        record.deliveries.flatMap(({ outcome }) => (outcome.kind === 'refused' ? [String(outcome.status)] : [])),
      ),
      triedAgain: record.deliveries.reduce((total, { outcome }) => total + outcome.tries - 1, 0),
    },
    events: {
      sent: record.events.length,
      accepted: firstAcceptedAtMs.size,
      applied,
      stale,
      ignored,
      quarantined,
      abandoned,
      waitingForCrm,
      needAPerson: sum(quarantined) - waitingForCrm,
      waiting,
    },
    duplicatesDropped: accepted.length - firstAcceptedAtMs.size,
    crm,
    records,
    onlyEvent: record.events.length === 1 ? (record.events[0]?.eventId ?? undefined) : undefined,
    ingestMs: percentiles(accepted.flatMap(({ outcome }) => (outcome.kind === 'accepted' ? [outcome.latencyMs] : []))),
    acceptedToSettledMs: percentiles(settleLatencies(firstAcceptedAtMs, record.outcomes)),
    elapsedMs: Math.round(record.elapsedMs),
    exactlyOnce:
      firstAcceptedAtMs.size === record.events.length &&
      waiting + sum(quarantined) === 0 &&
      (crm?.appliedTwice ?? 0) + (crm?.missing ?? 0) + (records?.twice ?? 0) + (records?.missing ?? 0) === 0,
  };
}

function firstAcceptances(accepted: SendRun['deliveries']): Map<string, number> {
  const first = new Map<string, number>();
  for (const { event, outcome } of accepted) {
    if (outcome.kind !== 'accepted') continue;
    first.set(event.rowKey, Math.min(first.get(event.rowKey) ?? Number.POSITIVE_INFINITY, outcome.acceptedAtMs));
  }
  return first;
}

function crmCounts(
  record: SendRun,
  accepted: ReadonlyMap<string, number>,
  crmCalls: readonly CrmCall[],
): SendReport['crm'] {
  const ids = new Set(record.events.map(({ eventId }) => eventId));
  const calls = crmCalls.filter(({ key }) => key !== null && ids.has(key));
  const applications = calls.filter(({ outcome }) => outcome === 'applied');
  const keys = new Set(applications.map(({ key }) => key));
  // The same value for the same contact under two keys is one event applied twice, for all that its
  // keys differ. Requests of a mapping of the user's own may be alike: only their keys tell them
  // apart.
  const values = new Set(
    applications.map(({ key, phone, lastCallTimestamp }) =>
      phone?.includes(' ') === true ? `${key}` : `${phone} ${lastCallTimestamp}`,
    ),
  );
  const completed = record.events.filter(
    ({ rowKey }) => accepted.has(rowKey) && record.outcomes.get(rowKey)?.status === 'COMPLETED',
  );
  return {
    calls: calls.length,
    applied: applications.length,
    repeatedCalls: calls.filter(({ outcome }) => outcome === 'repeated').length,
    appliedTwice: applications.length - Math.min(keys.size, values.size),
    missing: completed.filter(({ eventId }) => !keys.has(eventId)).length,
  };
}

function settleLatencies(first: ReadonlyMap<string, number>, outcomes: SendRun['outcomes']): number[] {
  return [...first].flatMap(([rowKey, acceptedAtMs]) => {
    const settledAtMs = outcomes.get(rowKey)?.settledAtMs;
    // The settlement may be recorded before the answer has come back to us.
    return settledAtMs === undefined ? [] : [Math.max(0, settledAtMs - acceptedAtMs)];
  });
}

function countBy(values: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1;
  return counts;
}

function sum(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function percentiles(values: readonly number[]): Percentiles {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** The report for people. */
export function formatReport(report: SendReport): string {
  const { deliveries, events, crm, records } = report;
  const refused = sum(deliveries.refused);
  const words =
    report.via === 'queue'
      ? { accepted: 'put into the delivery queue', latency: 'queue', since: 'first delivery' }
      : { accepted: 'accepted (202)', latency: 'ingest', since: 'first 202' };
  const rows: [string, string][] = [
    [
      'deliveries',
      `${deliveries.sent} sent, ${deliveries.accepted} ${words.accepted}, ${refused} refused${detail(deliveries.refused)}`,
    ],
    ...(deliveries.triedAgain === 0
      ? []
      : ([['sent again', `${deliveries.triedAgain} times after 429, 5xx or a failed connection`]] as [
          string,
          string,
        ][])),
    ['duplicates dropped', String(report.duplicatesDropped)],
    [
      'events',
      `${events.sent} sent, ${events.accepted} accepted${report.onlyEvent === undefined ? '' : `: npm run event -- ${report.onlyEvent}`}`,
    ],
    ['  applied', String(events.applied)],
    [
      '  stale',
      `${events.stale}${events.stale > 0 ? ' (never applied: something newer of the contact was applied before)' : ''}`,
    ],
    ['  ignored', String(events.ignored)],
    ...(events.abandoned === 0 ? [] : ([['  given up', String(events.abandoned)]] as [string, string][])),
    ['  quarantined', `${sum(events.quarantined)}${detail(events.quarantined)}`],
    ['  still waiting', String(events.waiting)],
    ...(crm === undefined
      ? []
      : ([
          [
            'CRM',
            `${crm.calls} calls, ${crm.applied} applied, ${crm.repeatedCalls} repeated, ${crm.appliedTwice} applied twice, ${crm.missing} missing`,
          ],
        ] as [string, string][])),
    ...(records === undefined ? [] : [[records.title, formatRecords(records)] as [string, string]]),
    [words.latency, formatPercentiles(report.ingestMs)],
    ['accepted to settled', `${formatPercentiles(report.acceptedToSettledMs)} (from an event's ${words.since})`],
    ['elapsed', formatDuration(report.elapsedMs)],
    ['result', report.exactlyOnce ? 'every event was settled, none was applied twice' : resultOf(report)],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(21)}${value}`).join('\n');
}

function formatPercentiles({ p50, p95, p99 }: Percentiles): string {
  return `p50 ${formatDuration(p50)}, p95 ${formatDuration(p95)}, p99 ${formatDuration(p99)}`;
}

function detail(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name === '0' ? 'no answer' : name}: ${count}`);
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function resultOf({ events, crm, records }: SendReport): string {
  const missing = (crm?.missing ?? 0) + (records?.missing ?? 0);
  const problems = [
    events.accepted < events.sent ? `${eventsAre(events.sent - events.accepted)} not accepted` : '',
    events.needAPerson > 0
      ? `${events.applied} applied, ${events.needAPerson} need${events.needAPerson === 1 ? 's' : ''} a person: npm run redrive -- --list`
      : '',
    events.waiting > 0 ? `${eventsAre(events.waiting)} not settled yet` : '',
    events.waitingForCrm > 0 ? `${eventsAre(events.waitingForCrm)} in quarantine until the CRM works again` : '',
    (crm?.appliedTwice ?? 0) > 0 ? `${crm?.appliedTwice} were applied twice` : '',
    (records?.twice ?? 0) > 0 ? `${records?.twice} records are in the CRM twice` : '',
    missing > 0 ? `${missing} are recorded as applied and missing in the CRM` : '',
  ];
  return problems.filter((problem) => problem !== '').join('; ');
}

function eventsAre(count: number): string {
  return count === 1 ? '1 event is' : `${count} events are`;
}
