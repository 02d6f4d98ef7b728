import { describe, expect, it } from '@jest/globals';
import { LocalPipelineProcess, PATIENCE_MS } from '../harness/local-pipeline.ts';
import { killRun } from './kill-run.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

function body(id: string, to: string): string {
  return JSON.stringify({
    eventBridgeEventId: id,
    eventType: 'interaction.created',
    eventTimestamp: new Date().toISOString(),
    interaction: { id: `i-${id}`, type: 'voice', to },
  });
}

describe('a pipeline that is killed', () => {
  it('has applied, after a restart, every event that it had answered 202, and none twice', async () => {
    const report = await killRun({
      events: 100,
      duplicates: 3,
      context: LIMITS_IN_SECONDS,
      killAfterMs: 900,
      crmDelayMs: 100,
      patienceMs: PATIENCE_MS,
    });
    expect(report).toMatchObject({ lost: [], appliedTwice: [], unexplainedCalls: [] });
    // Otherwise the kill came too early, or too late, to mean anything.
    expect(report.acceptedEvents).toBeGreaterThan(0);
    expect(report.applied).toBe(report.acceptedEvents);
    expect(report.appliedBeforeKill).toBeLessThan(report.acceptedEvents);
  });

  it.each([
    ['before the CRM has applied the call', { hang: true, times: 1 }, 1, ['failed 0', 'applied 200']],
    [
      'after the CRM has applied the call',
      { hang: true, applyFirst: true, times: 1 },
      1,
      ['applied 200', 'repeated 200'],
    ],
  ] as const)(
    'between claim and settle, %s, calls again after the lease, with the same key',
    async (_when, fault, callsBeforeKill, calls) => {
      // The CRM must be waited for longer than it takes to kill.
      const context = { ...LIMITS_IN_SECONDS, 'limits.crmTimeoutMs': '600' };
      const pipeline = await LocalPipelineProcess.start({ context });
      try {
        await pipeline.setCrmFaults([fault]);
        expect((await pipeline.post(body('killed', '+15550100'))).status).toBe(202);
        await pipeline.until(
          'the CRM has been called',
          async () => (await pipeline.crmState()).calls === callsBeforeKill,
        );
        expect(pipeline.killEnvironments('Processor')).toBeGreaterThan(0);
        await pipeline.until('it is settled', async () => {
          const rows = await pipeline.rows(['EVENT#killed']);
          return rows.get('EVENT#killed')?.status === 'COMPLETED';
        });
        const seen = await pipeline.crmCalls();
        expect(seen.map(({ outcome, status }) => `${outcome} ${status}`)).toEqual(calls);
        expect(seen.map(({ key }) => key)).toEqual(['killed', 'killed']);
        const row = (await pipeline.rows(['EVENT#killed'])).get('EVENT#killed');
        expect(row).toMatchObject({ status: 'COMPLETED', attempts: 2, expiredLeases: 1 });
        expect(await pipeline.count('quarantine')).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
      } finally {
        await pipeline.dispose();
      }
    },
  );
});
