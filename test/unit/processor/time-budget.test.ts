/**
 * However slowly everything answers that a record needs, and whatever it answers, the invocation
 * ends in time.
 */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import type { Unavailable } from '../../../lambdas/ports.ts';
import { processBatch } from '../../../lambdas/processor/process-batch.ts';
import { SharedCircuitBreaker } from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const { storeBudgetMs, crmTimeoutMs, startReserveMs } = DEFAULT_LIMITS;
const UNAVAILABLE: Unavailable = { kind: 'unavailable', cause: 'as the test says' };
const ANSWERS: readonly CrmResponse[] = [
  { kind: 'answered', status: 200, excerpt: '' },
  { kind: 'answered', status: 400, excerpt: '' },
  { kind: 'answered', status: 401, excerpt: '' },
  { kind: 'answered', status: 503, excerpt: '' },
  { kind: 'unknown', cause: 'timeout' },
];

/** Course of one call: the share of its budget that it takes, and its result. */
interface Turn {
  readonly share: number;
  readonly fails: boolean;
  readonly answer: CrmResponse;
}

const turn: fc.Arbitrary<Turn> = fc.record({
  // Most take all they may, which is where the sum could be too long.
  share: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: fc.double({ min: 0.1, max: 1, noNaN: true }) },
  ),
  fails: fc.boolean(),
  answer: fc.constantFrom(...ANSWERS),
});

/** A processor whose every call takes time and may fail, as the turns say, one after the other. */
function slowProcessor(
  turns: readonly Turn[],
  circuit: 'closed' | 'probe due',
  before: 'nothing' | 'other event',
): ProcessorOnFakes {
  const p = new ProcessorOnFakes();
  let next = 0;
  const take = (budgetMs: number): Turn => {
    const taken = turns[next++ % turns.length] as Turn;
    p.clock.advance(Math.round(budgetMs * taken.share));
    return taken;
  };
  /** As the port's own method, or without an answer; in the latter case it may have been done. */
  const slow =
    <Args extends readonly unknown[], Result>(act: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result | Unavailable> => {
      const { fails, share } = take(storeBudgetMs);
      if (fails && share < 0.5) return UNAVAILABLE;
      const result = await act(...args);
      return fails ? UNAVAILABLE : result;
    };
  const { store, quarantine, queue, deps, clock, log, metrics } = p;
  if (circuit === 'probe due') {
    store.circuit.stored = {
      state: 'OPEN',
      version: 1,
      openedAtMs: START_MS - 60_000,
      probeAtMs: START_MS - 1,
      outages: [],
    };
  }
  if (before === 'other event') {
    const held = { status: 'COMPLETED', owner: 'x', identity: 'another', attempts: 1, expiredLeases: 0 } as const;
    store.events.set('EVENT#a', { ...held, redrives: 0, firstReceivedAtMs: START_MS });
  }
  const circuitBreakerStore = {
    read: slow(() => store.circuit.read()),
    write: slow(store.circuit.write.bind(store.circuit)),
  };
  Object.assign(deps, {
    store: {
      readAhead: slow(store.readAhead.bind(store)),
      claim: slow(store.claim.bind(store)),
      settle: slow(store.settle.bind(store)),
    },
    circuit: new SharedCircuitBreaker({
      circuitBreakerStore: circuitBreakerStore,
      clock,
      log,
      metrics,
      limits: DEFAULT_LIMITS,
    }),
    quarantine: { send: slow(quarantine.send.bind(quarantine)) },
    visibility: { retryIn: slow(deps.visibility.retryIn.bind(deps.visibility)) },
    crm: {
      deliver: async () => take(crmTimeoutMs).answer,
    },
  });
  queue.sendNow({ body: eventBody('a', 0), attributes: {} });
  return p;
}

describe('an invocation that has as much time left as a record needs', () => {
  it('ends before its time does', async () => {
    const ends = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.array(turn, { minLength: 1, maxLength: 14 }),
        fc.constantFrom('closed' as const, 'probe due' as const),
        fc.constantFrom('nothing' as const, 'other event' as const),
        async (turns, circuit, before) => {
          const p = slowProcessor(turns, circuit, before);
          const endsAtMs = START_MS + storeBudgetMs + startReserveMs;
          const { retryIds } = await processBatch(p.queue.receive(10), endsAtMs, p.deps);
          expect(p.clock.now() - START_MS).toBeLessThanOrEqual(endsAtMs - START_MS);
          const end = retryIds.length === 0 ? 'done' : 'comes back';
          ends.set(end, (ends.get(end) ?? 0) + 1);
        },
      ),
      { numRuns: 3_000 },
    );
    // Otherwise nothing was tried.
    expect(ends.get('done')).toBeGreaterThan(200);
    expect(ends.get('comes back')).toBeGreaterThan(200);
  });
});
