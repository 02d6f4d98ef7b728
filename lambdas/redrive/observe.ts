/** What is to be seen of quarantine and of the circuit, recorded at each run of the recovery schedule. */
import { seeCircuit } from '../domain/circuit.ts';
import type { QuarantineReason } from '../domain/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { METRICS } from '../domain/metrics.ts';
import type { CircuitStore, Clock, Metrics, QuarantineIndex, QuarantineQueue } from '../ports.ts';

/** What observing needs. */
export interface ObserveDependencies {
  readonly quarantine: Pick<QuarantineQueue, 'count'>;
  readonly circuit: Pick<CircuitStore, 'read'>;
  readonly index: Pick<QuarantineIndex, 'overview'>;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits: Limits;
}

/** Records what can be read; of what cannot, nothing is recorded, which an alarm sees as well. */
export async function observe(deps: ObserveDependencies): Promise<void> {
  await Promise.all([observeCircuit(deps), observeQuarantine(deps)]);
}

async function observeCircuit({ circuit, clock, metrics, limits }: ObserveDependencies): Promise<void> {
  const read = await circuit.read();
  if (read.kind === 'unavailable') return;
  const nowMs = clock.now();
  const { row } = seeCircuit(read.kind === 'stored' ? read.stored : undefined, nowMs, limits);
  metrics.add('CircuitOpenTime', row.state === 'OPEN' ? Math.max(0, nowMs - (row.openedAtMs ?? nowMs)) : 0);
}

async function observeQuarantine({ quarantine, index, clock, metrics }: ObserveDependencies): Promise<void> {
  const counted = await quarantine.count();
  if (counted.kind === 'unavailable') return;
  // Rows whose messages somebody has deleted by hand are nothing that waits.
  if (counted.visible + counted.inFlight === 0) return metrics.add('OldestInQuarantine', 0);
  const reasons: readonly QuarantineReason[] = METRICS.EventsInQuarantine.dimension.values;
  const overviews = await Promise.all(reasons.map((reason) => index.overview(reason)));
  const nowMs = clock.now();
  let oldestMs = 0;
  for (const [position, reason] of reasons.entries()) {
    const overview = overviews[position];
    if (overview?.kind !== 'known') return;
    if (overview.count > 0) metrics.addBy('EventsInQuarantine', reason, overview.count);
    oldestMs = Math.max(oldestMs, nowMs - (overview.oldestAtMs ?? nowMs));
  }
  metrics.add('OldestInQuarantine', oldestMs);
}
