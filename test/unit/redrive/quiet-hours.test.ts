import { describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { handleRedriveRequest } from '../../../lambdas/redrive/handle-request.ts';
import { MemoryQuarantineIndex } from '../../harness/fakes/quarantine-index.memory.ts';
import { MemoryBulkQueue, MemoryQuarantineQueue } from '../../harness/fakes/quarantine-queue.memory.ts';
import { eventBody, ProcessorOnFakes } from '../../harness/processor-on-fakes.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 5_000;

/** Processor and recovery on one table and two queues, with no traffic but what a test sends. */
class QuietPipeline {
  readonly processor = new ProcessorOnFakes();

  /**
   * Lets the schedule run once a minute. The processor polls while recovery waits, and between its
   * runs.
   */
  async minutes(count: number): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      const startMs = this.processor.clock.now();
      await this.#recover();
      while (this.processor.clock.now() < startMs + MINUTE_MS) await this.#pass(STEP_MS);
    }
  }

  async #pass(ms: number): Promise<void> {
    this.processor.clock.advance(ms);
    await this.processor.run();
  }

  async #recover(): Promise<void> {
    const { store, queue, quarantine, clock, log, metrics } = this.processor;
    const sleep = { for: (ms: number) => this.#pass(ms) };
    const index = new MemoryQuarantineIndex(store.events);
    await handleRedriveRequest({ action: 'recover' }, clock.now() + DEFAULT_LIMITS.redriveFunctionTimeoutMs, {
      quarantine: new MemoryQuarantineQueue(quarantine, sleep),
      deliveryQueue: new MemoryBulkQueue(queue),
      tasks: { start: async () => ({ kind: 'unavailable', cause: 'no tasks' }) },
      store,
      circuitBreaker: store.circuit,
      index,
      summaries: index,
      view: { quarantine: async () => ({ kind: 'unavailable', cause: 'not used' }) },
      clock,
      sleep,
      log,
      metrics,
      limits: DEFAULT_LIMITS,
    });
  }
}

describe('with no other traffic', () => {
  it('calls the CRM at most 25 times a day for an event that it always answers 500', async () => {
    const pipeline = new QuietPipeline();
    const { processor } = pipeline;
    processor.answer = () => ({ kind: 'answered', status: 500, excerpt: '' });
    processor.send(eventBody('a', 0));
    await pipeline.minutes(24 * 60);
    const firstDay = processor.crmCalls.length;
    await pipeline.minutes(24 * 60);
    expect([firstDay, processor.crmCalls.length - firstDay]).toEqual([22, 6]);
    expect(processor.row('a')).toMatchObject({ status: 'QUARANTINED', reason: 'retries_exhausted', redrives: 0 });
  });

  it('applies the event within four hours of the CRM’s recovery', async () => {
    const pipeline = new QuietPipeline();
    const { processor } = pipeline;
    processor.answer = () => ({ kind: 'answered', status: 500, excerpt: '' });
    processor.send(eventBody('a', 0));
    await pipeline.minutes(24 * 60);
    processor.answer = () => ({ kind: 'answered', status: 200, excerpt: '' });
    await pipeline.minutes(4 * 60 + 1);
    expect(processor.row('a')).toMatchObject({ status: 'COMPLETED' });
  });
});
