/** The ports of the redrive function: each call is parked, with all the ways in which it can go. */
import type { BatchQueue, BatchResult, QuarantineQueue } from '../../../lambdas/ports.ts';
import type { RedriveDependencies } from '../../../lambdas/redrive/handle-request.ts';
import type { MemoryQueue } from '../../harness/fakes/message-queue.memory.ts';
import { UNSEEN_METRICS } from '../../harness/fakes/metrics.memory.ts';
import { MemoryQuarantineIndex } from '../../harness/fakes/quarantine-index.memory.ts';
import type { Invocation, ParkedCall, Way } from './invocations.ts';
import type { Scene } from './scene.ts';

const LOST = { kind: 'unavailable', cause: 'no response' } as const;
const NOTHING_DONE: BatchResult = { positions: new Set(), cause: 'no response' };

/** Time that a long poll may take beyond other calls. */
const LONG_POLL_MS = 2_000;

/** Messages that one receive brings. */
const RECEIVE_MAX = 10;

/** Ports of the redrive function in this invocation. */
export function redrivePorts(scene: Scene, invocation: Invocation): RedriveDependencies {
  const { clock, limits, store, quarantine, queue } = scene;
  const index = new MemoryQuarantineIndex(store.events);
  const park = <Answer>(name: string, touches: ParkedCall['touches'], ways: readonly Way[]): Promise<Answer> =>
    invocation.park({ name, touches, ways, answeredByMs: clock.now() + limits.storeBudgetMs + LONG_POLL_MS });
  const read = <Answer>(name: string, now: () => Answer): Promise<Answer> => park(name, 'table', waysOfRead(now));
  return {
    clock,
    limits,
    sleep: {
      for: (ms) => {
        const atMs = clock.now() + ms;
        const ways = [{ name: 'goes on', happen: () => ({ answer: undefined }) }];
        return invocation.park({
          name: `sleeps ${ms} ms`,
          touches: 'queue',
          ways,
          notBeforeMs: atMs,
          answeredByMs: atMs + LONG_POLL_MS,
        });
      },
    },
    quarantine: quarantineQueue(),
    deliveryQueue: bulkQueue(scene, queue, 'delivery queue', park),
    tasks: { start: async () => LOST },
    store: { readAhead: (keys) => read('read-ahead', () => store.readAheadNow(keys)) },
    circuitBreaker: { read: () => read('read the circuit', () => store.circuit.readNow()) },
    index: {
      list: async (reason, limit) => {
        const listed = await index.list(reason, limit);
        const behind = { kind: 'listed', entries: [], more: false } as const;
        return park(`list ${reason}`, 'table', [
          ...waysOfRead(() => listed),
          { name: 'the index is behind', fault: 'stale_read', happen: () => ({ answer: behind }) },
        ]);
      },
    },
    summaries: { summarize: async () => LOST },
    view: { quarantine: async () => LOST },
    metrics: UNSEEN_METRICS,
    log: { write: () => {} },
  };

  function quarantineQueue(): QuarantineQueue {
    return {
      ...bulkQueue(scene, quarantine, 'quarantine', park),
      receive: (holdMs) => {
        const receive = () => quarantine.receive(RECEIVE_MAX, Math.ceil(holdMs / 1_000) * 1_000);
        return park('receive from quarantine', 'queue', [
          { name: 'done', happen: () => ({ answer: { kind: 'received', messages: receive() } }) },
          { name: 'not done', fault: 'throttled', happen: () => ({ answer: LOST }) },
          { name: 'done, the response lost', fault: 'response_lost', happen: butAnswers(receive, LOST) },
          { name: 'done, then dies', fault: 'crash', happen: thenDies(receive) },
        ]);
      },
      remove: (handles) =>
        park(
          'delete from quarantine',
          'queue',
          waysOfBulk(handles, (handle) => quarantine.deleteNow(handle)),
        ),
      release: (handles) =>
        park(
          'let go',
          'queue',
          waysOfBulk(handles, (handle) => quarantine.releaseNow(handle)),
        ),
      count: () => {
        const visible = quarantine.visible().length;
        return read('count quarantine', () => ({
          kind: 'counted',
          visible,
          inFlight: quarantine.messages.size - visible,
        }));
      },
    };
  }
}

type Park = <Answer>(name: string, touches: ParkedCall['touches'], ways: readonly Way[]) => Promise<Answer>;

function bulkQueue(scene: Scene, to: MemoryQueue, name: string, park: Park): BatchQueue {
  return {
    sendBatch: (envelopes, delayMs) => {
      const late: Way = {
        name: 'given up, still under way',
        fault: 'lands_late',
        happen: () => {
          const act = () => {
            for (const envelope of envelopes) to.sendNow(envelope, delayMs);
          };
          scene.lateWrites.push({ name: `send ${envelopes.length} to ${name}, late`, act });
          return { answer: NOTHING_DONE };
        },
      };
      const ways = waysOfBulk(envelopes, (envelope) => to.sendNow(envelope, delayMs) !== '');
      return park(`send ${envelopes.length} to ${name}`, 'queue', [...ways, late]);
    },
  };
}

/** Does it, and is given another answer. */
function butAnswers(act: () => unknown, answer: unknown): Way['happen'] {
  return () => {
    act();
    return { answer };
  };
}

/** Does it, and is never heard of again. */
function thenDies(act: () => unknown): Way['happen'] {
  return () => {
    act();
    return undefined;
  };
}

function waysOfRead(now: () => unknown): Way[] {
  return [
    { name: 'done', happen: () => ({ answer: now() }) },
    { name: 'no response', fault: 'throttled', happen: () => ({ answer: LOST }) },
    { name: 'dies', fault: 'crash', happen: () => undefined },
  ];
}

/** Done, not done, done in part, done with its response lost, or the environment dies after it. */
function waysOfBulk<Entry>(entries: readonly Entry[], act: (entry: Entry) => boolean): Way[] {
  const done = (count: number): BatchResult => {
    const positions = [...entries.entries()]
      .slice(0, count)
      .flatMap(([position, entry]) => (act(entry) ? [position] : []));
    return { positions: new Set(positions), ...(count < entries.length ? { cause: 'in part' } : {}) };
  };
  const all = entries.length;
  return [
    { name: 'done', happen: () => ({ answer: done(all) }) },
    { name: 'not done', fault: 'throttled', happen: () => ({ answer: NOTHING_DONE }) },
    ...(all > 1
      ? [{ name: 'done in part', fault: 'throttled', happen: () => ({ answer: done(Math.ceil(all / 2)) }) } as const]
      : []),
    { name: 'done, the response lost', fault: 'response_lost', happen: butAnswers(() => done(all), NOTHING_DONE) },
    { name: 'done, then dies', fault: 'crash', happen: thenDies(() => done(all)) },
  ];
}
