/** The ports of an invocation: each call is parked, with all the ways in which it can go. */
import { rest } from '../../../lambdas/connectors/rest/connector.ts';
import { eventKey, replayedKey } from '../../../lambdas/domain/event/event-key.ts';
import type { IngestDependencies } from '../../../lambdas/ingest/accept-delivery.ts';
import type {
  ClaimWrite,
  Clock,
  IdempotencyStore,
  MessageQueue,
  MessageVisibility,
  ReadAhead,
  SettleWrite,
} from '../../../lambdas/ports.ts';
import type { ProcessorDependencies } from '../../../lambdas/processor/process-batch.ts';
import type { SentCopies } from '../../../lambdas/processor/sent-copies.ts';
import type { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import type {
  CircuitBreakerDependencies,
  SharedCircuitBreaker,
} from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { DIGEST_KEY } from '../../harness/digest-key.ts';
import type { MemoryQueue } from '../../harness/fakes/message-queue.memory.ts';
import { UNSEEN_METRICS } from '../../harness/fakes/metrics.memory.ts';
import type { MemoryStreamSecret } from '../../harness/fakes/stream-secret.memory.ts';
import { type CrmCallOptions, crmOf } from './crm-calls.ts';
import type { Fault } from './faults.ts';
import type { Invocation, ParkedCall, Way } from './invocations.ts';
import type { Scene } from './scene.ts';
import { idOf, isReplayed, REPLAY_ID, workMapping } from './workload.ts';

const LOST = { kind: 'unavailable', cause: 'no response' } as const;

/** Ports and settings of an environment of the processor. */
export interface EnvironmentOptions extends CrmCallOptions {
  readonly circuitBreaker: SharedCircuitBreaker;
  readonly settledEvents: SettledEventCache;
  readonly sentCopies: SentCopies;
  /** In [0, 1): its dice. */
  readonly fraction: () => number;
  /** Events of which this invocation has a message that has been in quarantine. */
  readonly redriven: ReadonlySet<string>;
}

/** Ports of the processor in this invocation. */
export function processorPorts(
  scene: Scene,
  invocation: Invocation,
  options: EnvironmentOptions,
): ProcessorDependencies {
  let owners = 0;
  const { clock, circuitBreaker: circuit, settledEvents, sentCopies, fraction, redriven } = options;
  return {
    clock,
    circuitBreaker: circuit,
    settledEvents,
    sentCopies,
    limits: scene.limits,
    chance: { fraction, newOwner: () => `${invocation.name}.${++owners}` },
    store: storeOf(scene, invocation, redriven),
    crm: crmOf(scene, invocation, options),
    quarantine: queueOf(scene, invocation, scene.quarantine, 'quarantine'),
    visibility: { retryIn: (handle, delayMs) => setVisibility(scene, invocation, handle, delayMs) },
    mapping: workMapping,
    connector: rest,
    digestKey: DIGEST_KEY,
    metrics: UNSEEN_METRICS,
    log: {
      write: (_level, message, { cause, at }) => {
        if (message.includes('bug')) scene.problems.push(`${invocation.name}: ${message}: ${cause} ${at}`);
      },
    },
  };
}

/** Log lines of the circuit breaker, as a report counts them. */
const CIRCUIT_EVENTS: Readonly<Record<string, Fault>> = {
  'circuit opened': 'circuit_opened',
  'circuit probed': 'circuit_probed',
  'circuit closed': 'circuit_closed',
};

/** Ports of an environment's circuit breaker: its calls belong to the invocation in flight. */
export function circuitBreakerPorts(
  scene: Scene,
  clock: Clock,
  invocation: () => Invocation | undefined,
): CircuitBreakerDependencies {
  return {
    clock,
    limits: scene.limits,
    metrics: UNSEEN_METRICS,
    circuitBreakerStore: {
      read: async () => ({ kind: 'unavailable', cause: 'the processor reads the circuit with its batch' }),
      write: (expected, next) => {
        const by = invocation();
        if (by === undefined) throw new Error('the circuit was written outside of an invocation');
        const name = `circuit to ${next.state} at ${next.version}`;
        return effect(scene, by, name, 'table', () => scene.store.circuit.writeNow(expected, next));
      },
    },
    log: {
      write: (_level, message) => {
        const by = invocation();
        if (by !== undefined && message === 'circuit probed') scene.probes.begin(by);
        const met = CIRCUIT_EVENTS[message];
        if (met !== undefined) scene.meet(met);
      },
    },
  };
}

/** Ports of ingest in this invocation. */
export function ingestPorts(scene: Scene, invocation: Invocation, secret: MemoryStreamSecret): IngestDependencies {
  return {
    clock: scene.clock,
    limits: scene.limits,
    deliveryQueue: queueOf(scene, invocation, scene.queue, 'delivery queue'),
    secret: {
      keys: (request) =>
        park(scene, invocation, 'read the secret', 'secret', scene.limits.secretTimeoutMs, [
          { name: 'done', happen: () => ({ answer: secret.keysNow(request, true) }) },
          {
            name: 'Secrets Manager away',
            fault: 'throttled',
            happen: () => ({ answer: secret.keysNow(request, false) }),
          },
        ]),
    },
  };
}

function park<Answer>(
  scene: Scene,
  invocation: Invocation,
  name: string,
  touches: ParkedCall['touches'],
  budgetMs: number,
  ways: readonly Way[],
): Promise<Answer> {
  return invocation.park({ name, touches, ways, answeredByMs: scene.clock.now() + budgetMs });
}

/**
 * To die before a write is to die after the call before it: dying is tried once for each pair of
 * calls.
 */
function storeOf(scene: Scene, invocation: Invocation, redriven: ReadonlySet<string>): IdempotencyStore {
  const { store, limits } = scene;
  return {
    readAhead: (keys) =>
      park(scene, invocation, 'read-ahead', 'table', limits.storeBudgetMs, [
        {
          name: 'done',
          happen: () => {
            scene.probes.sees(invocation);
            return { answer: store.readAheadNow(keys) };
          },
        },
        { name: 'in part', fault: 'stale_read', happen: () => ({ answer: inPart(store.readAheadNow(keys)) }) },
        { name: 'no response', fault: 'throttled', happen: () => ({ answer: LOST }) },
        { name: 'out of date', fault: 'stale_read', happen: () => ({ answer: scene.readAsItWas(keys) }) },
        { name: 'dies', fault: 'crash', happen: () => undefined },
      ]),
    claim: (write) => {
      checkRedriven(scene, invocation, redriven, write);
      return effect(scene, invocation, `claim ${write.eventKey}`, 'table', () => store.claimNow(write));
    },
    settle: (write) => {
      checkRedriven(scene, invocation, redriven, write);
      const name = `settle ${write.eventKey} as ${write.row.status}`;
      return effect(scene, invocation, name, 'table', () => store.settleNow(write));
    },
  };
}

/** Only a redrive takes an event out of quarantine, never a delivery that the sender repeats. */
function checkRedriven(
  scene: Scene,
  invocation: Invocation,
  redriven: ReadonlySet<string>,
  { eventKey: key, expect }: ClaimWrite | SettleWrite,
): void {
  if (expect === 'absent' || expect.status !== 'QUARANTINED') return;
  const event = scene.events.find(({ name }) => rowKeyOf(name) === key);
  if (event !== undefined && !redriven.has(event.name))
    scene.problems.push(`${invocation.name} takes ${event.name} out of quarantine without a redrive`);
}

function rowKeyOf(name: string): string {
  return replayedKey(isReplayed(name) ? REPLAY_ID : undefined, eventKey(idOf(name)));
}

/**
 * A read of which DynamoDB left keys unprocessed: every other event, the contacts, and the circuit
 * breaker's row.
 */
function inPart({ events }: ReadAhead): ReadAhead {
  const read = [...events].filter((_, index) => index % 2 === 0);
  return {
    events: new Map(read),
    contacts: new Map(),
    absentContacts: new Set(),
    circuitBreaker: { kind: 'not_read' },
  };
}

function queueOf(scene: Scene, invocation: Invocation, queue: MemoryQueue, name: string): MessageQueue {
  return {
    send: (envelope) =>
      effect(scene, invocation, `send to ${name}`, 'queue', () => {
        queue.sendNow(envelope);
        return { kind: 'sent' } as const;
      }),
  };
}

/**
 * A write: done, not done, done with its response lost, done later, or the environment dies after
 * it.
 */
function effect<Answer>(
  scene: Scene,
  invocation: Invocation,
  name: string,
  touches: ParkedCall['touches'],
  act: () => Answer,
): Promise<Answer> {
  const actAnd = (answer: object | undefined) => () => {
    act();
    return answer === undefined ? undefined : { answer };
  };
  const late = () => {
    scene.lateWrites.push({ name: `${name}, late`, act });
    return { answer: LOST };
  };
  return park(scene, invocation, name, touches, scene.limits.storeBudgetMs, [
    { name: 'done', happen: () => ({ answer: act() }) },
    { name: 'not done', fault: 'throttled', happen: () => ({ answer: LOST }) },
    { name: 'done, the response lost', fault: 'response_lost', happen: actAnd(LOST) },
    { name: 'given up, still under way', fault: 'lands_late', happen: late },
    { name: 'done, then dies', fault: 'crash', happen: actAnd(undefined) },
  ]);
}

function setVisibility(
  scene: Scene,
  invocation: Invocation,
  handle: string,
  delayMs: number,
): ReturnType<MessageVisibility['retryIn']> {
  const done = () => ({ answer: { kind: scene.retryIn(handle, delayMs) ? 'set' : 'unavailable' } });
  return park(scene, invocation, `come back in ${delayMs} ms`, 'own message', scene.limits.storeBudgetMs, [
    { name: 'done', happen: done },
    { name: 'not done', fault: 'throttled', happen: () => ({ answer: LOST }) },
  ]);
}
