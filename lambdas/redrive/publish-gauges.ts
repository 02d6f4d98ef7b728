/**
 * Publishes gauges of quarantine and of the circuit breaker each minute, by schedule. Moves
 * nothing.
 */
import { readCircuitBreaker } from '../domain/crm/circuit-breaker.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import { METRICS } from '../domain/telemetry/metrics.ts';
import type {
  CircuitBreakerStore,
  Clock,
  Metrics,
  QuarantineQueue,
  QuarantineSummaries,
  QueueDepth,
} from '../ports.ts';

/** Ports and settings for the gauges. */
export interface GaugeDependencies {
  readonly quarantine: QuarantineQueue;
  readonly circuitBreaker: Pick<CircuitBreakerStore, 'read'>;
  readonly summaries: QuarantineSummaries;
  /** Events that the partner event bus, if any, could not put into the delivery queue. */
  readonly partnerDeadLetters?: QueueDepth;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly limits: Limits;
}

/** Figures of quarantine. */
interface QuarantineSeen {
  /** By reason; those for which nothing waits are left out. */
  readonly byReason: Readonly<Partial<Record<QuarantineReason, number>>>;
  /** Age of the oldest quarantined event; 0 if quarantine is empty. */
  readonly oldestMs: number;
}

/** Records what can be read; of what cannot, nothing is recorded. */
export async function publishGauges(deps: GaugeDependencies): Promise<RedriveResult> {
  const nowMs = deps.clock.now();
  const [circuitOpenMs, quarantine, partner] = await Promise.all([
    lookAtCircuit(nowMs, deps),
    lookAtQuarantine(nowMs, deps),
    deps.partnerDeadLetters?.read(),
  ]);
  const { metrics } = deps;
  if (partner?.kind === 'counted')
    metrics.add('PartnerDeadLetters', partner.visible + partner.inFlight + partner.delayed);
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

/**
 * For how long the circuit has been open: 0 while it is closed, undefined where that cannot be
 * read.
 */
async function lookAtCircuit(
  nowMs: number,
  { circuitBreaker: circuit, limits }: GaugeDependencies,
): Promise<number | undefined> {
  const read = await circuit.read();
  if (read.kind === 'unavailable') return undefined;
  const { row } = readCircuitBreaker(read.kind === 'stored' ? read.stored : undefined, nowMs, limits);
  return row.state === 'OPEN' ? Math.max(0, nowMs - (row.openedAtMs ?? nowMs)) : 0;
}

async function lookAtQuarantine(
  nowMs: number,
  { quarantine, summaries: overviews, metrics }: GaugeDependencies,
): Promise<QuarantineSeen | undefined> {
  const counted = await quarantine.count();
  if (counted.kind === 'unavailable') return undefined;
  metrics.add('MessagesInQuarantine', counted.visible + counted.inFlight);
  // Rows whose messages were deleted by hand do not count as waiting.
  if (counted.visible + counted.inFlight === 0) return { byReason: {}, oldestMs: 0 };
  const reasons: readonly QuarantineReason[] = METRICS.EventsInQuarantine.dimension.values;
  const seen = await Promise.all(
    reasons.map(async (reason) => ({ reason, overview: await overviews.summarize(reason) })),
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
