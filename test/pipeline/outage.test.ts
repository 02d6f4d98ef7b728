/**
 * The CRM down, on the real bundles: what it is spared, what waits where, and how all comes back.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { CircuitBreakerRow } from '../../lambdas/domain/crm/circuit-breaker.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

/** The profile's: from one probe to the next. */
const PROBE_EVERY_MS = 2_000;
const ENVIRONMENTS = 5;
/** Calls of an environment before its circuit breaker opens: ten failures, and those in flight. */
const CALLS_AT_MOST = ENVIRONMENTS * (10 + 5);

let pipeline: LocalPipelineProcess;
beforeAll(async () => {
  // Two expired leases instead of three: each costs a whole visibility timeout.
  const context = { ...LIMITS_IN_SECONDS, 'limits.poisonExpiredLeases': '2' };
  pipeline = await LocalPipelineProcess.start({ context });
});
afterAll(async () => pipeline?.dispose());
afterEach(async () => {
  await pipeline.setCrmFaults([]);
  await pipeline.until('the circuit is closed', async () => {
    await pipeline.post(event('closes the circuit', '+closing'));
    return (await circuit()).state === 'CLOSED';
  });
});

let ids = 0;
function event(prefix: string, to: string, atMs = Date.now()): string {
  ids += 1;
  const eventBridgeEventId = `${prefix.replaceAll(' ', '-')}-${ids}`;
  const eventTimestamp = new Date(atMs).toISOString();
  return JSON.stringify({
    eventBridgeEventId,
    eventType: 'interaction.created',
    eventTimestamp,
    interaction: { id: `i-${ids}`, to },
  });
}

function keyOf(body: string): string {
  return `EVENT#${(JSON.parse(body) as { eventBridgeEventId: string }).eventBridgeEventId}`;
}

async function rowOf(body: string) {
  return (await pipeline.rows([keyOf(body)])).get(keyOf(body));
}

async function circuit(): Promise<Partial<CircuitBreakerRow>> {
  return (await pipeline.rows(['CIRCUIT#crm'])).get('CIRCUIT#crm') ?? { state: 'CLOSED' };
}

/** Calls that reached the CRM since the `from`-th. */
async function callsSince(from: number) {
  return (await pipeline.crmCalls()).slice(from);
}

async function openTheCircuit(prefix: string): Promise<void> {
  await pipeline.setCrmFaults([{ status: 503 }]);
  await pipeline.until('the circuit is open', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, i) => pipeline.post(event(prefix, `+${prefix}${i}`))));
    return (await circuit()).state === 'OPEN';
  });
}

describe('while the CRM is down', () => {
  it('it receives a window of calls from each environment, and then one probe in all of them together', async () => {
    const before = (await pipeline.crmCalls()).length;
    await openTheCircuit('burst');
    const openedAtMs = (await circuit()).openedAtMs ?? 0;
    expect(pipeline.processes().filter(({ name }) => name.startsWith('function Processor')).length).toBeGreaterThan(1);
    await sleep(500);
    const opening = await callsSince(before);
    expect(opening.length).toBeLessThanOrEqual(CALLS_AT_MOST);

    // Traffic for three probes long: each of them is one call, whichever environment makes it.
    const endsAtMs = openedAtMs + 3.5 * PROBE_EVERY_MS;
    while (Date.now() < endsAtMs) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => pipeline.post(event('more', `+more${i}`))),
      );
      expect(answers.map(({ status }) => status)).toEqual(Array(10).fill(202));
      await sleep(50);
    }
    const probes = (await callsSince(before + opening.length)).map(({ atMs }) => atMs);
    expect(probes.length).toBeGreaterThan(0);
    for (const [index, atMs] of probes.entries()) {
      // A probe counts from when it is taken; its call comes a moment after.
      const previousMs = probes[index - 1] ?? openedAtMs;
      expect(atMs - previousMs).toBeGreaterThan(PROBE_EVERY_MS - 500);
    }
    expect((await pipeline.quarantined('circuit_open')).length).toBeGreaterThan(20);
  });

  it('a prober that is killed does not keep the circuit open', async () => {
    await openTheCircuit('prober');
    const before = (await pipeline.crmCalls()).length;
    // Every call: the one that is seen need not be the first.
    await pipeline.setCrmFaults([{ hang: true }]);
    await pipeline.until('a probe is under way', async () => {
      await pipeline.post(event('probe', '+probe'));
      return (await circuit()).probeOwner !== undefined && (await pipeline.crmState()).calls > before;
    });
    expect(pipeline.killEnvironments('Processor')).toBeGreaterThan(0);
    expect((await circuit()).state).toBe('OPEN');
    await pipeline.setCrmFaults([]);
    await pipeline.until('the next probe has closed it', async () => {
      await pipeline.post(event('next', '+next'));
      return (await circuit()).state === 'CLOSED';
    });
  });

  it('an event that kills its process again and again is quarantined as poison, and takes nobody along', async () => {
    await pipeline.setCrmFaults([{ phone: '+poison', hang: true }]);
    const [poison = '', ...others] = ['poison', ...Array(9).fill('other')].map((name, i) =>
      event(name, `+${name}${i || ''}`),
    );
    await Promise.all([poison, ...others].map((body) => pipeline.post(body)));
    let kills = 0;
    await pipeline.until('it is quarantined', async () => {
      const rows = await pipeline.rows([poison, ...others].map(keyOf));
      const row = rows.get(keyOf(poison));
      const isHeld = row?.status === 'IN_PROGRESS' && Number(row.leaseExpiresAtMs) > Date.now();
      // Killing ends every environment. Another event that is under way at both kills would rightly
      // be poison too.
      const isAlone = others.every((body) => rows.get(keyOf(body))?.status !== 'IN_PROGRESS');
      const isTime = isHeld && row.expiredLeases === kills && (kills === 0 || isAlone);
      if (isTime && pipeline.killEnvironments('Processor') > 0) kills += 1;
      return row?.status === 'QUARANTINED';
    });
    expect(kills).toBe(2);
    expect(await rowOf(poison)).toMatchObject({ reason: 'poison' });
    for (const other of others)
      await pipeline.until('all others are applied', async () => (await rowOf(other))?.status === 'COMPLETED');
  });
});
