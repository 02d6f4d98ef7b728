/** Metrics of an invocation as a whole, as middy middleware. */
import { performance } from 'node:perf_hooks';
import type { MiddlewareObj } from '@middy/core';
import type { Metrics } from '../ports.ts';

/**
 * Publishes when an invocation has ended, also by an error. To be used first, so that it is last.
 */
export function publishMetrics(metrics: { publish(): void }): MiddlewareObj {
  return { after: () => metrics.publish(), onError: () => metrics.publish() };
}

/**
 * Records how long an invocation took, and how long its event loop stood still; not for a request
 * that was refused: a sender of many of these must neither move the latency nor multiply the lines
 * of the log.
 */
export function measureInvocation(metrics: Metrics, lag: { start(): void; stop(): number }): MiddlewareObj {
  let beganAtMs = 0;
  const record = ({ response }: { readonly response: unknown }) => {
    const lagMs = lag.stop();
    if (isRefused(response)) return;
    metrics.add('EventLoopLag', lagMs);
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

function isRefused(response: unknown): boolean {
  const { statusCode = 0 } = (response ?? {}) as { readonly statusCode?: number };
  return statusCode >= 400 && statusCode < 500;
}
