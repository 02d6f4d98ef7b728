/** What is to be seen of quarantine and of the circuit: recorded each minute, by schedule. Moves nothing. */
import { seeCircuit } from '../domain/circuit.ts';
import type { QuarantineReason } from '../domain/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { METRICS } from '../domain/metrics.ts';
import type { RedriveAnswer } from '../domain/redrive-answer.ts';
import type { CircuitStore, Clock, Metrics, QuarantineOverviews, QuarantineQueue } from '../ports.ts';

/** What observing needs. */
export interface ObserveDependencies {
  readonly quarantine: QuarantineQueue;
  readonly circuit: Pick<CircuitStore, 'read'>;
  readonly overviews: QuarantineOverviews;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits: Limits;
}

/** What is seen of quarantine. */
interface QuarantineSeen {
  /** By reason; those for which nothing waits are left out. */
  readonly byReason: Readonly<Partial<Record<QuarantineReason, number>>>;
  /** For how long the oldest event has been quarantined; 0 where there is none. */
  readonly oldestMs: number;
}

/** Records what can be read; of what cannot, nothing is recorded. */
export async function observe(deps: ObserveDependencies): Promise<RedriveAnswer> {
  const nowMs = deps.clock.now();
  const [circuitOpenMs, quarantine] = await Promise.all([lookAtCircuit(nowMs, deps), lookAtQuarantine(nowMs, deps)]);
  const { metrics } = deps;
  // The formula of the alarm Unaccounted wants it also where nothing has been redriven yet.
  metrics.add('EventsRedriven', 0);
  if (circuitOpenMs !== undefined) metrics.add('CircuitOpenTime', circuitOpenMs);
  if (quarantine !== undefined) {
    metrics.add('OldestInQuarantine', quarantine.oldestMs);
    for (const [reason, count] of Object.entries(quarantine.byReason) as [QuarantineReason, number][])
      metrics.addBy('EventsInQuarantine', reason, count);
  }
  return {
    kind: 'observed',
    ...(circuitOpenMs === undefined ? {} : { circuitOpenMs }),
    ...(quarantine === undefined ? {} : { quarantine }),
  };
}

/** For how long the circuit has been open: 0 while it is closed, undefined where that cannot be read. */
async function lookAtCircuit(nowMs: number, { circuit, limits }: ObserveDependencies): Promise<number | undefined> {
  const read = await circuit.read();
  if (read.kind === 'unavailable') return undefined;
  const { row } = seeCircuit(read.kind === 'stored' ? read.stored : undefined, nowMs, limits);
  return row.state === 'OPEN' ? Math.max(0, nowMs - (row.openedAtMs ?? nowMs)) : 0;
}

async function lookAtQuarantine(
  nowMs: number,
  { quarantine, overviews }: ObserveDependencies,
): Promise<QuarantineSeen | undefined> {
  const counted = await quarantine.count();
  if (counted.kind === 'unavailable') return undefined;
  // Rows whose messages somebody has deleted by hand are nothing that waits.
  if (counted.visible + counted.inFlight === 0) return { byReason: {}, oldestMs: 0 };
  const reasons: readonly QuarantineReason[] = METRICS.EventsInQuarantine.dimension.values;
  const seen = await Promise.all(
    reasons.map(async (reason) => ({ reason, overview: await overviews.overview(reason) })),
  );
  const byReason: Partial<Record<QuarantineReason, number>> = {};
  let oldestMs = 0;
  for (const { reason, overview } of seen) {
    if (overview.kind === 'unavailable') return undefined;
    if (overview.count > 0) byReason[reason] = overview.count;
    oldestMs = Math.max(oldestMs, nowMs - (overview.oldestAtMs ?? nowMs));
  }
  return { byReason, oldestMs };
}
