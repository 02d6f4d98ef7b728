/** The smoke test's checks against a stand-in for the pipeline; time is virtual. */
import { describe, expect, it } from '@jest/globals';
import { type CheckResult, runSmokeChecks } from '../../../bin/smoke/checks.ts';
import type { SmokeTarget } from '../../../bin/smoke/target.ts';
import { sign, signingKeyFrom } from '../../../lambdas/domain/delivery/signature.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';

const SECRET = 'ab'.repeat(32);
const NOW_MS = Date.parse('2026-01-31T09:30:00Z');
const EMPTY = { kind: 'counted', visible: 0, inFlight: 0, delayed: 0 } as const;

interface World {
  readonly secret?: string;
  readonly ingestSecret?: string;
  readonly rows?: readonly Partial<EventRow>[];
  readonly waiting?: number;
  readonly quarantined?: number;
  readonly alarms?: readonly string[];
  readonly serverTimeMs?: number;
}

/**
 * Runs the checks: `rows` is what each look at the state table finds, the last one again and again.
 */
async function smoke(world: World): Promise<readonly CheckResult[]> {
  const { secret = SECRET, ingestSecret = SECRET, rows = [{ status: 'IGNORED' }], serverTimeMs = NOW_MS } = world;
  let nowMs = NOW_MS;
  let looks = 0;
  const { alarms } = world;
  const target: SmokeTarget = {
    name: 'the stack test',
    webhookUrl: 'https://webhook.example.com/v1/eventbridge/genesys',
    secrets: { read: async () => ({ versionId: '1', value: secret, createdAtMs: 0 }) },
    view: {
      find: async () => {
        const row = rows[Math.min(looks++, rows.length - 1)];
        return { kind: 'found', rows: row === undefined ? [] : [{ key: 'EVENT#1', row: row as EventRow }] };
      },
    },
    deliveryQueue: { read: async () => ({ ...EMPTY, visible: world.waiting ?? 0 }) },
    quarantine: { read: async () => ({ ...EMPTY, visible: world.quarantined ?? 0 }) },
    ...(alarms === undefined ? {} : { firingAlarms: async () => alarms }),
    close: () => undefined,
  };
  return runSmokeChecks(target, {
    now: () => nowMs,
    sleep: async (ms) => {
      nowMs += ms;
    },
    fetch: async (_url, init) => {
      const key = signingKeyFrom(ingestSecret);
      const headers = init?.headers as Record<string, string>;
      const genuine = key !== undefined && headers['x-genesys-cloud-signature'] === sign(init?.body as Buffer, key);
      return new Response('{}', {
        status: genuine ? 202 : 401,
        headers: { date: new Date(serverTimeMs).toUTCString() },
      });
    },
    onProgress: () => undefined,
    patienceMs: 40_000,
    lookEveryMs: 500,
  });
}

function resultOf(results: readonly CheckResult[], name: string): string {
  const found = results.find((result) => result.name === name);
  return `${found?.result} ${found?.detail}`;
}

describe('npm run smoke', () => {
  it('passes every check of a pipeline that works', async () => {
    const results = await smoke({ alarms: [] });
    expect(results.map(({ name, result }) => [name, result])).toEqual([
      ['wrong signature', 'ok'],
      ['delivery', 'ok'],
      ['clock', 'ok'],
      ['end of the event', 'ok'],
      ['delivery queue', 'ok'],
      ['quarantine', 'ok'],
      ['alarms', 'ok'],
    ]);
  });

  it('checks no alarms where the pipeline has none', async () => {
    expect((await smoke({})).map(({ name }) => name)).not.toContain('alarms');
  });

  it('says that ingest knows another secret, and does not wait for an event that was refused', async () => {
    const results = await smoke({ ingestSecret: 'cd'.repeat(32) });
    expect(resultOf(results, 'delivery')).toBe(
      'fail answered 401, expected 202: ingest knows another secret; a new version is known after the secret cache has expired',
    );
    expect(resultOf(results, 'end of the event')).toBe('fail not checked: the event was not accepted');
  });

  it('never prints a malformed secret', async () => {
    const results = await smoke({ secret: 'not-hexadecimal' });
    expect(resultOf(results, 'delivery')).toBe('fail the stream secret has no current value of 64 hexadecimal digits');
    expect(JSON.stringify(results)).not.toContain('not-hexadecimal');
  });

  it('says that the processor has not taken the event', async () => {
    expect(resultOf(await smoke({ rows: [] }), 'end of the event')).toBe(
      'fail no row after 40 s: the processor has not taken the event; see its log and its event source',
    );
  });

  it('waits for an event that ends later', async () => {
    const rows = [{ status: 'IN_PROGRESS' }, { status: 'IN_PROGRESS' }, { status: 'IGNORED' }] as const;
    expect(resultOf(await smoke({ rows }), 'end of the event')).toBe('ok IGNORED after 1.0 s');
  });

  it('says that the queue is backed up', async () => {
    expect(resultOf(await smoke({ waiting: 2_310 }), 'delivery queue')).toBe(
      'fail 2310 waiting, 0 in flight or backing off: the queue is backed up',
    );
  });

  it('warns of messages in quarantine without failing', async () => {
    expect(resultOf(await smoke({ quarantined: 3 }), 'quarantine')).toBe(
      'warn 3 messages: npm run redrive -- --list shows why',
    );
  });

  it('names the alarms that fire', async () => {
    expect(resultOf(await smoke({ alarms: ['test-QuarantineNotEmpty'] }), 'alarms')).toBe(
      'fail in ALARM: test-QuarantineNotEmpty',
    );
  });

  it('fails if the clocks differ by more than a minute', async () => {
    expect(resultOf(await smoke({ serverTimeMs: NOW_MS - 90_000 }), 'clock')).toBe(
      'fail 90 s between this machine and the webhook',
    );
  });
});
