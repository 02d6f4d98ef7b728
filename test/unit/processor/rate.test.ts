/**
 * An attempt waits for its turn in the schedule of requests before it claims, and asks before each
 * request.
 */
import { beforeEach, describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import type { Crm } from '../../../lambdas/ports.ts';
import { OVER_RATE, RateLimiter } from '../../../lambdas/processor/rate-limiter.ts';
import { VirtualClock } from '../../harness/fakes/clock.virtual.ts';
import { MemoryRateStore } from '../../harness/fakes/rate-store.memory.ts';
import { VirtualSleep } from '../../harness/fakes/sleep.virtual.ts';
import { VirtualTimers } from '../../harness/fakes/timers.virtual.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

/** Slots 100 ms apart that may be used for 400 ms. */
const RATE = { requests: 16, windowMs: 1_000 };
const SPACING_MS = 100;

let rateStore: MemoryRateStore;
let p: ProcessorOnFakes;
/** Number of requests for an event. */
let requests: number;
/** Requests that were sent. */
let sent: number;

beforeEach(() => {
  rateStore = new MemoryRateStore();
  requests = 1;
  sent = 0;
  p = new ProcessorOnFakes();
  const { clock } = p;
  const sleep = new VirtualSleep(clock);
  Object.assign(p.deps, {
    rateLimiter: new RateLimiter({ rate: RATE, connector: {}, rateStore, clock, sleep }),
    crm: { deliver: (...call: Parameters<Crm['deliver']>) => deliver(...call) },
  });
});

/** Makes as many requests as the test wants, each if it is admitted. */
const deliver: Crm['deliver'] = async (_action, { admit }) => {
  for (let count = 0; count < requests; count += 1) {
    const admitted = await admit?.(nowMs() + 2_500);
    if (admitted?.kind !== 'admitted') return { kind: 'over_rate', cause: admitted?.cause ?? '' };
    sent += 1;
    p.clock.advance(10);
  }
  return { kind: 'answered', status: 200, excerpt: '' };
};

const nowMs = () => p.clock.now();

describe('with crm.rate', () => {
  it('an event is applied at once where the schedule is free, for one write', async () => {
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied']);
    expect([rateStore.writes, nowMs() - START_MS]).toEqual([1, 10]);
  });

  it('events that begin together share one write, and follow each other at the rate', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e']) p.send(eventBody(id, 0, `+1555${id.charCodeAt(0)}`));
    expect((await p.run()).sort()).toEqual(['a applied', 'b applied', 'c applied', 'd applied', 'e applied']);
    expect([rateStore.writes, rateStore.nextMs]).toEqual([1, START_MS + 5 * SPACING_MS]);
  });

  it('a duplicate, and an event that is not delivered, take no slot', async () => {
    p.send(eventBody('a', 0));
    await p.run();
    p.send(eventBody('a', 0), eventBody('b', -1), eventBody('c', 5, 'anonymous'));
    expect((await p.run()).sort()).toEqual(['a duplicate', 'b stale', 'c ignored']);
    expect(rateStore.writes).toBe(1);
  });

  it('an event waits for its slot while the invocation has time for it', async () => {
    rateStore.nextMs = START_MS + 8_000;
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied']);
    expect(nowMs() - START_MS).toBe(8_010);
  });

  it('an event comes back otherwise: no attempt counted, no row written, longer with each receive', async () => {
    rateStore.nextMs = START_MS + 60_000;
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual([`a later: ${OVER_RATE}`]);
    expect([p.row('a'), sent, p.metrics.sum('MessagesRetried', 'rate')]).toEqual([undefined, 0, 1]);
    expect(rateStore.refusals).toBe(1);
  });

  it('asks the table once, and not again for each event that must come back', async () => {
    rateStore.nextMs = START_MS + 60_000;
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) p.send(eventBody(id, 0, `+1555${id.charCodeAt(0)}`));
    expect((await p.run()).length).toBe(7);
    expect(rateStore.writes).toBe(1);
  });

  it('an event from quarantine takes no slot that is more than 300 ms ahead, a live one does', async () => {
    p.send(eventBody('a', 0), eventBody('b', 0, '+15550101'));
    await p.run();
    rateStore.nextMs = nowMs() + 301;
    p.send({
      body: eventBody('r', 0, '+15550102'),
      attributes: { quarantine: JSON.stringify({ reason: 'circuit_open', at: '', attempts: 0, redrives: 0 }) },
    });
    expect(await p.run()).toEqual([`r later: ${OVER_RATE}`]);
    p.send(eventBody('l', 0, '+15550103'));
    expect(await p.run()).toEqual(['l applied']);
  });

  it('no call is made while the state table gives no slots', async () => {
    rateStore.cause = 'DynamoDB: timeout';
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a later: DynamoDB: timeout']);
    expect([p.row('a'), sent, p.metrics.sum('MessagesRetried', 'state_table')]).toEqual([undefined, 0, 1]);
  });

  it('an action that needs further requests takes further slots', async () => {
    requests = 3;
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied']);
    expect(nowMs() - START_MS).toBe(2 * SPACING_MS + 10);
  });

  it('an action that cannot go on comes back without a counted attempt, and then takes all slots first', async () => {
    requests = 2;
    p.send(eventBody('a', 0));
    const taken = rateStore.take.bind(rateStore);
    const budgets: number[] = [];
    rateStore.take = async (request, budgetMs) => {
      budgets.push(Number(budgetMs));
      const decision = await taken(request);
      // Others take what follows.
      rateStore.nextMs = nowMs() + 4_000;
      return decision;
    };
    expect(await p.run()).toEqual([`a later: ${OVER_RATE}`]);
    expect(p.row('a')).toMatchObject({ status: 'FAILED', attempts: 0, lastError: OVER_RATE });
    expect(p.store.circuit.stored).toBeUndefined();
    expect(budgets).toEqual([Number.POSITIVE_INFINITY, 2_500]);
    p.clock.advance(10_000);
    const counts: number[] = [];
    rateStore.take = (request) => {
      counts.push(request.count);
      return taken(request);
    };
    expect(await p.run()).toEqual(['a applied']);
    expect([counts, p.row('a')?.attempts]).toEqual([[3], 1]);
  });

  it('a slot that was not used in time is not used at all', async () => {
    p.send(eventBody('a', 0));
    const claim = p.store.claim.bind(p.store);
    p.store.claim = async (write) => {
      p.clock.advance(401);
      return claim(write);
    };
    expect(await p.run()).toEqual(['a applied']);
    expect(rateStore.writes).toBe(2);
  });

  it('the lease of an event that has waited begins when its turn comes', async () => {
    rateStore.nextMs = START_MS + 5_000;
    p.send(eventBody('a', 0));
    const leases: (number | undefined)[] = [];
    const claim = p.store.claim.bind(p.store);
    p.store.claim = async (write) => {
      leases.push(write.row.leaseExpiresAtMs);
      return claim(write);
    };
    await p.run();
    expect(leases).toEqual([START_MS + 5_000 + DEFAULT_LIMITS.leaseMs]);
  });
});

describe('the rate limiter', () => {
  it('writes once for eight events while many wait, whatever the number of environments', async () => {
    const timers = new VirtualTimers(START_MS);
    const limiters = Array.from(
      { length: 5 },
      () => new RateLimiter({ rate: RATE, connector: {}, rateStore, clock: timers, sleep: timers }),
    );
    const requestTimes: number[] = [];
    const work = async (limiter: RateLimiter) => {
      for (let count = 0; count < 40; count += 1) {
        const admitted = await limiter.admitAction('request', false, timers.now() + 60_000);
        if (admitted.kind !== 'admitted') throw new Error(admitted.kind);
        await admitted.admit(timers.now());
        requestTimes.push(timers.now());
        await timers.for(120);
      }
    };
    await timers.run(Promise.all(limiters.flatMap((limiter) => Array.from({ length: 5 }, () => work(limiter)))));
    requestTimes.sort((a, b) => a - b);
    expect(requestTimes.length).toBe(1_000);
    expect(rateStore.writes).toBeLessThanOrEqual(200);
    for (let first = 0; first + RATE.requests < requestTimes.length; first += 1)
      expect((requestTimes[first + RATE.requests] ?? 0) - (requestTimes[first] ?? 0)).toBeGreaterThanOrEqual(1_000);
  });

  it('lets others have the slots that an action did not need', async () => {
    const clock = new VirtualClock(START_MS);
    const sleep = new VirtualSleep(clock);
    const connector = { requestsOf: { 'log-call': 3 } };
    const limiter = new RateLimiter({ rate: RATE, connector, rateStore, clock, sleep });
    const call = await limiter.admitAction('log-call', false, START_MS);
    if (call.kind !== 'admitted') throw new Error(call.kind);
    expect(await call.admit(START_MS)).toEqual({ kind: 'admitted' });
    call.release();
    const other = await limiter.admitAction('request', false, START_MS + 1_000);
    expect([other.kind, rateStore.writes, clock.now() - START_MS]).toEqual(['admitted', 1, SPACING_MS]);
  });
});
