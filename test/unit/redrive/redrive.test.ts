import { describe, expect, it } from '@jest/globals';
import type { BatchQueue, BatchResult, QuarantineQueue } from '../../../lambdas/ports.ts';
import { MemoryBulkQueue, MemoryQuarantineQueue } from '../../harness/fakes/quarantine-queue.memory.ts';
import { START_MS } from '../../harness/processor-on-fakes.ts';
import { many, RedriveOnFakes } from '../../harness/redrive-on-fakes.ts';

const HOUR_MS = 3_600_000;

/** Four events of different kinds. */
function mixed(): RedriveOnFakes {
  const world = new RedriveOnFakes();
  world.put(
    { id: 'rejected', reason: 'crm_rejected', receivedAtMs: 0 },
    { id: 'rejected-too', reason: 'crm_rejected', receivedAtMs: HOUR_MS, type: 'interaction.ended' },
    { id: 'open', reason: 'circuit_open', receivedAtMs: 2 * HOUR_MS },
    { id: 'moved-by-sqs', receivedAtMs: 3 * HOUR_MS },
  );
  return world;
}

const at = (hours: number) => new Date(Date.parse('2026-01-31T09:30:00Z') + hours * HOUR_MS).toISOString();

describe('a redrive', () => {
  it.each([
    [{ reasons: ['crm_rejected'] }, ['rejected', 'rejected-too']],
    [{ reasons: ['circuit_open', 'dead_lettered'] }, ['moved-by-sqs', 'open']],
    [{ eventTypes: ['interaction.ended'] }, ['rejected-too']],
    [{ eventIds: ['open', 'rejected', 'unheard-of'] }, ['open', 'rejected']],
    [{ receivedFrom: at(1), receivedTo: at(3) }, ['open', 'rejected-too']],
    [{ receivedFrom: at(3) }, ['moved-by-sqs']],
    [{ reasons: ['crm_rejected'], eventTypes: ['interaction.created'] }, ['rejected']],
    [{ reasons: [], eventIds: [] }, ['moved-by-sqs', 'open', 'rejected', 'rejected-too']],
    [{ reasons: ['poison'] }, []],
  ])('moves what %j means, and lets go of the rest', async (filter, ids) => {
    const world = mixed();
    const run = await world.run({ filter });
    expect(world.ids('delivery')).toEqual(ids);
    expect(world.ids('quarantine', 'visible')).toHaveLength(4 - ids.length);
    expect(run).toMatchObject({
      examined: 4,
      moved: { total: ids.length },
      skipped: { total: 4 - ids.length, why: ids.length === 4 ? {} : { filter: 4 - ids.length } },
      reachedEnd: true,
    });
  });

  it('says which of the events that are named by id it has come upon, moved or not', async () => {
    const asked = { eventIds: ['unheard-of', 'rejected', 'open'], reasons: ['crm_rejected'] };
    expect(await mixed().run({ filter: asked })).toMatchObject({
      moved: { total: 1 },
      eventIdsFound: ['rejected', 'open'],
      reachedEnd: true,
    });
    expect(await mixed().run({})).not.toHaveProperty('eventIdsFound');
  });

  it('names the rows of what it has moved, if it is asked to', async () => {
    const run = await mixed().run({ filter: { reasons: ['crm_rejected', 'dead_lettered'] }, listMoved: true });
    expect(run).toMatchObject({ movedKeys: ['EVENT#rejected', 'EVENT#rejected-too', 'EVENT#moved-by-sqs'] });
    expect(await mixed().run({})).not.toHaveProperty('movedKeys');
  });

  it('sends a message on as it is; its note says that a person has sent it back', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected', redrives: 1 });
    const [before] = world.quarantine.messages.values();
    await world.run({});
    const [after] = world.delivery.messages.values();
    const { quarantine: note = '', ...attributes } = before?.envelope.attributes ?? {};
    expect(after?.envelope).toEqual({
      body: before?.envelope.body,
      attributes: { ...attributes, quarantine: expect.any(String) },
    });
    expect(JSON.parse(after?.envelope.attributes.quarantine ?? '')).toEqual({
      ...JSON.parse(note),
      returned: { at: '2026-01-31T09:30:00.001Z', by: 'person' },
    });
  });

  it('answers counts by reason, what stays and why, and a few of each kind', async () => {
    const run = await mixed().run({ filter: { reasons: ['crm_rejected'] } });
    expect(run).toEqual({
      kind: 'redrive',
      dryRun: false,
      startedAt: '2026-01-31T09:30:00.001Z',
      examined: 4,
      moved: { total: 2, byReason: { crm_rejected: 2 } },
      wouldMove: { total: 0, byReason: {} },
      refreshed: { total: 0, byReason: {} },
      dropped: { total: 0, byReason: {} },
      skipped: { total: 2, byReason: { circuit_open: 1, dead_lettered: 1 }, why: { filter: 2 } },
      copiesLeft: 0,
      reachedEnd: true,
      sample: [
        expect.objectContaining({ outcome: 'skipped', why: 'filter', reason: 'circuit_open', eventId: 'open' }),
        {
          outcome: 'skipped',
          why: 'filter',
          reason: 'dead_lettered',
          eventId: 'moved-by-sqs',
          eventType: 'interaction.created',
          redrives: 0,
        },
        {
          outcome: 'moved',
          reason: 'crm_rejected',
          eventId: 'rejected',
          eventType: 'interaction.created',
          at: '2026-01-31T09:30:00.000Z',
          redrives: 0,
          lastError: 'crm_rejected of rejected',
        },
        expect.objectContaining({ outcome: 'moved', eventId: 'rejected-too' }),
      ],
    });
  });

  it('shows three of a kind, however many there are', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(40, 'r', { reason: 'crm_rejected' }));
    const run = await world.run({ dryRun: true });
    expect(run.wouldMove.total).toBe(40);
    expect(run.sample).toHaveLength(3);
  });

  it('moves nothing in a dry run, and leaves everything as it was', async () => {
    const world = mixed();
    const before = world.ids('quarantine', 'visible');
    const run = await world.run({ filter: { reasons: ['crm_rejected'] }, dryRun: true });
    expect(run).toMatchObject({ dryRun: true, moved: { total: 0 }, wouldMove: { byReason: { crm_rejected: 2 } } });
    expect(world.ids('quarantine', 'visible')).toEqual(before);
    expect(world.ids('delivery')).toEqual([]);
  });

  it('stops at its limit, and reports that there is more', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(25, 'r', { reason: 'crm_rejected' }));
    const run = await world.run({ limit: 7 });
    expect(run).toMatchObject({
      moved: { total: 7 },
      reachedEnd: false,
      stoppedBecause: 'limit',
      skipped: { why: { limit: 3 } },
    });
    expect(world.ids('quarantine', 'visible')).toHaveLength(18);
    expect((await world.run({ limit: 50 })).moved.total).toBe(18);
  });

  it.each([
    [5, 20],
    [1, 4],
    [500, 600],
  ])('moves %d a second, and no more in any second', async (ratePerSecond, count) => {
    const world = new RedriveOnFakes();
    world.put(...many(count, 'r', { reason: 'crm_rejected' }));
    const run = await world.run({ ratePerSecond });
    expect(run.moved.total).toBe(count);
    const times = [...world.delivery.messages.values()].map(({ sentAtMs }) => sentAtMs);
    for (const from of times) {
      expect(times.filter((time) => time >= from && time < from + 1_000).length).toBeLessThanOrEqual(ratePerSecond);
    }
  });

  it('ends in time at a slow rate, lets go of what is left, and goes on at the next call', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(300, 'r', { reason: 'crm_rejected' }));
    const startMs = world.clock.now();
    const run = await world.run({ ratePerSecond: 2 });
    expect(run).toMatchObject({
      reachedEnd: false,
      stoppedBecause: 'time',
      skipped: { why: { run_ended: expect.any(Number) } },
    });
    expect(run.moved.total).toBeGreaterThan(200);
    expect(world.clock.now() - startMs).toBeLessThan(world.limits.redriveFunctionTimeoutMs);
    expect(world.ids('quarantine', 'visible')).toHaveLength(300 - run.moved.total);
    expect((await world.run({})).reachedEnd).toBe(true);
    expect(new Set(world.ids('delivery')).size).toBe(300);
  });

  it('leaves what has been redriven too often, but for an open circuit, and but for what is named', async () => {
    const world = new RedriveOnFakes();
    world.put(
      { id: 'four', reason: 'crm_rejected', redrives: 4 },
      { id: 'five', reason: 'crm_rejected', redrives: 5 },
      { id: 'five-open', reason: 'circuit_open', redrives: 5 },
    );
    const run = await world.run({});
    expect(run.skipped).toEqual({ total: 1, byReason: { crm_rejected: 1 }, why: { redrives_max: 1 } });
    expect(world.ids('delivery')).toEqual(['five-open', 'four']);
    await world.run({ filter: { eventIds: ['five'] } });
    expect(world.ids('delivery')).toEqual(['five', 'five-open', 'four']);
  });

  it('reports how many messages other runs hold when a named event is not found', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'held', reason: 'crm_rejected' });
    world.quarantine.receive(10, 60_000);
    expect(await world.run({ filter: { eventIds: ['held'] } })).toMatchObject({ eventIdsFound: [], heldElsewhere: 1 });
    world.clock.advance(60_000);
    expect(await world.run({ filter: { eventIds: ['held'] } })).not.toHaveProperty('heldElsewhere');
  });

  it('sends what is given up back with who and why, and leaves what has no room for the note', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'crm_rejected' });
    const attributes = { schema: '1', eventId: 'large', quarantine: '{"reason":"crm_rejected"}' };
    world.quarantine.sendNow({ body: ' '.repeat(1_048_480), attributes });
    const run = await world.run({ filter: { reasons: ['crm_rejected'] }, giveUp: { by: 'ada', why: 'by mistake' } });
    expect(run).toMatchObject({ moved: { total: 1 }, skipped: { why: { not_sent: 1 } } });
    const [sent] = [...world.delivery.messages.values()];
    expect(JSON.parse(sent?.envelope.attributes.quarantine ?? '')).toMatchObject({
      reason: 'crm_rejected',
      returned: { by: 'person', giveUp: { by: 'ada', why: 'by mistake' } },
    });
    expect(world.ids('quarantine')).toEqual(['large']);
  });

  it('moves what a note from the future says is not here yet', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected', atMs: 1_000 * HOUR_MS });
    expect((await world.run({})).moved.total).toBe(1);
  });

  it('does not move again what fails at once and comes back while it runs', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(30, 'r', { reason: 'crm_rejected' }));
    const bulk = new MemoryBulkQueue(world.delivery);
    const deliveryQueue: BatchQueue = {
      sendBatch: async (envelopes) => {
        for (const { attributes } of envelopes) {
          const atMs = world.clock.now() - START_MS;
          world.put({ id: attributes.eventId ?? '', reason: 'crm_rejected', redrives: 1, atMs });
        }
        return bulk.sendBatch(envelopes);
      },
    };
    const { startedAt, ...run } = await world.run({ limit: 25 }, { deliveryQueue });
    expect(run).toMatchObject({ moved: { total: 25 }, stoppedBecause: 'limit' });
    // A request that goes on says since when it does.
    world.clock.advance(60_000);
    const rest = await world.run({ filter: { quarantinedBefore: startedAt } }, { deliveryQueue });
    expect(rest).toMatchObject({ moved: { total: 5 }, skipped: { why: { arrived_during_run: 30 } }, reachedEnd: true });
    expect(new Set(world.ids('delivery')).size).toBe(30);
    expect(world.ids('quarantine', 'visible')).toHaveLength(30);
    expect((await world.run({})).moved.total).toBe(30);
  });

  it('looks at everything behind many that stay', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(600, 'skipped', { reason: 'invalid_event' }), { id: 'last', reason: 'circuit_open' });
    const run = await world.run({ filter: { reasons: ['circuit_open'] } });
    expect(run).toMatchObject({ examined: 601, moved: { total: 1 }, reachedEnd: true });
    expect(world.ids('quarantine', 'visible')).toHaveLength(600);
  });

  it('counts a message once that SQS delivers twice', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected' });
    const fakes = new MemoryQuarantineQueue(world.quarantine, world.sleep);
    let receives = 0;
    const twice = override(fakes, {
      receive: async (holdMs) => {
        receives += 1;
        if (receives === 2) for (const id of world.quarantine.messages.keys()) world.quarantine.redeliver(id);
        return fakes.receive(holdMs);
      },
    });
    const run = await world.run({ filter: { reasons: ['poison'] } }, { quarantine: twice });
    expect(run).toMatchObject({ examined: 1, skipped: { total: 1 }, reachedEnd: true });
    // By its newer handle: the older one would have done nothing.
    expect(world.ids('quarantine', 'visible')).toEqual(['e']);
  });
});

describe('two redrives at once', () => {
  it('move everything once, each what the other does not hold', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(120, 'r', { reason: 'crm_rejected' }), ...many(30, 'i', { reason: 'invalid_event' }));
    const request = { filter: { reasons: ['crm_rejected'] } };
    const runs = await Promise.all([world.run(request), world.run(request)]);
    expect(world.ids('delivery')).toHaveLength(120);
    expect(new Set(world.ids('delivery')).size).toBe(120);
    expect(runs.map(({ moved }) => moved.total).reduce((a, b) => a + b)).toBe(120);
    expect(Math.min(...runs.map(({ moved }) => moved.total))).toBeGreaterThan(0);
    expect(world.ids('quarantine', 'visible')).toHaveLength(30);
  });
});

describe('a redrive that goes wrong', () => {
  it.each([
    ['before it deletes', 'remove'],
    ['while it sends', 'sendBatch'],
  ] as const)('and is killed %s, loses nothing: what it held comes back by itself', async (_when, where) => {
    const world = new RedriveOnFakes();
    world.put(...many(40, 'r', { reason: 'crm_rejected' }));
    const killed = new Error('killed');
    let left = 2;
    const die = async <Result>(go: () => Promise<Result>) => {
      if (left === 0) throw killed;
      left -= 1;
      return go();
    };
    const quarantine = override(world.deps.quarantine, {
      remove: (handles) =>
        where === 'remove' ? die(() => world.deps.quarantine.remove(handles)) : world.deps.quarantine.remove(handles),
      // A killed process lets go of nothing.
      release: () => new Promise(() => {}),
    });
    const bulk = new MemoryBulkQueue(world.delivery);
    const deliveryQueue: BatchQueue = {
      sendBatch: (envelopes) =>
        where === 'sendBatch' ? die(() => bulk.sendBatch(envelopes)) : bulk.sendBatch(envelopes),
    };
    await Promise.race([world.run({}, { quarantine, deliveryQueue }), until(() => left === 0)]);
    const inEither = new Set([...world.ids('delivery'), ...world.ids('quarantine')]);
    expect(inEither.size).toBe(40);
    world.clock.advance(world.limits.redriveFunctionTimeoutMs + 10_000);
    expect(world.ids('quarantine', 'visible')).toEqual(world.ids('quarantine'));
    await world.run({});
    expect(new Set(world.ids('delivery')).size).toBe(40);
    expect(world.ids('quarantine')).toEqual([]);
  });

  it('keeps what a batch could not send, and goes on with the rest', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(30, 'r', { reason: 'crm_rejected' }));
    const refuses = refusing(world, (id) => id.endsWith('3'));
    const run = await world.run({}, { deliveryQueue: refuses });
    expect(run).toMatchObject({ moved: { total: 27 }, skipped: { total: 3, why: { not_sent: 3 } }, reachedEnd: true });
    expect(world.ids('quarantine', 'visible')).toEqual(['r-13', 'r-23', 'r-3']);
  });

  it('stops where the delivery queue takes nothing, and says why', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(30, 'r', { reason: 'crm_rejected' }));
    const run = await world.run({}, { deliveryQueue: refusing(world, () => true) });
    expect(run).toMatchObject({
      moved: { total: 0 },
      reachedEnd: false,
      stoppedBecause: 'unavailable',
      cause: 'SQS: ServiceUnavailable',
    });
    expect(world.ids('quarantine', 'visible')).toHaveLength(30);
    expect(world.log.entries.at(-1)).toMatchObject({ level: 'warn', message: 'quarantine: redrive' });
  });

  it('stops where quarantine does not answer, and lets go of what it has', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(30, 'r', { reason: 'invalid_event' }));
    let receives = 0;
    const quarantine = override(world.deps.quarantine, {
      receive: async (holdMs) => {
        receives += 1;
        return receives > 2 ? { kind: 'unavailable', cause: 'SQS: timeout' } : world.deps.quarantine.receive(holdMs);
      },
    });
    const run = await world.run({ dryRun: true }, { quarantine });
    expect(run).toMatchObject({ stoppedBecause: 'unavailable', cause: 'SQS: timeout', reachedEnd: false });
    expect(world.ids('quarantine', 'visible')).toHaveLength(30);
  });

  it('counts copies of what it could not delete, and keeps them out of sight until the run has ended', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(10, 'r', { reason: 'crm_rejected' }));
    const remove = async (handles: readonly string[]): Promise<BatchResult> => {
      await world.deps.quarantine.remove(handles.slice(4));
      return { positions: new Set([4, 5, 6, 7, 8, 9]), cause: 'SQS: InternalError' };
    };
    const run = await world.run({}, { quarantine: override(world.deps.quarantine, { remove }) });
    expect(run).toMatchObject({ moved: { total: 10 }, copiesLeft: 4, reachedEnd: true });
    expect(world.ids('quarantine')).toHaveLength(4);
    expect(world.ids('quarantine', 'visible')).toEqual([]);
  });

  it('does not take the silence of a queue with too much in flight for its end', async () => {
    const world = new RedriveOnFakes();
    const count: QuarantineQueue['count'] = async () => ({ kind: 'counted', visible: 5_000, inFlight: 119_000 });
    const run = await world.run({}, { quarantine: override(world.deps.quarantine, { count }) });
    expect(run).toMatchObject({ reachedEnd: false, stoppedBecause: 'in_flight_max' });
  });
});

/** `queue` with some of its methods replaced. */
function override(queue: QuarantineQueue, methods: Partial<QuarantineQueue>): QuarantineQueue {
  return {
    sendBatch: (envelopes) => queue.sendBatch(envelopes),
    receive: (holdMs) => queue.receive(holdMs),
    remove: (handles) => queue.remove(handles),
    release: (handles) => queue.release(handles),
    count: () => queue.count(),
    ...methods,
  };
}

/** A delivery queue that does not take events with such ids. */
function refusing(world: RedriveOnFakes, refuses: (eventId: string) => boolean): BatchQueue {
  return {
    sendBatch: async (envelopes) => {
      const taken = [...envelopes.entries()].filter(([, { attributes }]) => !refuses(attributes.eventId ?? ''));
      for (const [, envelope] of taken) world.delivery.sendNow(envelope);
      return { positions: new Set(taken.map(([position]) => position)), cause: 'SQS: ServiceUnavailable' };
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
