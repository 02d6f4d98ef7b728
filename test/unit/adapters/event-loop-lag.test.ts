import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { EventLoopLag } from '../../../lambdas/adapters/event-loop-lag.timers.ts';

function block(forMs: number): void {
  const untilMs = performance.now() + forMs;
  while (performance.now() < untilMs);
}

describe('the lag of the event loop', () => {
  it('is the longest time for which it stood still', async () => {
    const lag = new EventLoopLag();
    lag.start();
    await sleep(15);
    block(120);
    await sleep(15);
    expect(lag.stop()).toBeGreaterThanOrEqual(100);
  });

  it('counts what stands still until the very end', () => {
    const lag = new EventLoopLag();
    lag.start();
    block(60);
    expect(lag.stop()).toBeGreaterThanOrEqual(45);
  });

  it('does not count the time between two invocations', async () => {
    const lag = new EventLoopLag();
    lag.start();
    lag.stop();
    block(200);
    lag.start();
    expect(lag.stop()).toBeLessThan(100);
  });
});
