/** Recovery and the processor together: every automatic return of an event is counted, and ends. */
import { describe, expect, it } from '@jest/globals';
import {
  type CircuitBreakerRow,
  closeCircuitBreaker,
  openCircuitBreaker,
} from '../../../lambdas/domain/crm/circuit-breaker.ts';
import type { Unavailable } from '../../../lambdas/ports.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';
import { RedriveOnFakes, type Run } from '../../harness/redrive-on-fakes.ts';

const MINUTE_MS = 60_000;
const RECOVERIES_MAX = 3;
const ROUNDS = 6;

/** Both functions on one table and one pair of queues. */
function pipeline() {
  const redrive = new RedriveOnFakes({ limits: { recoveriesMax: RECOVERIES_MAX, redrivesMax: RECOVERIES_MAX } });
  const { store, clock, quarantine, delivery } = redrive;
  const processor = new ProcessorOnFakes({ deps: { store, clock, quarantine } });
  let circuit: CircuitBreakerRow = { state: 'CLOSED', version: 1, outages: [], succeededAtMs: START_MS };
  /** Processes what is in the delivery queue while the circuit breaker is open. */
  const processWhileOpen = async () => {
    circuit = openCircuitBreaker(circuit, clock.now(), redrive.limits);
    store.circuit.stored = { ...circuit };
    for (const id of [...delivery.messages.keys()]) delivery.move(id, processor.queue);
    processor.clock.advance(clock.now() - processor.clock.now());
    await processor.run();
  };
  /** Runs recovery while the circuit breaker is closed. */
  const recoverWhileClosed = async () => {
    circuit = closeCircuitBreaker(circuit, clock.now());
    store.circuit.stored = { ...circuit };
    // What the index does not list is searched for every ten minutes.
    clock.advance(10 * MINUTE_MS - (clock.now() % (10 * MINUTE_MS)));
    return redrive.run({ action: 'recover' });
  };
  return { redrive, processor, processWhileOpen, recoverWhileClosed };
}

/** Messages that recovery moves in each of six rounds. */
async function moved(round: () => Promise<Run>): Promise<number[]> {
  const each: number[] = [];
  while (each.length < ROUNDS) each.push((await round()).moved.total);
  return each;
}

describe('an event that is quarantined again each time that recovery returns it', () => {
  it('stays after recoveriesMax returns while the circuit breaker opens and closes', async () => {
    const { redrive, processor, processWhileOpen, recoverWhileClosed } = pipeline();
    processor.send(eventBody('flapping', 0));
    const rounds = await moved(async () => {
      await processWhileOpen();
      return recoverWhileClosed();
    });
    expect(rounds).toEqual([1, 1, 1, 0, 0, 0]);
    expect(redrive.quarantine.messages.size).toBe(1);
  });

  it('stays after as many although the state table records none of them', async () => {
    const { redrive, processor, processWhileOpen, recoverWhileClosed } = pipeline();
    const unavailable: Unavailable = { kind: 'unavailable', cause: 'DynamoDB: AccessDeniedException' };
    Object.assign(redrive.store, { settle: async () => unavailable });
    processor.send(eventBody('unrecorded', 0));
    const rounds = await moved(async () => {
      await processWhileOpen();
      return recoverWhileClosed();
    });
    expect(rounds).toEqual([1, 1, 1, 0, 0, 0]);
    expect(redrive.store.events.size).toBe(0);
  });
});

describe('a message that SQS moves to quarantine each time that recovery returns it', () => {
  it('stays after redrivesMax returns', async () => {
    const { redrive, recoverWhileClosed } = pipeline();
    redrive.put({ id: 'kills-the-function' });
    const rounds = await moved(async () => {
      for (const id of [...redrive.delivery.messages.keys()]) redrive.delivery.move(id, redrive.quarantine);
      return recoverWhileClosed();
    });
    expect(rounds).toEqual([1, 1, 1, 0, 0, 0]);
  });

  it('stays at once if it has no room for the count, until a person redrives it', async () => {
    const { redrive, recoverWhileClosed } = pipeline();
    redrive.quarantine.sendNow({ body: 'x'.repeat(1_048_570), attributes: {} });
    expect((await recoverWhileClosed()).skipped.why).toEqual({ needs_a_person: 1 });
    expect((await redrive.run({ filter: { reasons: ['dead_lettered'] } })).moved.total).toBe(1);
  });
});
