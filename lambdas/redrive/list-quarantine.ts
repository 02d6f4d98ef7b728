/**
 * The contents of quarantine from the table's index: receives no message, so that recovery is not
 * delayed.
 */
import { presentFault, readCircuitBreaker } from '../domain/crm/circuit-breaker.ts';
import type { Limits } from '../domain/limits.ts';
import type { ListedReason, RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { CircuitBreakerStore, Clock, PipelineView, QuarantineOfReason, QuarantineQueue } from '../ports.ts';

/** The ports of a list. */
export interface ListDependencies {
  readonly view: Pick<PipelineView, 'quarantine'>;
  readonly quarantine: QuarantineQueue;
  readonly circuitBreaker: Pick<CircuitBreakerStore, 'read'>;
  readonly clock: Clock;
  readonly limits: Limits;
}

/**
 * Each reason with its count, its oldest event and its most common errors. `unavailable` if the
 * index does not answer.
 */
export async function listQuarantine(deps: ListDependencies): Promise<RedriveResult> {
  const [view, counted, circuit] = await Promise.all([
    deps.view.quarantine(),
    deps.quarantine.count(),
    deps.circuitBreaker.read(),
  ]);
  if (view.kind === 'unavailable') return { kind: 'unavailable', cause: view.cause };
  return {
    kind: 'listed',
    reasons: view.reasons.map(listed),
    ...(counted.kind === 'unavailable' ? {} : { messages: { visible: counted.visible, inFlight: counted.inFlight } }),
    ...(circuit.kind === 'unavailable'
      ? {}
      : { crm: crmState(circuit.kind === 'stored' ? circuit.stored : undefined, deps) }),
  };
}

function crmState(stored: Parameters<typeof readCircuitBreaker>[0], { clock, limits }: ListDependencies) {
  const { row } = readCircuitBreaker(stored, clock.now(), limits);
  const fault = presentFault(row);
  return { circuit: row.state === 'OPEN' ? ('open' as const) : ('closed' as const), ...(fault && { fault }) };
}

function listed({
  reason,
  count,
  more,
  oldestAtMs,
  newestAtMs,
  errors,
  errorsOf,
  sample,
}: QuarantineOfReason): ListedReason {
  return {
    reason,
    count,
    more,
    oldestAt: new Date(oldestAtMs).toISOString(),
    newestAt: new Date(newestAtMs).toISOString(),
    errors,
    errorsOf,
    sample: sample.map(({ key, row }) => ({
      eventId: /^(EVENT|REPLAY)#/.test(key) ? (row.eventId ?? key) : key,
      ...(row.eventType === undefined ? {} : { eventType: row.eventType }),
      at: new Date(row.settledAtMs ?? 0).toISOString(),
      redrives: row.redrives,
    })),
  };
}
