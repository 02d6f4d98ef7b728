/** Results of many runs. */
import { FAULTS, type Fault } from '../world/faults.ts';
import type { SimulatedRun } from './simulation.ts';

/** Sums over runs, of which several can be added up. */
export interface Tally {
  seeds: number;
  decisions: number;
  /** Seeds in which each kind of fault happened. */
  met: Partial<Record<Fault, number>>;
  /** Seeds in which an event has had each status. */
  reached: Record<string, number>;
}

/** Nothing yet. */
export function emptyTally(): Tally {
  return { seeds: 0, decisions: 0, met: {}, reached: {} };
}

/** One run more. */
export function count(tally: Tally, run: SimulatedRun): void {
  tally.seeds += 1;
  tally.decisions += run.choices.length;
  for (const fault of run.met.keys()) tally.met[fault] = (tally.met[fault] ?? 0) + 1;
  for (const status of run.reached) tally.reached[status] = (tally.reached[status] ?? 0) + 1;
}

/** All runs of `other` more. */
export function add(tally: Tally, other: Tally): void {
  tally.seeds += other.seeds;
  tally.decisions += other.decisions;
  for (const [fault, seeds] of Object.entries(other.met) as [Fault, number][])
    tally.met[fault] = (tally.met[fault] ?? 0) + seeds;
  for (const [status, seeds] of Object.entries(other.reached))
    tally.reached[status] = (tally.reached[status] ?? 0) + seeds;
}

/** For people. */
export function formatTally({ seeds, decisions, met, reached }: Tally, elapsedMs: number): string {
  const perSecond = Math.round(seeds / (elapsedMs / 1_000));
  const rows = (entries: readonly (readonly [string, number])[]) =>
    entries.map(([name, number]) => `  ${String(number).padStart(9)}  ${name}`);
  const faults = (Object.keys(FAULTS) as Fault[]).map((fault) => [FAULTS[fault], met[fault] ?? 0] as const);
  const statuses = Object.entries(reached).sort(([, a], [, b]) => b - a);
  return [
    `${seeds} seeds, ${decisions} decisions (${Math.round(decisions / Math.max(1, seeds))} a seed), ${(elapsedMs / 1_000).toFixed(1)} s, ${perSecond} seeds/s`,
    '',
    'seeds in which',
    ...rows(faults),
    '',
    'seeds in which an event was',
    ...rows(statuses),
  ].join('\n');
}
