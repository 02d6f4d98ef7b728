/** A CRM that throttles is left alone by all environments for as long as it asks. */
import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { processBatch } from '../../../lambdas/processor/process-batch.ts';
import { SharedCircuitBreaker } from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { SeededChance } from '../../harness/fakes/chance.seeded.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

let p: ProcessorOnFakes;

const throttled = (retryAfter?: string): CrmResponse => ({
  kind: 'answered',
  status: 429,
  excerpt: '',
  ...(retryAfter === undefined ? {} : { retryAfter }),
});
const applied: CrmResponse = { kind: 'answered', status: 200, excerpt: '' };

/** Events of different contacts. */
function send(...ids: readonly string[]): void {
  for (const id of ids) p.send(eventBody(id, 0, `+1555${ids.indexOf(id)}${id.length}`));
}

beforeEach(() => {
  p = new ProcessorOnFakes();
});

describe('a throttled call', () => {
  it('pauses the calls of all environments, and counts no attempt', async () => {
    p.answer = () => throttled('120');
    send('a');
    expect(await p.run()).toEqual(['a later: HTTP 429']);
    expect(p.row('a')).toMatchObject({ status: 'FAILED', attempts: 0 });
    expect(p.store.circuit.stored).toEqual({
      state: 'CLOSED',
      version: 0,
      notBeforeMs: START_MS + 120_000,
      outages: [],
      fault: { kind: 'throttled', status: 429, error: 'HTTP 429', sinceMs: START_MS, atMs: START_MS },
    });
    const calls = p.crmCalls.length;
    send('bb');
    expect(await p.run()).toEqual(['bb later: the CRM has asked for a pause']);
    const other = new SharedCircuitBreaker({ circuitBreakerStore: p.store.circuit, ...p.deps });
    send('ccc');
    const received = p.queue.receive(10);
    const chance = new SeededChance(2, 'other');
    await processBatch(received, p.clock.now() + 30_000, { ...p.deps, circuitBreaker: other, chance });
    expect(p.crmCalls).toHaveLength(calls);
    expect(p.row('ccc')).toBeUndefined();
    expect([...p.waits()].every((seconds) => seconds > 120 && seconds <= 152)).toBe(true);
  });

  it('is made again after the pause, as if nothing had been', async () => {
    p.answer = () => throttled('7');
    send('a');
    await p.run();
    p.answer = () => applied;
    p.clock.advance(20_000);
    expect(await p.run()).toEqual(['a applied']);
    expect(p.row('a')).toMatchObject({ status: 'COMPLETED', attempts: 1 });
  });

  it('never ends in quarantine, however often it happens', async () => {
    p.answer = () => throttled('2');
    send('a');
    for (let round = 0; round < 2 * DEFAULT_LIMITS.crmAttempts; round += 1) {
      await p.run();
      p.clock.advance(60_000);
    }
    expect([p.row('a')?.status, p.quarantine.messages.size]).toEqual(['FAILED', 0]);
  });

  it('is not made again at once where the CRM does not say how long, or what cannot be read', async () => {
    p.answer = () => throttled('soon');
    send('a');
    await p.run();
    expect(p.store.circuit.stored).toMatchObject({ notBeforeMs: START_MS + DEFAULT_LIMITS.backoffBaseMs });
  });

  it('waits as long as a rule says where the response does not', async () => {
    p.answer = () => ({ ...throttled(), meaning: { kind: 'throttled', waitMs: 60_000 } }) as CrmResponse;
    send('a');
    await p.run();
    expect(p.store.circuit.stored).toMatchObject({ notBeforeMs: START_MS + 60_000 });
  });

  it('opens the circuit breaker for a long pause: events wait in quarantine and return automatically', async () => {
    p.answer = () => throttled('3600');
    send('a');
    expect(await p.run()).toEqual(['a quarantined circuit_open']);
    expect(p.row('a')).toMatchObject({ status: 'QUARANTINED', attempts: 0, lastError: 'HTTP 429' });
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', probeAtMs: START_MS + 3_600_000 });
    send('bb');
    expect(await p.run()).toEqual(['bb quarantined circuit_open']);
    expect(p.crmCalls).toHaveLength(1);
    p.answer = () => applied;
    p.clock.advance(3_600_000);
    p.redrive();
    expect((await p.run()).sort()).toEqual(['a applied', 'bb quarantined circuit_open']);
    p.redrive();
    expect(await p.run()).toEqual(['bb applied']);
  });

  it('lets no probe through before the end of the pause that the last probe was told', async () => {
    p.answer = () => throttled('3600');
    send('a');
    await p.run();
    p.clock.advance(3_600_000);
    p.answer = () => throttled('1000');
    p.redrive();
    expect(await p.run()).toEqual(['a quarantined circuit_open']);
    expect(p.store.circuit.stored).toMatchObject({ state: 'OPEN', probeAtMs: START_MS + 4_600_000 });
  });
});
