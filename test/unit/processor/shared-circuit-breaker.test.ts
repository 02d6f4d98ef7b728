import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { returnedEnvelope } from '../../../lambdas/domain/quarantine/quarantine-note.ts';
import type { CircuitBreakerStore } from '../../../lambdas/ports.ts';
import { type ProcessorDependencies, processBatch } from '../../../lambdas/processor/process-batch.ts';
import { SharedCircuitBreaker } from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { SeededChance } from '../../harness/fakes/chance.seeded.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const DOWN: CrmResponse = { kind: 'answered', status: 503, excerpt: '' };
const UP: CrmResponse = { kind: 'answered', status: 200, excerpt: '' };

const FAULT = { kind: 'failing', status: 503, error: 'HTTP 503', sinceMs: START_MS, atMs: START_MS };

let p: ProcessorOnFakes;
let sent = 0;
let environments = 0;

/** Events of as many contacts. */
function send(count: number): void {
  for (let i = 0; i < count; i += 1) {
    sent += 1;
    p.send(eventBody(`e${sent}`, 0, `+${sent}`));
  }
}

/** Another execution environment on the same table, queues and CRM. */
function anotherEnvironment(circuitBreakerStore: CircuitBreakerStore = p.store.circuit): ProcessorDependencies {
  const { clock, log, metrics } = p;
  return {
    ...p.deps,
    chance: new SeededChance(2, `environment ${++environments} `),
    circuitBreaker: new SharedCircuitBreaker({
      circuitBreakerStore: circuitBreakerStore,
      clock,
      log,
      metrics,
      limits: DEFAULT_LIMITS,
    }),
  };
}

async function runIn(deps: ProcessorDependencies): Promise<number> {
  const calls = p.crmCalls.length;
  const received = p.queue.receive(10);
  const { retryIds } = await processBatch(received, p.clock.now() + 30_000, deps);
  for (const { message, receiptHandle } of received)
    if (!retryIds.includes(message.messageId)) p.queue.deleteNow(receiptHandle);
  return p.crmCalls.length - calls;
}

async function openIt(): Promise<void> {
  p.answer = () => DOWN;
  send(10);
  await p.run();
  expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', version: 0 });
  // Those that failed are tried again some time; what follows is about others.
  p.queue.messages.clear();
}

beforeEach(() => {
  p = new ProcessorOnFakes();
  sent = 0;
});

describe('the circuit', () => {
  it.each([
    [4, { state: 'CLOSED', version: 0, outages: [], fault: FAULT }],
    [5, { state: 'OPEN', version: 0, openedAtMs: START_MS, probeAtMs: START_MS + 30_000, outages: [], fault: FAULT }],
  ])('after %i failures among ten calls is %j', async (failures, stored) => {
    p.answer = ({ key }) => (Number(key.slice(1)) > 10 - failures ? DOWN : UP);
    send(10);
    await p.run();
    const { succeededAtMs: _recordedBySlowerCalls, ...row } = p.store.circuit.stored ?? {};
    expect(row).toEqual(stored);
  });

  it('opens with the tenth failure in a row, whatever came before', async () => {
    send(40);
    while (p.queue.visible().length > 0) await p.run();
    p.answer = () => DOWN;
    for (let failures = 1; failures <= 10; failures += 1) {
      expect(p.store.circuit.stored?.state).not.toBe('OPEN');
      send(1);
      await p.run();
    }
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN' });
  });

  it('opens where half of the last 50 calls failed, none of them in a row', async () => {
    send(50);
    while (p.queue.visible().length > 0) await p.run();
    for (let calls = 1; calls <= 50; calls += 1) {
      expect(p.store.circuit.stored?.state).not.toBe('OPEN');
      p.answer = () => (calls % 2 === 0 ? DOWN : UP);
      send(1);
      await p.run();
    }
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN' });
  });

  it.each([
    [2, 'CLOSED'],
    [3, 'OPEN'],
  ])('after ten failures of events of %i contacts is %s: a bad record is no outage', async (contacts, state) => {
    p.answer = () => DOWN;
    for (let i = 0; i < 10; i += 1) {
      p.send(eventBody(`e${i}`, i, `+${i % contacts}`));
      await p.run();
    }
    expect(p.store.circuit.stored?.state).toBe(state);
  });

  it.each([409, 412, 422, 423, 404])('is not opened by HTTP %i, which is about one record', async (status) => {
    p.answer = () => ({ kind: 'answered', status, excerpt: '' });
    send(20);
    while (p.queue.visible().length > 0) await p.run();
    expect(p.store.circuit.stored).toBeUndefined();
  });

  it.each([
    ['a refused event', { kind: 'answered', status: 422, excerpt: '' }, undefined],
    ['a timeout', { kind: 'unknown', cause: 'timeout' }, 'OPEN'],
    ['a refused connection', { kind: 'not_sent', cause: 'ECONNREFUSED' }, 'OPEN'],
    ['too many requests', { kind: 'answered', status: 429, excerpt: '' }, 'CLOSED'],
    ['a response that is not HTTP', { kind: 'unreadable', cause: 'HPE_INVALID_CONSTANT' }, 'CLOSED'],
    ['a missing permission', { kind: 'answered', status: 403, excerpt: '' }, 'OPEN'],
    ['a login page', { kind: 'answered', status: 302, excerpt: '' }, 'OPEN'],
    ['refused credentials', { kind: 'answered', status: 401, excerpt: '' }, 'OPEN'],
    ['no token', { kind: 'no_token', cause: 'not pasted' }, 'OPEN'],
  ] as const)('after ten times %s is %s: %s', async (_name, answer, state) => {
    p.answer = () => answer;
    send(10);
    await p.run();
    expect(p.store.circuit.stored?.state).toBe(state);
  });

  it('open, sends what comes to quarantine without a call, and counts no attempt', async () => {
    await openIt();
    send(2);
    expect(await p.run()).toEqual(['e11 quarantined circuit_open', 'e12 quarantined circuit_open']);
    expect(p.crmCalls).toHaveLength(10);
    expect(p.row('e11')).toMatchObject({ status: 'QUARANTINED', reason: 'circuit_open', attempts: 0, redrives: 0 });
    expect(p.notes()).toHaveLength(2);
  });

  it('open, still settles what needs no call', async () => {
    p.send(eventBody('newer', 10, '+1'));
    await p.run();
    await openIt();
    p.send(
      eventBody('older', 5, '+1'),
      '{',
      JSON.stringify({ eventBridgeEventId: 'x', eventType: 'y', eventTimestamp: '2026-01-31T09:30:00Z' }),
    );
    expect((await p.run()).sort()).toEqual(['- quarantined invalid_event', 'older stale', 'x ignored']);
  });

  it('is seen by another environment with its next batch, and costs it no extra read', async () => {
    await openIt();
    const reads: unknown[] = [];
    const other = anotherEnvironment({
      read: async () => {
        reads.push('read');
        return p.store.circuit.read();
      },
      write: (...write) => p.store.circuit.write(...write),
    });
    send(10);
    expect(await runIn(other)).toBe(0);
    expect(reads).toEqual([]);
  });

  it('lets one probe through in all environments together when it is due, once in 30 s', async () => {
    await openIt();
    const others = [anotherEnvironment(), anotherEnvironment()];
    for (const seconds of [30, 60, 90]) {
      p.clock.advance(START_MS + seconds * 1_000 - p.clock.now());
      send(30);
      const calls = await Promise.all([runIn(others[0] ?? p.deps), runIn(others[1] ?? p.deps), runIn(p.deps)]);
      expect(calls).toHaveLength(3);
      expect(p.crmCalls).toHaveLength(10 + seconds / 30);
      p.clock.advance(29_000);
      p.queue.messages.clear();
      send(5);
      expect(await runIn(p.deps)).toBe(0);
    }
  });

  it('refuses who loses the probe after its claim: no attempt is counted, and the contact is let go as it was', async () => {
    await openIt();
    const others = [anotherEnvironment(), anotherEnvironment(), anotherEnvironment()];
    p.clock.advance(30_000);
    const contacts = new Map(p.store.contacts);
    send(3);
    const batches = others.map((deps) => ({ deps, received: p.queue.receive(1) }));
    await Promise.all(batches.map(({ deps, received }) => processBatch(received, p.clock.now() + 30_000, deps)));
    const refused = [...p.store.events.values()].filter(({ reason }) => reason === 'circuit_open');
    expect(refused.map(({ status, attempts }) => [status, attempts])).toEqual([
      ['QUARANTINED', 0],
      ['QUARANTINED', 0],
    ]);
    const left = [...p.store.contacts].filter(([key]) => !contacts.has(key)).map(([, row]) => row);
    const released = { unsettled: '', expiresAt: START_MS / 1_000 + 30 + 400 * 86_400 + 645 };
    expect(left.filter(({ unsettled }) => unsettled === '')).toEqual([released, released]);
    expect(p.crmCalls).toHaveLength(11);
  });

  it('closes at the next version by a probe that succeeds', async () => {
    await openIt();
    p.answer = () => UP;
    p.clock.advance(30_000);
    send(3);
    expect((await p.run()).sort()).toEqual([
      'e11 applied',
      'e12 quarantined circuit_open',
      'e13 quarantined circuit_open',
    ]);
    expect(p.store.circuit.stored).toEqual({
      state: 'CLOSED',
      version: 1,
      outages: [{ openedAtMs: START_MS, closedAtMs: START_MS + 30_000 }],
      fault: FAULT,
      succeededAtMs: START_MS + 30_000,
    });
    send(1);
    expect(await p.run()).toEqual(['e14 applied']);
  });

  it('records the first success after a failure, and no other', async () => {
    const writes: unknown[] = [];
    const deps = anotherEnvironment({
      read: p.store.circuit.read,
      write: async (expected, next) => {
        writes.push(next);
        return p.store.circuit.write(expected, next);
      },
    });
    for (const answer of [UP, DOWN, DOWN, UP, UP]) {
      p.answer = () => answer;
      send(1);
      await runIn(deps);
      p.clock.advance(1_000);
    }
    const fault = { ...FAULT, sinceMs: START_MS + 1_000, atMs: START_MS + 1_000 };
    const closed = { state: 'CLOSED', version: 0, outages: [] };
    expect(writes).toEqual([
      { ...closed, fault },
      { ...closed, fault, succeededAtMs: START_MS + 3_000 },
    ]);
  });

  it('records a failure again after 30 s, and at once where it is of another kind', async () => {
    const refused: CrmResponse = { kind: 'answered', status: 401, excerpt: 'expired' };
    const seen: unknown[] = [];
    for (const [answer, waitMs] of [
      [DOWN, 29_999],
      [DOWN, 1],
      [DOWN, 1],
      [refused, 0],
    ] as const) {
      p.answer = () => answer;
      send(1);
      await p.run();
      p.queue.messages.clear();
      seen.push(p.store.circuit.stored?.fault);
      p.clock.advance(waitMs);
    }
    const at = (ms: number) => START_MS + ms;
    expect(seen).toEqual([
      FAULT,
      FAULT,
      { ...FAULT, atMs: at(30_000) },
      { kind: 'credentials', status: 401, error: 'HTTP 401: expired', sinceMs: at(30_001), atMs: at(30_001) },
    ]);
  });

  it('records that an event has failed its last call, by which recovery knows what came after', async () => {
    p.answer = () => DOWN;
    send(1);
    for (let call = 1; call <= 10; call += 1) {
      await p.run();
      p.clock.advance(call === 9 ? 15 * 60_000 : 15 * 60_000 - 1);
    }
    const exhaustedAtMs = p.row('e1')?.settledAtMs;
    expect(p.row('e1')).toMatchObject({ reason: 'retries_exhausted', failedBy: 'crm', attempts: 10 });
    expect(p.store.circuit.stored).toMatchObject({
      state: 'CLOSED',
      fault: { sinceMs: START_MS, atMs: exhaustedAtMs },
    });
    expect(p.notes()).toMatchObject([{ reason: 'retries_exhausted', failedBy: 'crm' }]);
  });

  it('has no fault of a record that stays locked, and says so in its row', async () => {
    p.answer = () => ({ kind: 'answered', status: 423, excerpt: '' });
    send(1);
    for (let call = 1; call <= 10; call += 1) {
      await p.run();
      p.clock.advance(15 * 60_000);
    }
    expect(p.row('e1')).toMatchObject({ reason: 'retries_exhausted', failedBy: 'record' });
    expect(p.store.circuit.stored).toBeUndefined();
  });

  it('gives an event that recovery has sent back one call more', async () => {
    p.answer = () => DOWN;
    send(1);
    for (let call = 1; call <= 10; call += 1) {
      await p.run();
      p.clock.advance(15 * 60_000);
    }
    for (const recoveries of [1, 2]) {
      const [message] = p.quarantine.messages.values();
      if (message === undefined) throw new Error('nothing is in quarantine');
      p.quarantine.messages.clear();
      p.send(returnedEnvelope(message.envelope, { by: 'recovery' }, p.clock.now()));
      expect(await p.run()).toEqual(['e1 quarantined retries_exhausted']);
      expect(p.crmCalls).toHaveLength(10 + recoveries);
      expect(p.row('e1')).toMatchObject({ attempts: 10, redrives: 0, recoveries });
      expect(p.notes()).toMatchObject([{ recoveries, redrives: 0 }]);
    }
  });

  it('closes by a probe whose event the CRM refuses: it works', async () => {
    await openIt();
    p.answer = () => ({ kind: 'answered', status: 422, excerpt: '' });
    p.clock.advance(30_000);
    send(1);
    expect(await p.run()).toEqual(['e11 quarantined crm_rejected']);
    expect(p.store.circuit.stored).toMatchObject({ state: 'CLOSED', version: 1 });
  });

  it('is probed with a refreshed token, and by one call even if that is refused', async () => {
    await openIt();
    p.answer = () => ({ kind: 'answered', status: 401, excerpt: '' });
    p.clock.advance(30_000);
    send(1);
    await p.run();
    expect(p.crmCalls.slice(10).map(({ freshToken }) => freshToken)).toEqual([true]);
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', version: 0 });
  });

  it('heals itself where a prober died: the next probe is due in 30 s', async () => {
    await openIt();
    p.clock.advance(30_000);
    p.answer = () => new Promise(() => {});
    send(1);
    void p.run();
    await new Promise(setImmediate);
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', probeAtMs: START_MS + 60_000 });

    p.answer = () => UP;
    const other = anotherEnvironment();
    send(1);
    expect(await runIn(other)).toBe(0);
    p.clock.advance(30_000);
    send(1);
    expect(await runIn(other)).toBe(1);
    expect(p.store.circuit.stored).toMatchObject({ state: 'CLOSED', version: 1 });
  });

  it('is not opened again by calls that failed before it closed', async () => {
    const slow: ((answer: CrmResponse) => void)[] = [];
    p.answer = () => new Promise((resolve) => slow.push(resolve));
    send(10);
    const before = runIn(p.deps);
    await new Promise(setImmediate);
    p.store.circuit.stored = { state: 'CLOSED', version: 7, outages: [] };
    p.deps.circuitBreaker.refresh(await p.store.circuit.readNow());
    while (slow.length > 0) {
      slow.shift()?.(DOWN);
      await new Promise(setImmediate);
    }
    await before;
    expect(p.store.circuit.stored).toEqual({ state: 'CLOSED', version: 7, outages: [], fault: FAULT });
  });

  it('opens nothing while the table cannot be written, and goes on calling', async () => {
    const away = { read: p.store.circuit.read, write: async () => ({ kind: 'unavailable', cause: 'away' }) as const };
    const deps = anotherEnvironment(away);
    p.answer = () => DOWN;
    send(10);
    expect(await runIn(deps)).toBe(10);
    p.answer = () => UP;
    send(10);
    expect(await runIn(deps)).toBe(10);
  });

  it('counts as closed where its row is corrupt, says so once, and can be opened over it', async () => {
    p.store.circuit.stored = { state: 'OPEN', version: 0, openedAtMs: START_MS, probeAtMs: 9e15 };
    send(1);
    expect(await p.run()).toEqual(['e1 applied']);
    send(1);
    expect(await p.run()).toEqual(['e2 applied']);
    expect(p.log.entries.filter(({ level }) => level === 'error').map(({ details }) => details.problem)).toEqual([
      'its next probe is further away than any write puts it',
    ]);
    p.answer = () => DOWN;
    send(10);
    await p.run();
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', probeAtMs: START_MS + 30_000 });
  });

  it('keeps what it knew where a read says nothing of it', async () => {
    await openIt();
    const readAhead = p.store.readAhead.bind(p.store);
    p.store.readAhead = async (keys) => ({ ...(await readAhead(keys)), circuit: { kind: 'not_read' } }) as never;
    send(1);
    expect(await p.run()).toEqual(['e11 quarantined circuit_open']);
  });

  it('open, keeps the attempts of an event that failed itself, until they are used up', async () => {
    await openIt();
    send(1);
    await p.run();
    const ends: string[] = [];
    for (let probe = 1; probe <= 10; probe += 1) {
      p.redrive();
      p.clock.advance(30_000);
      ends.push(...(await p.run()));
      p.clock.advance(900_000);
      p.store.circuit.stored = { ...p.store.circuit.stored, probeAtMs: p.clock.now() + 30_000 };
      if (probe < 10) await p.run();
    }
    expect(ends).toEqual([...Array(9).fill('e11 later: HTTP 503'), 'e11 quarantined retries_exhausted']);
    expect(p.row('e11')).toMatchObject({ attempts: 10, redrives: 0 });
    expect(p.crmCalls.filter(({ key }) => key === 'e11')).toHaveLength(10);
  });

  it('open, does not count a redrive of what it had put into quarantine', async () => {
    await openIt();
    send(1);
    await p.run();
    p.redrive();
    p.clock.advance(30_000);
    expect(await p.run()).toEqual(['e11 later: HTTP 503']);
    expect(p.row('e11')).toMatchObject({ status: 'FAILED', attempts: 1, redrives: 0 });
  });
});
