import { describe, expect, it } from '@jest/globals';
import {
  type CircuitBreakerRow,
  closeCircuitBreaker,
  openCircuitBreaker,
} from '../../../lambdas/domain/crm/circuit-breaker.ts';
import { contactKey } from '../../../lambdas/domain/event/event-key.ts';
import { positionOf } from '../../../lambdas/domain/idempotency/position.ts';
import type { BatchQueue } from '../../../lambdas/ports.ts';
import { judge } from '../../../lambdas/redrive/recovery-rules.ts';
import { MemoryBulkQueue } from '../../harness/fakes/quarantine-queue.memory.ts';
import { START_MS } from '../../harness/processor-on-fakes.ts';
import { many, RedriveOnFakes } from '../../harness/redrive-on-fakes.ts';

const MINUTE_MS = 60_000;
const RECOVER = { action: 'recover' };

/** Before: an outage from minute 10 to minute 20. The test begins at minute 30, or later. */
const OUTAGE = { openedAtMs: START_MS + 10 * MINUTE_MS, closedAtMs: START_MS + 20 * MINUTE_MS };
const AFTER: CircuitBreakerRow = { state: 'CLOSED', version: 1, outages: [OUTAGE] };
const minute = (count: number) => count * MINUTE_MS;

function worldAfter(circuit: CircuitBreakerRow | undefined, limits: Record<string, number> = {}): RedriveOnFakes {
  const world = new RedriveOnFakes({ limits });
  world.clock.advance(minute(30));
  world.store.circuit.stored = circuit === undefined ? undefined : { ...circuit };
  return world;
}

/** An open circuit whose next probe is due, or is not for so long. */
function openCircuit(world: RedriveOnFakes, dueInMs = 0): CircuitBreakerRow {
  const row = {
    ...openCircuitBreaker(AFTER, START_MS + minute(25), world.limits),
    probeAtMs: world.clock.now() + dueInMs,
  };
  world.store.circuit.stored = { ...row };
  return row;
}

/** A delivery queue in front of a processor that works on what comes as `works` says. */
function watched(world: RedriveOnFakes, works: (eventId: string, sent: number) => void): BatchQueue {
  const bulk = new MemoryBulkQueue(world.delivery);
  let sent = 0;
  return {
    sendBatch: async (envelopes) => {
      const done = await bulk.sendBatch(envelopes);
      for (const { attributes } of envelopes) {
        sent += 1;
        works(attributes.eventId ?? '', sent);
      }
      return done;
    },
  };
}

describe('recovery', () => {
  it('ends at once where quarantine is empty, without asking the table', async () => {
    const world = worldAfter(AFTER);
    const circuit = { read: () => Promise.reject(new Error('was asked')) };
    const run = await world.run(RECOVER, { circuitBreaker: circuit });
    expect(run).toMatchObject({ kind: 'recover', examined: 0, reachedEnd: true });
    expect(world.clock.now()).toBe(START_MS + minute(30) + 1);
  });

  it('touches nothing where all that waits is for a person', async () => {
    const world = worldAfter(AFTER);
    world.put(
      { id: 'rejected', reason: 'crm_rejected' },
      { id: 'locked', reason: 'retries_exhausted', failedBy: 'record' },
      { id: 'called-a-moment-ago', reason: 'retries_exhausted', atMs: minute(30) - 59_000 },
      { id: 'often', reason: 'circuit_open', recoveries: 200 },
    );
    const quarantine = { ...world.deps.quarantine, count: () => world.deps.quarantine.count() };
    const receive = () => Promise.reject(new Error('was received'));
    expect(await world.run(RECOVER, { quarantine: Object.assign(quarantine, { receive }) })).toMatchObject({
      examined: 0,
      circuit: 'closed',
    });
  });

  it('waits for messages that another run holds for a while', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'held', reason: 'circuit_open', atMs: minute(15) });
    await world.deps.quarantine.receive(12_000);
    expect(await world.run(RECOVER)).toMatchObject({ moved: { total: 1 }, reachedEnd: true });
    expect(world.ids('delivery')).toEqual(['held']);
  });

  it('takes back what the outage put there, and what has failed before a call succeeded', async () => {
    const world = worldAfter(AFTER);
    const skewMs = world.limits.clockSkewMs;
    world.put(
      { id: 'open', reason: 'circuit_open', atMs: minute(12) },
      { id: 'open-long-ago', reason: 'circuit_open', atMs: 0 },
      { id: 'open-after-redrives', reason: 'circuit_open', redrives: 9 },
      { id: 'open-200-times', reason: 'circuit_open', recoveries: 200 },
      { id: 'exhausted', reason: 'retries_exhausted', atMs: minute(15) },
      { id: 'exhausted-before-the-outage', reason: 'retries_exhausted', atMs: minute(1) },
      { id: 'exhausted-as-it-closed', reason: 'retries_exhausted', atMs: minute(20) + skewMs },
      { id: 'exhausted-again', reason: 'retries_exhausted', atMs: minute(15), recoveries: 3 },
      { id: 'exhausted-and-pausing', reason: 'retries_exhausted', atMs: minute(15), recoveries: 4 },
      { id: 'exhausted-by-its-record', reason: 'retries_exhausted', atMs: minute(15), failedBy: 'record' },
      { id: 'rejected', reason: 'crm_rejected', atMs: minute(15) },
      { id: 'invalid', reason: 'invalid_event', atMs: minute(15) },
      { id: 'poison', reason: 'poison', atMs: minute(15) },
      { id: 'moved-by-sqs' },
    );
    const run = await world.run(RECOVER);
    expect(world.ids('delivery')).toEqual([
      'exhausted',
      'exhausted-again',
      'exhausted-as-it-closed',
      'exhausted-before-the-outage',
      'moved-by-sqs',
      'open',
      'open-after-redrives',
      'open-long-ago',
    ]);
    expect(run.skipped.why).toEqual({ redrives_max: 1, pausing: 1, needs_a_person: 4 });
    expect(run).toMatchObject({ circuit: 'closed', reachedEnd: true });
    expect(world.ids('quarantine', 'visible')).toHaveLength(6);
  });

  it('tries one event that failed all its calls where no call has succeeded since, and then the others', async () => {
    const world = worldAfter(AFTER);
    world.put(...many(5, 'exhausted', { reason: 'retries_exhausted', atMs: minute(25) }));
    const deliveryQueue = watched(world, (_id, sent) => {
      if (sent === 1) world.store.circuit.stored = { ...AFTER, succeededAtMs: world.clock.now() };
    });
    const run = await world.run(RECOVER, { deliveryQueue });
    expect(run).toMatchObject({ circuit: 'closed', moved: { total: 5 }, reachedEnd: true });
  });

  it('tries one event a run for as long as no call succeeds', async () => {
    const world = worldAfter(AFTER);
    world.put(...many(5, 'exhausted', { reason: 'retries_exhausted', atMs: minute(25) }));
    const run = await world.run(RECOVER);
    expect(run).toMatchObject({ moved: { total: 1 }, skipped: { why: { no_success_since: 4 } }, reachedEnd: true });
  });

  it('says in the message that recovery has sent it back, and how often', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'open', reason: 'circuit_open', recoveries: 2 }, { id: 'moved-by-sqs' });
    await world.run(RECOVER);
    const notes = [...world.delivery.messages.values()].map(({ envelope }) =>
      JSON.parse(envelope.attributes.quarantine ?? ''),
    );
    const at = '2026-01-31T10:00:00.001Z';
    expect(notes).toEqual([
      {
        reason: 'circuit_open',
        at: '2026-01-31T09:30:00.000Z',
        attempts: 1,
        redrives: 0,
        recoveries: 3,
        lastError: 'circuit_open of open',
        returned: { at, by: 'recovery' },
      },
      {
        reason: 'dead_lettered',
        at,
        attempts: 0,
        redrives: 0,
        recoveries: 1,
        lastError: 'SQS moved the message to quarantine after too many receives',
        returned: { at, by: 'recovery' },
      },
    ]);
  });

  it('takes a message that SQS moves to quarantine again and again back five times', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'moved-by-sqs' });
    const rounds: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      rounds.push((await world.run(RECOVER)).moved.total);
      for (const id of [...world.delivery.messages.keys()]) world.delivery.move(id, world.quarantine);
      // Messages that the index does not list are searched for every ten minutes.
      world.clock.advance(minute(10) - (world.clock.now() % minute(10)));
    }
    expect(rounds).toEqual([1, 1, 1, 1, 1, 0, 0, 0]);
    expect(world.ids('quarantine')).toEqual(['moved-by-sqs']);
  });

  it('looks for messages without a row every ten minutes only', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'moved-by-sqs' });
    world.clock.advance(minute(1));
    expect((await world.run(RECOVER)).examined).toBe(0);
    world.clock.advance(minute(9));
    expect((await world.run(RECOVER)).moved.total).toBe(1);
  });

  it('receives no message for events whose newer event is unsettled', async () => {
    const world = worldAfter(AFTER);
    for (const { id } of many(502, 'behind', { reason: 'behind_newer' })) {
      world.put({ id, reason: 'behind_newer' });
      world.setRow(id, { orderingKey: 'digest', position: positionOf({ timestampMs: START_MS, id }) });
    }
    world.store.contacts.set(contactKey('digest'), {
      unsettled: positionOf({ timestampMs: START_MS + minute(9), id: 'newer' }),
    });
    world.clock.advance(minute(1));
    const before = world.clock.now();
    expect(await world.run(RECOVER)).toMatchObject({ examined: 0, reachedEnd: true });
    expect(world.clock.now()).toBe(before + 1);
    world.store.contacts.set(contactKey('digest'), {
      newest: positionOf({ timestampMs: START_MS + minute(9), id: 'newer' }),
    });
    expect((await world.run(RECOVER)).moved.total).toBeGreaterThan(400);
  });

  it('takes an event behind a newer one back once that is final', async () => {
    const world = worldAfter(AFTER);
    const newer = positionOf({ timestampMs: START_MS + minute(9), id: 'newer' });
    const older = positionOf({ timestampMs: START_MS - minute(9), id: 'older' });
    const contacts = {
      waits: { newest: older, unsettled: newer },
      overtaken: { newest: newer, unsettled: newer },
      'given-back': { newest: older, unsettled: '' },
      'behind-older': { unsettled: older },
      'worked-on': { unsettled: '', holder: 'other', leaseExpiresAtMs: world.clock.now() + 1_000 },
      unknown: undefined,
    };
    for (const [id, contact] of Object.entries(contacts)) {
      world.put({ id, reason: 'behind_newer' });
      world.setRow(id, { orderingKey: `digest of ${id}` });
      if (contact !== undefined) world.store.contacts.set(contactKey(`digest of ${id}`), contact);
    }
    world.put({ id: 'without-contact', reason: 'behind_newer' });
    const run = await world.run(RECOVER);
    expect(world.ids('delivery')).toEqual(['behind-older', 'given-back', 'overtaken', 'without-contact']);
    expect(run.skipped.why).toEqual({ newer_unsettled: 3 });
    expect(world.ids('quarantine', 'visible')).toEqual(['unknown', 'waits', 'worked-on']);
  });

  it('reads the rows of a hundred contacts', async () => {
    const world = worldAfter(AFTER);
    for (const { id } of many(100, 'behind', { reason: 'behind_newer' })) {
      const position = positionOf({ timestampMs: START_MS, id });
      world.put({ id, reason: 'behind_newer' });
      world.setRow(id, { orderingKey: `digest of ${id}`, position });
      world.store.contacts.set(contactKey(`digest of ${id}`), { unsettled: position });
    }
    expect((await world.run(RECOVER)).moved.total).toBe(100);
  });

  it('takes an event behind a newer one back once the row of its contact may have expired', async () => {
    const world = worldAfter(AFTER, { contactRowTtlMs: minute(60) });
    world.put({ id: 'behind', reason: 'behind_newer' });
    world.setRow('behind', {
      orderingKey: 'digest',
      position: positionOf({ timestampMs: world.clock.now() - minute(59), id: 'behind' }),
    });
    expect((await world.run(RECOVER)).moved.total).toBe(0);
    world.clock.advance(minute(2));
    expect((await world.run(RECOVER)).moved.total).toBe(1);
  });

  it.each([
    ['an event that was applied before', {}, 'return'],
    ['the same event, sent again by a replay,', { isReplay: true }, 'newer_unsettled'],
  ] as const)('while a newer one is unsettled, says of %s: %s', (_what, place, verdict) => {
    const position = positionOf({ timestampMs: START_MS, id: 'a' });
    const newer = positionOf({ timestampMs: START_MS + 1, id: 'b' });
    const world = worldAfter(AFTER);
    const contacts = new Map([[contactKey('digest'), { newest: position, unsettled: newer }]]);
    const entry = { reason: 'behind_newer', atMs: 0, redrives: 0, orderingKey: 'digest', position, ...place } as const;
    const circuit = { version: 0, state: 'CLOSED' } as never;
    expect(judge(entry, { circuit, contacts, nowMs: START_MS, limits: world.limits })).toBe(verdict);
  });

  it('moves at its rate, for less than the minute after which it is called again', async () => {
    const world = worldAfter(AFTER, { recoveryRatePerSecond: 5 });
    world.put(...many(400, 'open', { reason: 'circuit_open' }));
    const startMs = world.clock.now();
    const run = await world.run(RECOVER);
    expect(run.moved.total).toBeGreaterThan(5 * 40);
    expect(run.moved.total).toBeLessThanOrEqual(5 * 50);
    expect(run).toMatchObject({ stoppedBecause: 'time', reachedEnd: false });
    expect(world.clock.now() - startMs).toBeLessThan(MINUTE_MS);
    expect(world.ids('quarantine', 'visible')).toHaveLength(400 - run.moved.total);
  });

  it('does not wait behind failures that are permanent', async () => {
    const world = worldAfter(AFTER, { recoveryRatePerSecond: 1 });
    world.put(...many(300, 'rejected', { reason: 'crm_rejected' }), { id: 'open', reason: 'circuit_open' });
    await world.run(RECOVER);
    expect(world.ids('delivery')).toEqual(['open']);
  });

  it('stops within seconds of the circuit’s opening again', async () => {
    const world = worldAfter(AFTER, { recoveryRatePerSecond: 10 });
    world.put(...many(200, 'open', { reason: 'circuit_open' }));
    const deliveryQueue = watched(world, (_id, sent) => {
      if (sent === 50) openCircuit(world, 30_000);
    });
    const run = await world.run(RECOVER, { deliveryQueue });
    expect(run).toMatchObject({ circuit: 'open', stoppedBecause: 'circuit_open', reachedEnd: false });
    expect(run.moved.total).toBeLessThanOrEqual(50 + 3 * 10);
    expect(world.ids('quarantine', 'visible')).toHaveLength(200 - run.moved.total);
  });

  it('takes an event back once a run, also where it comes again at once', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'open', reason: 'circuit_open' });
    const deliveryQueue = watched(world, (id) =>
      world.put({ id, reason: 'circuit_open', atMs: world.clock.now() - START_MS }),
    );
    const run = await world.run(RECOVER, { deliveryQueue });
    expect(run).toMatchObject({ moved: { total: 1 }, skipped: { why: { arrived_during_run: 1 } }, reachedEnd: true });
  });

  it('does nothing where the table does not say what the circuit is', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'open', reason: 'circuit_open' });
    const read = async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) as const;
    const run = await world.run(RECOVER, { circuitBreaker: { read } });
    expect(run).toMatchObject({ examined: 0, stoppedBecause: 'unavailable', cause: 'DynamoDB: timeout' });
  });

  it('looks for itself where the index cannot be asked', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'open', reason: 'circuit_open' });
    const list = async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) as const;
    expect((await world.run(RECOVER, { index: { list } })).moved.total).toBe(1);
  });
});

describe('recovery while the circuit is open', () => {
  it('sends nothing before a probe is due', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'open', reason: 'circuit_open' });
    openCircuit(world, 2);
    expect(await world.run(RECOVER)).toMatchObject({ examined: 0, circuit: 'open', stoppedBecause: 'circuit_open' });
  });

  it('sends one event as the probe, waits for a while, and lets the others wait where it fails', async () => {
    const world = worldAfter(AFTER);
    world.put({ id: 'rejected', reason: 'crm_rejected' }, ...many(30, 'open', { reason: 'circuit_open' }));
    openCircuit(world);
    const startMs = world.clock.now();
    const run = await world.run(RECOVER);
    expect(world.ids('delivery')).toHaveLength(1);
    expect(run).toMatchObject({ circuit: 'open', stoppedBecause: 'circuit_open', moved: { total: 1 } });
    expect(world.clock.now() - startMs).toBe(15_001);
    expect(world.ids('quarantine', 'visible')).toHaveLength(30);
  });

  it('goes on with all of them once the probe has closed the circuit', async () => {
    const world = worldAfter(AFTER);
    world.put(
      { id: 'exhausted', reason: 'retries_exhausted', atMs: minute(26) },
      ...many(30, 'open', { reason: 'circuit_open' }),
      { id: 'rejected', reason: 'crm_rejected' },
    );
    const open = openCircuit(world);
    const order: string[] = [];
    const deliveryQueue = watched(world, (id, sent) => {
      order.push(id);
      if (sent === 1) world.store.circuit.stored = { ...closeCircuitBreaker(open, world.clock.now()) };
    });
    const run = await world.run(RECOVER, { deliveryQueue });
    expect(order[0]).toBe('open-0');
    expect(run).toMatchObject({ circuit: 'closed', moved: { total: 31 }, reachedEnd: true });
    expect(world.ids('quarantine', 'visible')).toEqual(['rejected']);
  });

  it('probes with an event that the outage has exhausted, where none waits for the circuit', async () => {
    const world = worldAfter(AFTER);
    world.put(
      { id: 'locked', reason: 'retries_exhausted', atMs: 0, failedBy: 'record' },
      { id: 'exhausted', reason: 'retries_exhausted', atMs: minute(26) },
      { id: 'exhausted-too', reason: 'retries_exhausted', atMs: minute(27) },
    );
    const open = openCircuit(world);
    const deliveryQueue = watched(world, () => {
      world.store.circuit.stored = { ...closeCircuitBreaker(open, world.clock.now()) };
    });
    const run = await world.run(RECOVER, { deliveryQueue });
    expect(world.ids('delivery')).toEqual(['exhausted', 'exhausted-too']);
    expect(run).toMatchObject({ circuit: 'closed', reachedEnd: true });
    expect(world.ids('quarantine', 'visible')).toEqual(['locked']);
  });

  it('counts what waited for a probe that there was no time for', async () => {
    const world = worldAfter(AFTER);
    world.put(...many(20, 'exhausted', { reason: 'retries_exhausted', atMs: minute(26) }));
    openCircuit(world);
    let receives = 0;
    const { quarantine } = world.deps;
    const run = await world.run(RECOVER, {
      quarantine: {
        sendBatch: (envelopes) => quarantine.sendBatch(envelopes),
        remove: (handles) => quarantine.remove(handles),
        release: (handles) => quarantine.release(handles),
        count: () => quarantine.count(),
        receive: async (holdMs) => {
          receives += 1;
          if (receives > 1) world.clock.advance(50_000);
          return quarantine.receive(holdMs);
        },
      },
    });
    expect(run).toMatchObject({ examined: 20, skipped: { total: 20, why: { run_ended: 20 } }, stoppedBecause: 'time' });
    expect(world.ids('delivery')).toEqual([]);
  });

  it('takes a row that nobody can read for a closed circuit', async () => {
    const world = worldAfter(AFTER);
    world.store.circuit.stored = { state: 'AJAR', version: 'x' };
    world.put({ id: 'open', reason: 'circuit_open' });
    expect(await world.run(RECOVER)).toMatchObject({ circuit: 'closed', moved: { total: 1 } });
  });

  it.each([
    ['too_old', 'circuit_open', ['e', 'other']],
    ['circuit_open', 'crm_rejected', ['other']],
  ] as const)('trusts the row where a copy says %s and the row %s', async (noted, reason, moved) => {
    const world = worldAfter(AFTER);
    // Something that the index lists, so that quarantine is searched.
    world.put({ id: 'e', reason: noted }, { id: 'other', reason: 'circuit_open' });
    world.setRow('e', { reason });
    expect((await world.run(RECOVER)).examined).toBe(2);
    expect(world.ids('delivery')).toEqual(moved);
  });
});
