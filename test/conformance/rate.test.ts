/** Every connector keeps to the rate of its vendor, however many processors there are. */
import { describe, expect, it } from '@jest/globals';
import type { Connector, RequestRate } from '../../lambdas/domain/crm/connector.ts';
import { PacedProcessors } from './paced-processors.ts';
import { SUBJECTS, type Subject } from './subjects.ts';

/** The fake restarts its penalty with each request that comes too early. */
function expectNeverThrottled(paced: PacedProcessors): void {
  const throttled = paced.connector.fake.calls.filter(({ status }) => status === 429);
  expect([throttled, paced.connector.fake.state.early]).toEqual([[], 0]);
}

function pacedFor(subject: Subject): { readonly paced: PacedProcessors; readonly rate: RequestRate } {
  const { rate } = subject.connector as Connector & { readonly rate: RequestRate };
  return { paced: new PacedProcessors(subject, rate), rate };
}

describe.each(SUBJECTS)('the connector $name', (subject) => {
  it('keeps within its rate for 1,000 new contacts and 1,000 further events, and uses two thirds of it', async () => {
    const { paced, rate } = pacedFor(subject);
    paced.send(1_000, 'interaction.created');
    await paced.run();
    paced.send(600, 'interaction.created');
    paced.send(400, 'interaction.ended');
    await paced.run();
    expect(paced.waits.live.length).toBe(2_000);
    expectNeverThrottled(paced);
    expect(paced.mostInWindow()).toBeLessThanOrEqual(rate.requests);
    const windows = paced.tookMs() / rate.windowMs;
    expect(paced.connector.fake.calls.length / windows).toBeGreaterThan((rate.requests * 2) / 3);
    // Refused takes included: less than a write unit an event.
    expect(paced.rateStore.writes).toBeLessThan(2_000);
  });

  it('applies live events within seconds while 500 events come back from quarantine', async () => {
    const { paced } = pacedFor(subject);
    paced.send(500, 'interaction.created', true);
    await paced.run(paced.trickle(60, 1_000));
    expect([paced.waits.live.length, paced.waits.redriven.length]).toEqual([60, 500]);
    expectNeverThrottled(paced);
    expect(Math.max(...paced.waits.live)).toBeLessThan(15);
  });
});
