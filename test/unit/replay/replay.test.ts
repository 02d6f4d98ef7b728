import { beforeEach, describe, expect, it } from '@jest/globals';
import { MESSAGE_BYTES_MAX, type ReceivedMessage } from '../../../lambdas/domain/delivery/envelope.ts';
import type { ReplayResult } from '../../../lambdas/domain/replay/replay-request.ts';
import { handleReplayRequest, type ReplayDependencies } from '../../../lambdas/replay/replay.ts';
import { MemoryArchive } from '../../harness/fakes/archive.memory.ts';
import { VirtualClock } from '../../harness/fakes/clock.virtual.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';
import { MemoryQueue } from '../../harness/fakes/message-queue.memory.ts';
import { MemoryBulkQueue } from '../../harness/fakes/quarantine-queue.memory.ts';
import { VirtualSleep } from '../../harness/fakes/sleep.virtual.ts';
import { eventBody } from '../../harness/processor-on-fakes.ts';

const START_MS = Date.parse('2026-01-31T09:30:00Z');
const HOUR_MS = 3_600_000;

let clock: VirtualClock;
let archive: MemoryArchive;
let queue: MemoryQueue;
let log: MemoryLog;
let deps: ReplayDependencies;

beforeEach(() => {
  clock = new VirtualClock(START_MS);
  archive = new MemoryArchive(clock);
  queue = new MemoryQueue({ name: 'message', clock, visibilityMs: 30_000 });
  log = new MemoryLog();
  deps = { archive, deliveryQueue: new MemoryBulkQueue(queue), clock, sleep: new VirtualSleep(clock), log };
});

function message(body: string, attributes: Readonly<Record<string, string>> = {}): ReceivedMessage {
  const times = { sentAtMs: START_MS - 500, firstReceivedAtMs: START_MS };
  return { messageId: 'm', body, attributes: { schema: '1', ...attributes }, receiveCount: 1, ...times };
}

const REQUEST = {
  replayId: 'r1',
  from: '2026-01-31T09:00:00Z',
  to: '2026-01-31T10:00:00Z',
  ratePerSecond: 1_000,
  by: 'ada',
  reason: 'wrong field',
};

const replay = (changes: object = {}) => handleReplayRequest({ ...REQUEST, ...changes }, deps);

/** A replay to its end, as the command asks for it. */
async function replayAll(changes: object = {}): Promise<Extract<ReplayResult, { kind: 'replay' }>[]> {
  const runs: Extract<ReplayResult, { kind: 'replay' }>[] = [];
  for (let after: object | undefined; ; ) {
    const run = await replay(after === undefined ? changes : { ...changes, after });
    if (run.kind !== 'replay') throw new Error(run.problems.join());
    runs.push(run);
    if (run.after === undefined || run.cause !== undefined) return runs;
    after = run.after;
  }
}

const sent = () => [...queue.messages.values()].map(({ envelope }) => envelope);
const idsOf = () => sent().map(({ body }) => (JSON.parse(body) as { eventBridgeEventId: string }).eventBridgeEventId);

describe('a replay', () => {
  it('sends the deliveries of its window again, as they came, under its id', async () => {
    await archive.store([message(eventBody('a', 0), { source: 'genesys-webhook', quarantine: '{"reason":"poison"}' })]);
    expect(await replay()).toEqual({
      kind: 'replay',
      examined: 1,
      matched: { 'interaction.created': 1 },
      sent: 1,
      repeated: 0,
      unreadable: 0,
    });
    expect(sent()).toEqual([
      {
        body: eventBody('a', 0),
        attributes: { schema: '1', source: 'genesys-webhook', receivedAtMs: '1769851799500', replay: 'r1' },
      },
    ]);
    expect(log.entries.at(-1)?.details).toMatchObject({ replayId: 'r1', by: 'ada', reason: 'wrong field', sent: 1 });
  });

  it('leaves out what was archived before and after', async () => {
    for (const [id, atMs] of [
      ['before', START_MS - HOUR_MS],
      ['first', START_MS - 1_800_000],
      ['last', START_MS + 1_799_999],
      ['after', START_MS + 1_800_000],
    ] as const) {
      const at = new MemoryArchive({ now: () => atMs });
      await at.store([message(eventBody(id, 0))]);
      for (const [key, lines] of at.objects) archive.objects.set(`${key}-${id}`, lines);
    }
    await replay();
    expect(idsOf()).toEqual(['first', 'last']);
  });

  it('finds a delivery in an object that is named by an earlier hour', async () => {
    const at = new MemoryArchive({ now: () => START_MS });
    await at.store([message(eventBody('a', 0))]);
    for (const lines of at.objects.values()) archive.objects.set('deliveries/2026/01/31/08/late.gz', lines);
    await replay();
    expect(idsOf()).toEqual(['a']);
  });

  it('chooses by type and by contact, in any spelling', async () => {
    await archive.store([
      message(eventBody('a', 0, '+1 555 0100')),
      message(eventBody('b', 0, '+15550100', 'interaction.ended')),
      message(eventBody('c', 0, '+15550199')),
    ]);
    await replay({ types: ['interaction.created'], contactAddress: '+15550100' });
    expect(idsOf()).toEqual(['a']);
  });

  it('sends an event once a run, and another event that has its id', async () => {
    await archive.store([message(eventBody('a', 0)), message(eventBody('a', 0))]);
    await archive.store([message(eventBody('a', 0)), message(eventBody('a', 1))]);
    expect(await replay()).toMatchObject({ examined: 4, matched: { 'interaction.created': 2 }, sent: 2, repeated: 2 });
  });

  it('counts what it leaves out: lines and bodies that cannot be read', async () => {
    await archive.store([message('no event'), message(eventBody('a', 0))]);
    const [key = ''] = archive.objects.keys();
    archive.objects.set(key, ['cut off', ...(archive.objects.get(key) ?? [])]);
    expect(await replay()).toMatchObject({ examined: 2, sent: 1, unreadable: 2, damaged: [key] });
    expect(log.entries.at(-1)).toMatchObject({ level: 'warn', details: { damaged: key } });
  });

  it('counts an event whose type is the name of a property that every object has', async () => {
    const types = ['constructor', '__proto__'];
    await archive.store(types.map((type) => message(eventBody(type, 0, '+15550100', type))));
    const run = await replay();
    expect(run.kind === 'replay' && Object.entries(run.matched)).toEqual(types.map((type) => [type, 1]));
  });

  it('leaves out a message that its id would make larger than SQS takes', async () => {
    const body = JSON.parse(eventBody('large', 0)) as object;
    const room = MESSAGE_BYTES_MAX - JSON.stringify({ ...body, pad: '' }).length;
    await archive.store([message(JSON.stringify({ ...body, pad: 'x'.repeat(room - 10) })), message(eventBody('a', 0))]);
    expect(await replay()).toEqual({
      kind: 'replay',
      examined: 2,
      matched: { 'interaction.created': 1 },
      sent: 1,
      repeated: 0,
      unreadable: 1,
    });
  });

  it('sends at most ten attributes, which is all that SQS takes', async () => {
    const others = Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`a${index}`, 'v']));
    await archive.store([message(eventBody('a', 0), others)]);
    await replay();
    const [{ attributes } = { attributes: {} }] = sent();
    expect(Object.keys(attributes)).toHaveLength(10);
    expect(attributes).toMatchObject({ schema: '1', receivedAtMs: expect.any(String), replay: 'r1' });
  });

  it('looks at everything up to the last year that has four digits', async () => {
    await archive.store([message(eventBody('a', 0))]);
    expect(await replay({ to: '9999-12-31T23:59:59Z' })).toMatchObject({ sent: 1 });
  });

  it('sends nothing when it is dry, and counts the same', async () => {
    await archive.store([message(eventBody('a', 0))]);
    expect(await replay({ dryRun: true })).toMatchObject({ matched: { 'interaction.created': 1 }, sent: 0 });
    expect(sent()).toEqual([]);
  });

  it('keeps to its rate, and goes on in the next invocation where the last one stopped', async () => {
    for (let at = 0; at < 10; at += 1)
      await archive.store(Array.from({ length: 9 }, (_, index) => message(eventBody(`e-${at}-${index}`, 0))));
    const runs = await replayAll({ ratePerSecond: 3 });
    // 90 at three a second; the last second of each run is not waited for.
    expect(clock.now() - START_MS).toBe(28_000);
    expect(runs).toHaveLength(2);
    expect(runs.reduce((sum, run) => sum + run.sent, 0)).toBe(90);
    expect(new Set(idsOf()).size).toBe(90);
    expect(queue.messages.size).toBe(90);
  });

  it('stops where the queue does not take a message, and says where to go on', async () => {
    await archive.store(Array.from({ length: 25 }, (_, index) => message(eventBody(`e-${index}`, 0))));
    const [key] = archive.objects.keys();
    let calls = 0;
    const failing: ReplayDependencies = {
      ...deps,
      deliveryQueue: {
        sendBatch: async (envelopes) => {
          calls += 1;
          if (calls === 2) return { positions: new Set([0]), cause: 'SQS: ServiceUnavailable' };
          return deps.deliveryQueue.sendBatch(envelopes);
        },
      },
    };
    expect(await handleReplayRequest(REQUEST, failing)).toEqual({
      kind: 'replay',
      examined: 20,
      matched: { 'interaction.created': 20 },
      sent: 11,
      repeated: 0,
      unreadable: 0,
      after: { key, count: 10 },
      cause: 'SQS: ServiceUnavailable',
    });
    await replay({ after: { key, count: 10 } });
    expect(new Set(idsOf()).size).toBe(25);
  });

  it('says that the archive cannot be read', async () => {
    await archive.store([message(eventBody('a', 0))]);
    const run = await replay({ after: { key: 'deliveries/gone.gz', count: 3 } });
    expect(run).toMatchObject({ sent: 0, after: { key: 'deliveries/gone.gz', count: 3 } });
    expect(run).toMatchObject({ cause: 'the archive cannot be read: Error' });
  });

  it.each([
    [
      'no object',
      undefined,
      [
        'the request: must be a JSON object of replayId, from, to, types, contactAddress, ratePerSecond, dryRun, by, reason, after',
      ],
    ],
    [
      'an id that cannot be one',
      { ...REQUEST, replayId: 'a b' },
      ['replayId: must be 1 to 40 letters, digits and hyphens'],
    ],
    ['a window without length', { ...REQUEST, to: REQUEST.from }, ['to: must be later than from']],
    [
      'a rate of nothing',
      { ...REQUEST, ratePerSecond: 0, from: 'now' },
      ['from: must be an ISO 8601 time with an offset', 'ratePerSecond: must be a number from 1 to 1000'],
    ],
  ])('refuses %s', async (_name, given, problems) => {
    expect(await handleReplayRequest(given, deps)).toMatchObject({ kind: 'refused' });
    expect(await handleReplayRequest(given, deps)).toEqual({ kind: 'refused', problems });
  });
});
