/** Report of a replay, for people: the deliveries sent, and the ends of their events. */
import type { ReplayResult } from '../../lambdas/domain/replay/replay-request.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { KeyedRow } from '../../lambdas/ports.ts';
import type { ReplayOptions } from './options.ts';

/** The result of one invocation, or of several. */
export type ReplayRun = Extract<ReplayResult, { kind: 'replay' }>;

/** Two runs of one replay, one after the other, as one. */
export function addRuns(earlier: ReplayRun | undefined, later: ReplayRun): ReplayRun {
  if (earlier === undefined) return later;
  const { after: _after, cause: _cause, ...sum } = earlier;
  // Not an object: an event may be of the type `constructor`.
  const matched = new Map(Object.entries(earlier.matched));
  for (const [type, count] of Object.entries(later.matched)) matched.set(type, (matched.get(type) ?? 0) + count);
  const damaged = [...new Set([...(earlier.damaged ?? []), ...(later.damaged ?? [])])];
  // One that failed at once has not moved.
  const after = later.after ?? (later.cause === undefined ? undefined : earlier.after);
  return {
    ...sum,
    examined: earlier.examined + later.examined,
    matched: Object.fromEntries(matched),
    sent: earlier.sent + later.sent,
    repeated: earlier.repeated + later.repeated,
    unreadable: earlier.unreadable + later.unreadable,
    ...(damaged.length === 0 ? {} : { damaged }),
    ...(after === undefined ? {} : { after }),
    ...(later.cause === undefined ? {} : { cause: later.cause }),
  };
}

/** The run in lines. */
export function formatReplay(
  { examined, matched, sent, repeated, unreadable, damaged = [], after, cause }: ReplayRun,
  { payload, resume, stack }: Extract<ReplayOptions, { kind: 'send' }>,
): string {
  const { replayId, from, to, dryRun } = payload;
  const meant = Object.entries(matched).sort(([, one], [, other]) => other - one);
  const total = meant.reduce((sum, [, count]) => sum + count, 0);
  const isDry = dryRun === true;
  return [
    `  replay ${replayId}: deliveries of ${from} to ${to}`,
    `  ${examined} looked at, ${total} ${isDry ? 'would be sent' : 'meant'}`,
    ...meant.map(([type, count]) => `  ${String(count).padStart(8)}  ${printable(type)}`),
    ...(repeated === 0 ? [] : [`  ${repeated} left out: the same events, delivered or tried more than once`]),
    ...(unreadable === 0 ? [] : [`  ${unreadable} left out: no event, or too large to be sent again`]),
    ...(damaged.length === 0 ? [] : ['  damaged, and sent only in part:']),
    ...damaged.map((key) => `    ${printable(key)}`),
    ...(isDry ? [] : [`  ${sent} sent to the delivery queue`]),
    ...(cause === undefined
      ? isDry || sent === 0
        ? []
        : [
            `  How they have ended: npm run replay -- --status ${replayId}${stack === undefined ? '' : ` --stack ${stack}`}`,
          ]
      : [`  stopped: ${cause}`, `  To go on: ${resume(after)}`]),
  ].join('\n');
}

/** Events of a replay by how they have ended. */
export type Ends = Readonly<Record<'applied' | 'stale' | 'ignored' | 'quarantined' | 'abandoned' | 'underway', number>>;

const END_OF = {
  COMPLETED: 'applied',
  STALE: 'stale',
  IGNORED: 'ignored',
  QUARANTINED: 'quarantined',
  ABANDONED: 'abandoned',
  IN_PROGRESS: 'underway',
  FAILED: 'underway',
} as const satisfies Record<KeyedRow['row']['status'], keyof Ends>;

const MEANING: Readonly<Record<keyof Ends, string>> = {
  applied: 'applied again',
  stale: 'stale: a newer event of the contact is applied',
  ignored: 'ignored by the mapping',
  quarantined: 'in quarantine: npm run redrive -- --list',
  abandoned: 'given up by a person',
  underway: 'being tried',
};

/** Counts the rows. Messages that still wait in the delivery queue have none. */
export function countEnds(rows: readonly KeyedRow[]): Ends {
  const ends = { applied: 0, stale: 0, ignored: 0, quarantined: 0, abandoned: 0, underway: 0 };
  for (const { row } of rows) ends[END_OF[row.status]] += 1;
  return ends;
}

/** The counts in lines. */
export function formatEnds(replayId: string, ends: Ends): string {
  const names = Object.keys(ends) as (keyof Ends)[];
  const total = names.reduce((sum, name) => sum + ends[name], 0);
  if (total === 0) return `  replay ${replayId}: no event of it has been worked on yet, or its rows have expired`;
  const lines = names
    .filter((name) => ends[name] > 0)
    .map((name) => `  ${String(ends[name]).padStart(8)}  ${MEANING[name]}`);
  return [`  replay ${replayId}: ${total} events`, ...lines].join('\n');
}
