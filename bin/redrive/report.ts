/** Report of a redrive, for people. */
import type {
  Counts,
  RedriveResult,
  RunReport,
  Sample,
  SkipCause,
  StopCause,
} from '../../lambdas/domain/quarantine/redrive-result.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import { formatMoved, type MovedEvents } from './follow-moved.ts';

/** A run over quarantine that was asked for. */
export type Run = Extract<RedriveResult, { kind: 'redrive' }>;

const STAYS: Readonly<Record<SkipCause, string>> = {
  filter: 'other events: the options do not name them',
  arrived_during_run: 'came into quarantine after this run had begun',
  limit: 'over the limit',
  redrives_max: 'redriven too often (name it by --event-id)',
  needs_a_person: 'needs a person',
  pausing: 'waits for its next automatic return',
  no_success_since: 'no CRM call has succeeded since',
  newer_unsettled: 'behind a newer event',
  circuit_open: 'the circuit breaker is open',
  young: 'not old enough to be sent again',
  not_sent: 'the delivery queue did not accept it',
  not_deleted: 'could not be deleted',
  run_ended: 'the run ended before its turn',
};

const STOPS: Readonly<Record<StopCause, string>> = {
  limit: 'the limit was reached; there may be more',
  time: 'the function’s time was over; there is more',
  circuit_open: 'the circuit breaker is open',
  in_flight_max: 'SQS lets no more messages be looked at at once; there is more',
  unavailable: 'AWS did not answer; run it again',
};

/** Characters of an error that fit on a line. */
const ERROR_CHARACTERS = 90;

/**
 * Two runs of one request, one after the other, as one: what was moved adds up, what stays is what
 * the later one found.
 */
export function mergeRuns(earlier: Run | undefined, later: Run): Run {
  if (earlier === undefined) return later;
  return {
    ...later,
    startedAt: earlier.startedAt,
    examined: earlier.moved.total + later.examined,
    moved: addCounts(earlier.moved, later.moved),
    copiesLeft: earlier.copiesLeft + later.copiesLeft,
    sample: [
      ...earlier.sample.filter(({ outcome }) => outcome === 'moved'),
      ...later.sample.filter(({ outcome }) => outcome !== 'moved'),
    ],
    ...(later.movedKeys === undefined
      ? {}
      : { movedKeys: [...new Set([...(earlier.movedKeys ?? []), ...later.movedKeys])] }),
    ...(later.eventIdsFound === undefined
      ? {}
      : { eventIdsFound: [...new Set([...(earlier.eventIdsFound ?? []), ...later.eventIdsFound])] }),
  };
}

function addCounts(one: Counts, other: Counts): Counts {
  const byReason: Record<string, number> = { ...one.byReason };
  for (const [reason, count] of Object.entries(other.byReason)) byReason[reason] = (byReason[reason] ?? 0) + count;
  return { total: one.total + other.total, byReason };
}

/** True if all that was named was found and dealt with, or as much as the limit allows. */
export function isDone(run: Run, eventIds: readonly string[] = []): boolean {
  if (idsNotFound(run, eventIds).length > 0) return false;
  return (run.reachedEnd || run.stoppedBecause === 'limit') && (run.skipped.why.not_sent ?? 0) === 0;
}

/** The report of a run that was asked for these events by their ids, if any. */
export function formatRun(run: Run, eventIds: readonly string[] = [], ended?: MovedEvents): string {
  const absent = idsNotFound(run, eventIds);
  const why = Object.entries(run.skipped.why) as [SkipCause, number][];
  const rows: [string, string][] = [
    ['examined', String(run.examined)],
    run.dryRun ? ['would move', describeCounts(run.wouldMove)] : ['moved', describeCounts(run.moved)],
    ...(ended === undefined ? [] : [['  ended as', formatMoved(ended, run.moved.total)] as [string, string]]),
    ['skipped', describeCounts(run.skipped)],
    ...why.map(([cause, count]): [string, string] => [`  ${count}`, STAYS[cause]]),
    ...(run.copiesLeft === 0
      ? []
      : [['copies left', `${run.copiesLeft}: they come again and are dropped`] as [string, string]]),
    ['end reached', describeEnd(run)],
    ...(absent.length === 0
      ? []
      : [['not found', `${absent.map(printable).join(', ')} (${whereAbsent(run)})`] as [string, string]]),
  ];
  const table = rows.map(([name, value]) => `  ${name.padEnd(14)}${value}`).join('\n');
  // Messages that the filter leaves out are of no interest: the counts include them.
  const sample = run.sample.filter(({ why }) => why !== 'filter');
  return sample.length === 0 ? table : `${table}\n\n${formatSample(sample)}`;
}

function whereAbsent({ heldElsewhere = 0 }: Run): string {
  return heldElsewhere === 0
    ? 'no message in quarantine has this id: npm run event -- <id>'
    : `another run holds ${heldElsewhere} messages: run this again in two minutes`;
}

/** Known only if the run examined all of quarantine and reported what it found. */
function idsNotFound({ reachedEnd, eventIdsFound }: Run, eventIds: readonly string[]): readonly string[] {
  if (!reachedEnd || eventIdsFound === undefined) return [];
  return [...new Set(eventIds)].filter((id) => !eventIdsFound.includes(id));
}

function describeCounts({ total, byReason }: Counts): string {
  const parts = Object.entries(byReason).map(([reason, count]) => `${reason}: ${count}`);
  return parts.length === 0 ? String(total) : `${total} (${parts.join(', ')})`;
}

function describeEnd({ reachedEnd, stoppedBecause, cause }: RunReport): string {
  if (reachedEnd) return 'yes';
  const why = stoppedBecause === undefined ? 'stopped' : STOPS[stoppedBecause];
  return `no: ${why}${cause === undefined ? '' : ` (${printable(cause)})`}`;
}

function formatSample(sample: readonly Sample[]): string {
  const lines = [
    ['a few of them', 'event', 'type', 'quarantined', 'redriven', 'last error'],
    ...sample.map(({ outcome, reason, eventId, eventType, at, redrives, lastError }) => [
      `${reason}, ${outcome === 'would_move' ? 'would move' : outcome}`,
      printable(eventId ?? '-'),
      printable(eventType ?? '-'),
      at === undefined ? '-' : `${at.slice(0, 19)}Z`,
      String(redrives),
      printable(lastError ?? '-').slice(0, ERROR_CHARACTERS),
    ]),
  ];
  const widths = lines[0]?.map((_, column) => Math.max(...lines.map((cells) => cells[column]?.length ?? 0))) ?? [];
  return lines
    .map((cells) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .join('\n');
}
