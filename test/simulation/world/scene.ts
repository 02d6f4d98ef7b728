/** Shared state of a world: time, queues, table, CRM, and the invocations in flight. */
import type { Envelope } from '../../../lambdas/domain/delivery/envelope.ts';
import { bodyKey, eventKey, replayedKey } from '../../../lambdas/domain/event/event-key.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { Limits } from '../../../lambdas/domain/limits.ts';
import type { IdempotencyStore, ReadAhead } from '../../../lambdas/ports.ts';
import { VirtualClock } from '../../harness/fakes/clock.virtual.ts';
import { MemoryIdempotencyStore } from '../../harness/fakes/idempotency-store.memory.ts';
import { MemoryQueue, type QueuedMessage } from '../../harness/fakes/message-queue.memory.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Fault } from './faults.ts';
import { Invocation } from './invocations.ts';
import { Probes } from './probes.ts';
import { SimulatedCrm } from './simulated-crm.ts';
import { idOf, isReplayed, REPLAY_ID, replayedName, replayOf, START_MS, type WorkEvent } from './workload.ts';

/** Number of writes that a read may be behind. */
const READS_BEHIND = 3;

/** A write or a CRM call whose caller has given up, and that is still under way. */
export interface LateWrite {
  readonly name: string;
  /** It has happened by this time. */
  readonly byMs?: number;
  readonly act: () => void;
}

/** The scene. Nothing in it happens by itself. */
export class Scene {
  readonly clock = new VirtualClock(START_MS);
  readonly crm = new SimulatedCrm();
  readonly limits: Limits;
  readonly store: MemoryIdempotencyStore;
  readonly queue: MemoryQueue;
  readonly quarantine: MemoryQueue;
  /** Those that the sender delivers, then those that the replay may send again. */
  readonly events: readonly WorkEvent[];
  readonly problems: string[] = [];
  /** Events of which a delivery was answered 202. */
  readonly accepted = new Set<string>();
  /** Number of faults that happened, by kind. */
  readonly met = new Map<Fault, number>();
  readonly invocations: Invocation[] = [];
  readonly lateWrites: LateWrite[] = [];
  /** Receives whose visibility was set: what comes again after another one has timed out. */
  readonly sentBack = new Set<string>();
  readonly probes: Probes;
  readonly #byBody: ReadonlyMap<string, WorkEvent>;
  readonly #snapshots: Omit<ReadAhead, 'absentContacts'>[] = [];

  constructor(events: readonly WorkEvent[], limits: Limits, mutation: Mutation) {
    const { clock } = this;
    // A replay leaves out what is no valid event.
    this.events = [...events, ...events.filter(({ kind }) => kind !== 'invalid').map(replayOf)];
    this.limits = mutation.limits?.(limits) ?? limits;
    this.store = new MemoryIdempotencyStore(mutation.rules);
    mutation.store?.(this.store);
    this.probes = new Probes(this.store.circuit, this.problems);
    this.quarantine = new MemoryQueue({ name: 'q', clock, visibilityMs: 30_000 });
    const { visibilityMs, maxReceiveCount } = this.limits;
    const redrivePolicy = { maxReceiveCount, deadLetters: this.quarantine };
    this.queue = new MemoryQueue({ name: 'd', clock, visibilityMs, redrivePolicy });
    this.#byBody = new Map(events.map((event) => [event.body, event]));
  }

  /** The event's row. */
  row(name: string): EventRow | undefined {
    const { kind, body } = this.events.find((event) => event.name === name) ?? {};
    const key = kind === 'invalid' ? bodyKey(Buffer.from(body ?? '')) : eventKey(idOf(name));
    return this.store.events.get(replayedKey(isReplayed(name) ? REPLAY_ID : undefined, key));
  }

  /** The contact that the event is to be applied to in order, if any. */
  contactOf(name: string): string | null {
    const event = this.events.find((one) => one.name === name);
    return event?.kind === 'ordered' ? event.contact : null;
  }

  /** True if a message of the event is in this queue. */
  holds(queue: MemoryQueue, name: string): boolean {
    return [...queue.messages.values()].some((message) => this.nameOf(message) === name);
  }

  /** The event that a message carries. */
  nameOf(message: QueuedMessage | undefined): string {
    return message === undefined ? 'a message' : this.nameOfEnvelope(message.envelope);
  }

  nameOfEnvelope({ body, attributes }: Envelope): string {
    const name = this.#byBody.get(body)?.name ?? 'a message';
    return attributes.replay === undefined ? name : replayedName(name);
  }

  /** Invocations under way. */
  get running(): Invocation[] {
    return this.invocations.filter(({ state }) => state === 'running');
  }

  /** A function is invoked. Invocations for the same are numbered. */
  begin(functionName: Invocation['functionName'], what: string, timeoutMs: number): Invocation {
    const number = this.invocations.filter(({ name }) => name.startsWith(what)).length + 1;
    const name = number === 1 ? what : `${what}, ${number}`;
    const invocation = new Invocation(functionName, name, this.clock.now() + timeoutMs);
    this.invocations.push(invocation);
    return invocation;
  }

  /** Sets when a received message is visible again. */
  retryIn(receiptHandle: string, delayMs: number): boolean {
    const isSet = this.queue.changeVisibilityNow(receiptHandle, delayMs);
    if (isSet) this.sentBack.add(receiptHandle);
    return isSet;
  }

  /** A read that is a little out of date. */
  readAsItWas(keys: Parameters<IdempotencyStore['readAhead']>[0]): ReadAhead {
    const then = this.#snapshots[0] ?? {
      events: new Map(),
      contacts: new Map(),
      circuitBreaker: { kind: 'absent' } as const,
    };
    const of = <Row>(rows: ReadonlyMap<string, Row>, wanted: readonly string[]) =>
      new Map([...rows].filter(([key]) => wanted.includes(key)));
    const contacts = of(then.contacts, keys.contacts);
    const absentContacts = new Set(keys.contacts.filter((key) => !contacts.has(key)));
    return { ...then, events: of(then.events, keys.events), contacts, absentContacts };
  }

  /** Keeps the table as it is, for reads that are out of date. */
  takeSnapshot(): void {
    const { events, contacts, circuit } = this.store;
    this.#snapshots.push({ events: new Map(events), contacts: new Map(contacts), circuitBreaker: circuit.readNow() });
    if (this.#snapshots.length > READS_BEHIND) this.#snapshots.shift();
  }

  /** Counts a fault. */
  meet(fault: Fault): void {
    this.met.set(fault, (this.met.get(fault) ?? 0) + 1);
  }

  /** Time passes. A function that has used up its own is ended, which must not come about. */
  pass(byMs: number): void {
    const calling = this.running.some(({ parked }) => parked.some(({ touches }) => touches === 'CRM'));
    if (calling && byMs >= 1_000) this.meet('crm_slow');
    this.clock.advance(byMs);
    for (const invocation of this.running) {
      if (invocation.endsByMs > this.clock.now()) continue;
      const why = 'is still at work when its function is ended, though every port kept its budget';
      this.problems.push(`${invocation.name} ${why}`);
      invocation.die();
    }
  }
}
