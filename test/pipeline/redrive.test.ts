/**
 * Quarantine and the way back, on the real bundles, through the command and the schedule's request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

/**
 * The shortest that there is: so long, and a few seconds, what a killed run held is out of sight.
 */
const REDRIVE_TIMEOUT_MS = 5_000;

let pipeline: LocalPipelineProcess;
beforeAll(async () => {
  const context = { ...LIMITS_IN_SECONDS, 'limits.redriveFunctionTimeoutMs': String(REDRIVE_TIMEOUT_MS) };
  pipeline = await LocalPipelineProcess.start({ context });
});
afterAll(async () => pipeline?.dispose());
beforeEach(() => pipeline.setCrmFaults([]));

let ids = 0;

/** Posts an event and gives the key of its row. */
async function post(to: string, ageMs = 0): Promise<string> {
  ids += 1;
  const eventBridgeEventId = `e-${ids}`;
  const eventTimestamp = new Date(Date.now() - ageMs).toISOString();
  const interaction = { id: `i-${ids}`, to };
  const body = { eventBridgeEventId, eventType: 'interaction.created', eventTimestamp, interaction };
  expect((await pipeline.post(JSON.stringify(body))).status).toBe(202);
  return `EVENT#${eventBridgeEventId}`;
}

/** Waits until all rows have this status. */
function all(keys: readonly string[], status: string): Promise<void> {
  return pipeline.until(`${keys.length} events are ${status}`, async () => {
    const outcomes = await pipeline.outcomes(keys);
    return keys.every((key) => outcomes.get(key)?.status === status);
  });
}

async function inQuarantine(): Promise<number> {
  const { visible, inFlight } = await pipeline.count('quarantine');
  return visible + inFlight;
}

describe('npm run redrive', () => {
  it('shows what would move, moves just that, twice at once without harm, and nothing old over anything new', async () => {
    await pipeline.setCrmFaults([{ phone: '+refused', status: 422 }]);
    const refused = await post('+refused', 60_000);
    const refusedOld = await post('+refused', 120_000);
    const invalid = await post('');
    await all([refused, refusedOld, invalid], 'QUARANTINED');

    const dry = await pipeline.redrive('--reason', 'crm_rejected', '--dry-run');
    expect(dry.stdout).toMatch(/^ {2}would move +2 \(crm_rejected: 2\)$/m);
    expect(dry.stdout).toMatch(/^ {2}skipped +1 \(invalid_event: 1\)$/m);
    expect(dry.stdout).toMatch(/HTTP 422/);
    expect(dry.code).toBe(0);
    expect(await pipeline.count('quarantine')).toEqual({ visible: 3, inFlight: 0, delayed: 0 });

    await pipeline.setCrmFaults([]);
    const newer = await post('+refused');
    await all([newer], 'COMPLETED');
    const both = await Promise.all([
      pipeline.redrive('--reason', 'crm_rejected', '--json'),
      pipeline.redrive('--reason', 'crm_rejected', '--json'),
    ]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    const moved = both.map(({ stdout }) => (JSON.parse(stdout) as { moved: { total: number } }).moved.total);
    expect(moved.reduce((sum, count) => sum + count)).toBe(2);
    await all([refused, refusedOld], 'STALE');
    expect(await inQuarantine()).toBe(1);
    expect((await pipeline.rows([refused])).get(refused)).toMatchObject({ redrives: 1 });
  });

  it('distinguishes wrong options from a missing pipeline by its exit code', async () => {
    expect(await pipeline.redrive('--reason', 'bad_luck')).toMatchObject({ code: 2, stdout: '' });
    const ended = new LocalPipelineProcess();
    try {
      const { code, stderr } = await ended.redrive('--list');
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^No pipeline runs on /)]);
    } finally {
      await ended.dispose();
    }
  });

  it('loses nothing where its function is killed half-way, says so, and goes on call after call when run again', async () => {
    await pipeline.setCrmFaults([{ status: 422 }]);
    const keys = await Promise.all(Array.from({ length: 40 }, (_, index) => post(`+killed${index}`)));
    await all(keys, 'QUARANTINED');
    await pipeline.setCrmFaults([]);
    const appliedBefore = (await pipeline.crmState()).applied;
    const running = pipeline.redrive('--reason', 'crm_rejected', '--rate', '10');
    await pipeline.until('some are applied', async () => (await pipeline.crmState()).applied > appliedBefore);
    expect(pipeline.killEnvironments('Redrive')).toBeGreaterThan(0);
    const killed = await running;
    expect(killed.code).toBe(1);
    expect(killed.stderr).toMatch(/has failed: Runtime\.ExitError: .*SIGKILL/);
    expect(await inQuarantine()).toBeGreaterThan(10);
    // Its held messages return automatically.
    await sleep(REDRIVE_TIMEOUT_MS + 6_000);
    const again = await pipeline.redrive('--reason', 'crm_rejected', '--rate', '4');
    expect(again.stdout).toMatch(/^ {2}moved +\d\d \(crm_rejected: \d\d\)$/m);
    expect(again.stderr).toMatch(/^moved \d+, and there is more$/m);
    expect(again.code).toBe(0);
    await all(keys, 'COMPLETED');
    // The invalid one.
    expect(await inQuarantine()).toBe(1);
  });

  it('hands everything to SQS’s own task, and reports it', async () => {
    const { code, stdout } = await pipeline.redrive('--all');
    // As printed it must not ask anybody's account.
    expect(stdout).toMatch(
      /^ +AWS_ACCESS_KEY_ID=[0-9a-f]{32} AWS_SECRET_ACCESS_KEY=local aws --region us-east-1 --endpoint-url http:\/\/127\.0\.0\.1:\d+ sqs cancel-message-move-task --task-handle \S+$/m,
    );
    expect(code).toBe(0);
    // The invalid one is moved, and comes back.
    await pipeline.until('it is back', async () => {
      const [row] = await pipeline.quarantined('invalid_event');
      return row?.redrives === 1 && (await inQuarantine()) === 1;
    });
  });
});

describe('recovery', () => {
  it('brings back what an outage put into quarantine once the CRM is up, and leaves the rest', async () => {
    await pipeline.setCrmFaults([{ phone: '+refused-for-good', status: 422 }, { status: 503 }]);
    const keys: string[] = [];
    await pipeline.until('the circuit is open', async () => {
      keys.push(
        ...(await Promise.all(Array.from({ length: 10 }, (_, index) => post(`+outage${keys.length + index}`)))),
      );
      const waiting = await pipeline.quarantined('circuit_open');
      return waiting.length > 5;
    });
    const down = await pipeline.recover();
    expect(down).toMatchObject({ kind: 'recover', circuit: 'open', reachedEnd: false });

    await pipeline.setCrmFaults([{ phone: '+refused-for-good', status: 422 }]);
    await pipeline.until('all are applied', async () => {
      await pipeline.recover();
      const outcomes = await pipeline.outcomes(keys);
      return keys.every((key) => outcomes.get(key)?.status === 'COMPLETED');
    });
    expect(await pipeline.recover()).toMatchObject({ examined: 0, reachedEnd: true, circuit: 'closed' });
    // The invalid one.
    expect(await pipeline.count('quarantine')).toEqual({ visible: 1, inFlight: 0, delayed: 0 });
  });
});
