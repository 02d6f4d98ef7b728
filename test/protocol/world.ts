/**
 * A world in which the protocol can go wrong: events that a sender delivers, ingest and processor as they ship,
 * queues and a table in memory, a CRM that remembers. Nothing in it happens by itself: a driver looks at all that
 * can happen next, and chooses.
 */
import { eventKey } from '../../lambdas/domain/event-key.ts';
import type { EventRow } from '../../lambdas/domain/event-row.ts';
import type { Limits } from '../../lambdas/domain/limits.ts';
import { sign } from '../../lambdas/domain/signature.ts';
import { acceptDelivery, type IngestDependencies } from '../../lambdas/ingest/accept-delivery.ts';
import type { IdempotencyStore, ReadAhead } from '../../lambdas/ports.ts';
import { type BatchResult, type ProcessorDependencies, processBatch } from '../../lambdas/processor/process-batch.ts';
import { VirtualClock } from '../harness/twins/clock.virtual.ts';
import { type ContactRules, MemoryIdempotencyStore } from '../harness/twins/idempotency-store.memory.ts';
import { MemoryQueue, type QueuedMessage, type Received } from '../harness/twins/message-queue.memory.ts';
import { MemoryStreamSecret, RotatingSecret } from '../harness/twins/stream-secret.memory.ts';
import type { Fault, Rations } from './faults.ts';
import { Invocation } from './invocations.ts';
import { type CrmWay, ingestPorts, processorPorts } from './ports.ts';
import { RememberedCrm } from './remembered-crm.ts';
import { START_MS, type WorkEvent } from './workload.ts';

/** Something that can happen next. */
export interface Action {
  readonly name: string;
  /** Work goes on, a function is invoked, time passes, or something goes wrong. */
  readonly kind: 'goes on' | 'begins' | 'time' | Fault;
  readonly act: () => void;
}

/** Deliberate faults in the protocol, from which a simulation must tell the shipped one. */
export interface Sabotage {
  readonly rules?: ContactRules;
  readonly limits?: (limits: Limits) => Limits;
  /** Changes what the table does at one instant. */
  readonly store?: (store: MemoryIdempotencyStore) => void;
  /** Instead of the world's own. */
  readonly clockOffsetsMs?: readonly number[];
  readonly processor?: (deps: ProcessorDependencies, world: World) => ProcessorDependencies;
  readonly ingest?: (deps: IngestDependencies) => IngestDependencies;
  readonly result?: (result: BatchResult) => BatchResult;
}

/** What a world is made of. */
export interface WorldOptions {
  readonly events: readonly WorkEvent[];
  readonly limits: Limits;
  readonly rations: Rations;
  readonly crmWays: readonly CrmWay[];
  /** By how much the clock of each environment of the processor is ahead of the true time; as many environments. */
  readonly clockOffsetsMs: readonly number[];
  /** Invocations of the processor that may be made. */
  readonly invocations: number;
  /** How many messages an invocation may bring. */
  readonly batchSizes: readonly number[];
  /** What the sender delivers to ingest, in this order; without it the events are in the delivery queue already. */
  readonly deliveries?: readonly WorkEvent[];
  /** In [0, 1): the dice of the code under test. */
  readonly fraction: () => number;
  /**
   * Leaves out orders that lead to nothing new (`explore.ts` says which): calls that touch only the message their
   * invocation came by are made at once, and time stops only where a row or a message changes by it.
   */
  readonly pruned: boolean;
  readonly sabotage?: Sabotage;
}

/** How long an environment may stand still, beyond every cache's time. */
const FROZEN_MS = 600_000;
/** After which the sender tries again. */
const SENDER_PAUSE_MS = 20_000;
/** How many writes a read may be behind. */
const READS_BEHIND = 3;

/** The world. */
export class World {
  readonly clock = new VirtualClock(START_MS);
  readonly limits: Limits;
  readonly store: MemoryIdempotencyStore;
  readonly queue: MemoryQueue;
  readonly quarantine: MemoryQueue;
  readonly crm = new RememberedCrm();
  readonly crmWays: readonly CrmWay[];
  readonly problems: string[] = [];
  readonly events: readonly WorkEvent[];
  /** Events of which a delivery was answered 202. */
  readonly accepted = new Set<string>();
  /** How often each kind of fault has happened. */
  readonly met = new Map<Fault, number>();
  readonly invocations: Invocation[] = [];
  readonly #options: WorldOptions;
  readonly #secret = new RotatingSecret();
  readonly #ingestSecret: MemoryStreamSecret;
  readonly #byBody: ReadonlyMap<string, WorkEvent>;
  readonly #deleted: QueuedMessage[] = [];
  readonly #late: { readonly name: string; readonly act: () => void }[] = [];
  readonly #snapshots: ReadAhead[] = [];
  readonly #toSend: { readonly event: WorkEvent; readonly dueMs: number }[];
  #rations: Rations;
  #invocationsLeft: number;
  #calm = false;

  constructor(options: WorldOptions) {
    const { clock } = this;
    this.#options = options;
    this.limits = options.sabotage?.limits?.(options.limits) ?? options.limits;
    this.events = options.events;
    this.crmWays = options.crmWays;
    this.#rations = { ...options.rations };
    this.#invocationsLeft = options.invocations;
    this.#byBody = new Map(options.events.map((event) => [event.body, event]));
    this.store = new MemoryIdempotencyStore(options.sabotage?.rules);
    this.quarantine = new MemoryQueue({ name: 'q', clock, visibilityMs: 30_000 });
    const { visibilityMs, maxReceiveCount } = this.limits;
    const redrivePolicy = { maxReceiveCount, deadLetters: this.quarantine };
    this.queue = new MemoryQueue({ name: 'd', clock, visibilityMs, redrivePolicy });
    this.#ingestSecret = new MemoryStreamSecret(this.#secret, clock, this.limits);
    options.sabotage?.store?.(this.store);
    this.#toSend = (options.deliveries ?? []).map((event) => ({ event, dueMs: START_MS }));
    if (options.deliveries === undefined) for (const { name, body } of options.events) this.#enqueue(name, body);
  }

  #enqueue(name: string, body: string): void {
    this.queue.sendNow({ body, attributes: {} });
    this.accepted.add(name);
  }

  /** The dice of the code under test. */
  fraction(): number {
    return this.#options.fraction();
  }

  /** The event's row. */
  row(name: string): EventRow | undefined {
    return this.store.events.get(eventKey(name));
  }

  /** The contact that the event is to be applied to in order, if any. */
  contactOf(name: string): string | null {
    const event = this.events.find((one) => one.name === name);
    return event?.kind === 'ordered' ? event.contact : null;
  }

  /** Whether a message of the event is in this queue. */
  holds(queue: MemoryQueue, name: string): boolean {
    return [...queue.messages.values()].some((message) => this.#eventOf(message)?.name === name);
  }

  /** A write lands when the driver says so, though its caller has given up. */
  landLater(name: string, act: () => void): void {
    this.#late.push({ name, act });
  }

  /** What a read may find that is a little out of date. */
  readAsItWas(keys: Parameters<IdempotencyStore['readAhead']>[0]): ReadAhead {
    const then = this.#snapshots[0] ?? { events: new Map(), contacts: new Map() };
    const of = <Row>(rows: ReadonlyMap<string, Row>, wanted: readonly string[]) =>
      new Map([...rows].filter(([key]) => wanted.includes(key)));
    return { events: of(then.events, keys.events), contacts: of(then.contacts, keys.contacts) };
  }

  /** Nothing may go wrong any more: from here on the world must come to rest by itself. */
  calm(): void {
    for (const fault of Object.keys(this.#rations) as Fault[]) this.#rations[fault] = 0;
    this.#invocationsLeft = Number.POSITIVE_INFINITY;
    this.#calm = true;
  }

  /** Whether everything that was sent has been dealt with. */
  get atRest(): boolean {
    const nothingWaits = this.queue.messages.size + this.#toSend.length + this.#late.length === 0;
    return nothingWaits && this.#running().length === 0;
  }

  /** Whether the driver has used up what it may do. */
  get isOver(): boolean {
    return this.#invocationsLeft <= 0 && this.#running().length === 0;
  }

  /** Everything that can happen now. The first is harmless, if anything is. */
  actions(): Action[] {
    const running = this.#running();
    if (this.#options.pruned && !this.#calm) {
      const own = running.find(({ parked }) => parked.some(({ touches }) => touches === 'own message'));
      if (own !== undefined) return this.#waysOf(own).filter(({ touches }) => touches === 'own message');
    }
    return [
      ...running.flatMap((invocation) => this.#waysOf(invocation)),
      ...this.#deliveries(),
      ...this.#receives(),
      ...this.#landings(),
      ...this.#mischief(),
      ...this.#passings(),
    ].filter(({ kind }) => kind === 'goes on' || kind === 'begins' || kind === 'time' || this.#rations[kind] > 0);
  }

  /** Carries an action out, and counts it where it is a fault. */
  carryOut(action: Action): void {
    const { kind } = action;
    if (kind !== 'goes on' && kind !== 'begins' && kind !== 'time') {
      this.#rations[kind] -= 1;
      this.#meet(kind);
    }
    if (this.#rations.stale_read > 0) this.#takeSnapshot();
    action.act();
  }

  /** What is left to happen, for a state to be told from another. */
  get remains(): unknown {
    return [this.#rations, this.#invocationsLeft, this.#toSend.length, this.#late.map(({ name }) => name)];
  }

  #meet(fault: Fault): void {
    this.met.set(fault, (this.met.get(fault) ?? 0) + 1);
  }

  #takeSnapshot(): void {
    this.#snapshots.push({ events: new Map(this.store.events), contacts: new Map(this.store.contacts) });
    if (this.#snapshots.length > READS_BEHIND) this.#snapshots.shift();
  }

  #running(): Invocation[] {
    return this.invocations.filter(({ state }) => state === 'running');
  }

  #eventOf(message: QueuedMessage): WorkEvent | undefined {
    return this.#byBody.get(message.envelope.body);
  }

  #waysOf(invocation: Invocation) {
    return invocation.parked.flatMap((call) =>
      call.ways.map((way) => ({
        name: `${invocation.name}: ${call.name}: ${way.name}`,
        kind: way.fault ?? ('goes on' as const),
        touches: call.touches,
        act: () => invocation.go(call, way, this.clock.now()),
      })),
    );
  }

  /** The sender's deliveries, each through ingest. */
  #deliveries(): Action[] {
    const next = this.#toSend.find(({ dueMs }) => dueMs <= this.clock.now());
    const first: Action[] =
      next === undefined
        ? []
        : [
            {
              name: `${next.event.name} is delivered`,
              kind: 'begins',
              act: () => {
                this.#toSend.splice(this.#toSend.indexOf(next), 1);
                this.#deliver(next.event);
              },
            },
          ];
    if (this.#options.deliveries === undefined) return first;
    const again = this.events.map(
      (event): Action => ({
        name: `${event.name} is delivered once more`,
        kind: 'sent_again',
        act: () => this.#deliver(event),
      }),
    );
    return [...first, ...again];
  }

  #deliver(event: WorkEvent): void {
    const { limits, clock } = this;
    const invocation = this.#begin(`ingest of ${event.name}`, limits.ingestFunctionTimeoutMs);
    // Refused, in doubt, or no answer at all: the sender tries again as long as it takes.
    const sendAgain = () => void this.#toSend.push({ event, dueMs: this.clock.now() + SENDER_PAUSE_MS });
    invocation.onDeath(sendAgain);
    const ports = ingestPorts(this, invocation, clock, this.#ingestSecret);
    const deps = this.#options.sabotage?.ingest?.(ports) ?? ports;
    const body = new TextEncoder().encode(event.body);
    const signature = sign(body, this.#secret.current());
    void acceptDelivery({ body, signature }, deps).then((outcome) => {
      if (invocation.state !== 'running') return;
      invocation.end();
      if (outcome.kind === 'accepted') this.accepted.add(event.name);
      else sendAgain();
    });
  }

  #begin(what: string, timeoutMs: number): Invocation {
    const number = this.invocations.filter(({ name }) => name.startsWith(what)).length + 1;
    const invocation = new Invocation(number === 1 ? what : `${what}, ${number}`, this.clock.now() + timeoutMs);
    this.invocations.push(invocation);
    return invocation;
  }

  #receives(): Action[] {
    const free = this.#freeEnvironment();
    if (free === undefined || this.#invocationsLeft <= 0) return [];
    const visible = this.queue.visible();
    const singles = this.#options.batchSizes.includes(1) ? visible.map((id) => [id]) : [];
    const batches = this.#options.batchSizes
      .filter((size) => size > 1 && visible.length > 1)
      .map((size) => visible.slice(0, size));
    const early = [...this.queue.messages.keys()].filter((id) => !visible.includes(id));
    return [
      ...[...batches, ...singles].map(
        (ids): Action => ({
          name: `${this.#named(ids)} received`,
          kind: 'begins',
          act: () => this.#receive(ids, free),
        }),
      ),
      ...early.map(
        (id): Action => ({
          name: `${this.#named([id])} received although in flight`,
          kind: 'received_twice',
          act: () => {
            this.queue.redeliver(id);
            this.#receive([id], free);
          },
        }),
      ),
    ];
  }

  #named(messageIds: readonly string[]): string {
    return messageIds.map((id) => this.#nameOf(id)).join(', ');
  }

  #nameOf(messageId: string): string {
    const message = this.queue.messages.get(messageId) ?? this.quarantine.messages.get(messageId);
    return message === undefined ? messageId : (this.#eventOf(message)?.name ?? messageId);
  }

  /** An environment that does nothing; now this one, now that. A dead one is replaced at once. */
  #freeEnvironment(): number | undefined {
    const busy = this.#running().filter(({ name }) => !name.startsWith('ingest')).length;
    const environments = this.#options.clockOffsetsMs.length;
    return busy < environments ? this.invocations.length % environments : undefined;
  }

  #receive(messageIds: readonly string[], environment: number): void {
    this.#invocationsLeft -= 1;
    const received = this.queue.receiveThese(messageIds);
    if (received.length < messageIds.length) this.#meet('dead_lettered');
    if (received.length === 0) return;
    const { limits, clock } = this;
    const invocation = this.#begin(this.#named(messageIds), limits.processorFunctionTimeoutMs);
    const offsetsMs = this.#options.sabotage?.clockOffsetsMs ?? this.#options.clockOffsetsMs;
    const environmentClock = clock.skewed(offsetsMs[environment] ?? 0);
    const ports = processorPorts(this, invocation, environmentClock);
    const deps = this.#options.sabotage?.processor?.(ports, this) ?? ports;
    const endsAtMs = environmentClock.now() + limits.processorFunctionTimeoutMs;
    processBatch(received, endsAtMs, deps)
      .then((result) => this.#acknowledge(invocation, received, this.#options.sabotage?.result?.(result) ?? result))
      .catch((error: unknown) => this.problems.push(`${invocation.name}: the processor threw ${String(error)}`));
  }

  /** Lambda deletes what the function does not give back, sooner or later. */
  async #acknowledge(invocation: Invocation, received: readonly Received[], { comeBack }: BatchResult): Promise<void> {
    const done = received.filter(({ message }) => !comeBack.includes(message.messageId));
    if (done.length > 0 && invocation.state === 'running') {
      const remove = () => {
        for (const { receiptHandle, message } of done) {
          const queued = this.queue.messages.get(message.messageId);
          if (queued !== undefined && this.queue.deleteNow(receiptHandle)) this.#deleted.push(queued);
        }
        return { answer: null };
      };
      const { storeBudgetMs } = this.limits;
      // The function has ended: the rest is Lambda's.
      invocation.endsByMs = Number.POSITIVE_INFINITY;
      await invocation.park({
        name: 'acknowledgement',
        touches: 'own message',
        answeredByMs: this.clock.now() + storeBudgetMs,
        ways: [
          { name: 'done', happen: remove },
          { name: 'not done', fault: 'throttled', happen: () => ({ answer: null }) },
        ],
      });
    }
    if (invocation.state === 'running') invocation.end();
  }

  #landings(): Action[] {
    return this.#late.map((landing) => ({
      name: landing.name,
      kind: 'goes on',
      act: () => {
        this.#late.splice(this.#late.indexOf(landing), 1);
        landing.act();
      },
    }));
  }

  /** What others do that the protocol has to bear. */
  #mischief(): Action[] {
    const redrives = [...this.quarantine.messages.keys()].map(
      (id): Action => ({
        name: `${this.#nameOf(id)} is redriven`,
        kind: 'redriven',
        act: () => void this.quarantine.move(id, this.queue),
      }),
    );
    const back = this.#deleted.map(
      (message): Action => ({
        name: `${this.#eventOf(message)?.name} comes once more, though it was deleted`,
        kind: 'came_back',
        act: () => this.queue.resurrect(message),
      }),
    );
    const rotation: Action = {
      name: 'the secret is rotated',
      kind: 'secret_rotated',
      act: () => this.#secret.rotate(),
    };
    const idle = this.#running().length === 0;
    const frozen: Action = { name: 'all stand still', kind: 'frozen', act: () => this.#pass(FROZEN_MS) };
    return [...redrives, ...back, ...(this.#toSend.length > 0 ? [rotation] : []), ...(idle ? [frozen] : [])];
  }

  /** Time passes to the next moment at which something changes by itself, but not beyond an answer that is due. */
  #passings(): Action[] {
    const nowMs = this.clock.now();
    const rows = [...this.store.events.values(), ...this.store.contacts.values()] as readonly Partial<EventRow>[];
    const running = this.#running();
    const moments = [
      ...this.#toSend.map(({ dueMs }) => dueMs),
      ...[...this.queue.messages.values()].map(({ visibleAtMs }) => visibleAtMs),
      ...rows.flatMap(({ leaseExpiresAtMs = 0, nextAttemptAtMs = 0 }) => [leaseExpiresAtMs, nextAttemptAtMs]),
      ...(this.#options.pruned ? [] : running).flatMap(({ parked, endsByMs }) => [
        endsByMs,
        ...parked.map(({ answeredByMs }) => answeredByMs),
      ]),
    ].filter((atMs) => atMs > nowMs);
    const next = Math.min(...moments);
    const due = Math.min(...running.flatMap(({ parked }) => parked.map(({ answeredByMs }) => answeredByMs)));
    if (next === Number.POSITIVE_INFINITY || next > due) return [];
    return [{ name: `${(next - nowMs) / 1_000} s pass`, kind: 'time', act: () => this.#pass(next - nowMs) }];
  }

  #pass(byMs: number): void {
    const calling = this.#running().some(({ parked }) => parked.some(({ touches }) => touches === 'CRM'));
    if (calling && byMs >= 1_000) this.#meet('crm_slow');
    this.clock.advance(byMs);
    for (const invocation of this.#running()) {
      if (invocation.endsByMs > this.clock.now()) continue;
      this.problems.push(
        `${invocation.name} is still at work when its function is ended, though every port kept its budget`,
      );
      invocation.die();
    }
  }
}
