/** Metrics of an invocation as a whole, as middy middleware. */
import { performance } from 'node:perf_hooks';
import type { MiddlewareObj } from '@middy/core';
import type { Metrics } from '../ports.ts';

/** Publishes when an invocation has ended, also by an error. To be used first, so that it is last. */
export function publishMetrics(metrics: { publish(): void }): MiddlewareObj {
  return { after: () => metrics.publish(), onError: () => metrics.publish() };
}

/** Records how long an invocation took, and how long its event loop stood still. */
export function measureInvocation(metrics: Metrics, lag: { start(): void; stop(): number }): MiddlewareObj {
  let beganAtMs = 0;
  const record = () => {
    metrics.add('EventLoopLag', lag.stop());
    metrics.add('IngestLatency', performance.now() - beganAtMs);
  };
  return {
    before: () => {
      beganAtMs = performance.now();
      lag.start();
    },
    after: record,
    onError: record,
  };
}
