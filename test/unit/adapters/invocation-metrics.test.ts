/** Metrics of an invocation as a whole, whichever way it ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import { EventLoopLag } from '../../../lambdas/adapters/event-loop-lag.timers.ts';
import { measureInvocation, publishMetrics } from '../../../lambdas/adapters/invocation-metrics.middy.ts';
import { MemoryMetrics } from '../../harness/fakes/metrics.memory.ts';

/** Values that an invocation of `work` published, by metric. */
async function publishedBy(work: () => Promise<unknown>) {
  const metrics = new MemoryMetrics();
  const published: (readonly string[])[] = [];
  const handler = middy<unknown, unknown>()
    .use(publishMetrics({ publish: () => void published.push([...metrics.values.keys()].sort()) }))
    .use(measureInvocation(metrics, new EventLoopLag()))
    .handler(work);
  const ended = await handler({}, {} as Context).then(
    (answer: unknown) => answer,
    (error: Error) => error.message,
  );
  return { ended, published, latencies: metrics.values.get('IngestLatency') ?? [] };
}

describe('an invocation', () => {
  it('publishes once it has ended, with its latency and its lag', async () => {
    const { ended, published, latencies } = await publishedBy(async () => {
      await sleep(30);
      return 'answer';
    });
    expect([ended, published]).toEqual(['answer', [['EventLoopLag', 'IngestLatency']]]);
    expect(latencies[0]).toBeGreaterThanOrEqual(25);
  });

  it.each([
    [401, []],
    [413, []],
    [202, ['EventLoopLag', 'IngestLatency']],
    [503, ['EventLoopLag', 'IngestLatency']],
  ])('that answers %i is measured only if the request was not refused', async (statusCode, names) => {
    expect((await publishedBy(async () => ({ statusCode }))).published).toEqual([names]);
  });

  it('does so as well when it throws, and still throws', async () => {
    const { ended, published } = await publishedBy(() => Promise.reject(new Error('a bug')));
    expect([ended, published]).toEqual(['a bug', [['EventLoopLag', 'IngestLatency']]]);
  });
});
