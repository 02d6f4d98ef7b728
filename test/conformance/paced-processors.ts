/**
 * Five processors with a shared rate against the fake of a vendor that enforces it, in virtual
 * time.
 */
import type { RequestRate } from '../../lambdas/domain/crm/connector.ts';
import { type Envelope, quarantineEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { returnedEnvelope } from '../../lambdas/domain/quarantine/quarantine-note.ts';
import type { Log } from '../../lambdas/ports.ts';
import { type ProcessorDependencies, processBatch } from '../../lambdas/processor/process-batch.ts';
import { RateLimiter } from '../../lambdas/processor/rate-limiter.ts';
import { SentCopies } from '../../lambdas/processor/sent-copies.ts';
import { SettledEventCache } from '../../lambdas/processor/settled-event-cache.ts';
import { SharedCircuitBreaker } from '../../lambdas/processor/shared-circuit-breaker.ts';
import { DIGEST_KEY } from '../harness/digest-key.ts';
import { SeededChance, seededFraction } from '../harness/fakes/chance.seeded.ts';
import { MemoryIdempotencyStore } from '../harness/fakes/idempotency-store.memory.ts';
import { MemoryQueue, MemoryVisibility } from '../harness/fakes/message-queue.memory.ts';
import { UNSEEN_METRICS } from '../harness/fakes/metrics.memory.ts';
import { MemoryRateStore } from '../harness/fakes/rate-store.memory.ts';
import { VirtualTimers } from '../harness/fakes/timers.virtual.ts';
import { DrivenConnector } from './driven-connector.ts';
import type { Subject } from './subjects.ts';

/** Begins where a day of the fakes does. */
const START_MS = Date.parse('2026-01-31T09:30:00Z');
/** Offset of each processor's clock. */
const CLOCKS_MS = [0, 40, -40, 80, -80];
const POLL_MS = 200;
const CONTACTS = 1_000;

/** A queue, a table, a vendor, and the processors between them. */
export class PacedProcessors {
  readonly timers = new VirtualTimers(START_MS);
  readonly store = new MemoryIdempotencyStore();
  readonly rateStore = new MemoryRateStore();
  /** Seconds from sending to the CRM's success, of live events and of redriven ones. */
  readonly waits: Readonly<Record<'live' | 'redriven', number[]>> = { live: [], redriven: [] };
  readonly connector: DrivenConnector;
  readonly queue: MemoryQueue;
  readonly #quarantine: MemoryQueue;
  readonly #subject: Subject;
  readonly #rate: RequestRate;
  readonly #fraction = seededFraction(7);
  #sent = 0;

  constructor(subject: Subject, rate: RequestRate) {
    this.#subject = subject;
    this.#rate = rate;
    this.connector = new DrivenConnector(subject, { rate, nowMs: () => this.timers.now() });
    this.queue = this.#queueOf('message', DEFAULT_LIMITS.visibilityMs);
    this.#quarantine = this.#queueOf('quarantined', 30_000);
  }

  /** Sends events of different contacts; `redriven`: as they come from quarantine. */
  send(count: number, type: string, redriven = false): void {
    for (let index = 0; index < count; index += 1) {
      this.#sent += 1;
      const id = `${redriven ? 'r' : 'e'}-${this.#sent}`;
      const interaction = { id, to: `+1555${String(this.#sent % CONTACTS).padStart(7, '0')}` };
      const eventTimestamp = new Date(this.timers.now()).toISOString();
      const event = { eventBridgeEventId: id, eventType: type, eventTimestamp, interaction };
      const envelope = { body: JSON.stringify(event), attributes: {} };
      this.queue.sendNow(redriven ? this.#returned(envelope) : envelope);
    }
  }

  /** Sends one live event after another. */
  async trickle(count: number, everyMs: number): Promise<void> {
    for (let index = 0; index < count; index += 1) {
      this.send(1, 'interaction.created');
      await this.timers.for(everyMs);
    }
  }

  /** Lets the processors work until the queue is empty and `sender` has ended. */
  async run(sender: Promise<void> = Promise.resolve()): Promise<void> {
    let isSending = true;
    const sent = sender.then(() => {
      isSending = false;
    });
    const polls = CLOCKS_MS.map((_, index) => this.#poll(index, () => isSending));
    await this.timers.run(Promise.all([sent, ...polls]));
  }

  /** Total time. */
  tookMs(): number {
    return this.timers.now() - START_MS;
  }

  /** The most requests that the vendor has seen in one window. */
  mostInWindow(): number {
    const times = this.connector.fake.calls.map(({ atMs }) => atMs);
    const countFrom = (first: number) =>
      times.filter((atMs) => atMs >= first && atMs < first + this.#rate.windowMs).length;
    return Math.max(...times.map(countFrom));
  }

  #returned(envelope: Envelope): Envelope {
    const nowMs = this.timers.now();
    const at = new Date(nowMs).toISOString();
    const noted = quarantineEnvelope(envelope, { reason: 'circuit_open', at, attempts: 0, redrives: 0 });
    return returnedEnvelope(noted, { by: 'recovery' }, nowMs);
  }

  async #poll(index: number, isSending: () => boolean): Promise<void> {
    const deps = this.#environment(index);
    while (this.queue.messages.size > 0 || isSending()) {
      const received = this.queue.receive(10);
      if (received.length === 0) {
        await this.timers.for(POLL_MS);
        continue;
      }
      const invocationEndsMs = deps.clock.now() + DEFAULT_LIMITS.processorFunctionTimeoutMs;
      const { retryIds } = await processBatch(received, invocationEndsMs, deps);
      for (const { message, receiptHandle } of received)
        if (!retryIds.includes(message.messageId)) this.queue.deleteNow(receiptHandle);
    }
  }

  #environment(index: number): ProcessorDependencies {
    const clock = { now: () => this.timers.now() + (CLOCKS_MS[index] ?? 0) };
    const { connector } = this.#subject;
    const { rateStore, store, timers: sleep } = this;
    const log: Log = { write: (_level, _message, details) => this.#record(details) };
    const shared = { clock, log, metrics: UNSEEN_METRICS, limits: DEFAULT_LIMITS };
    const slow = async <Result>(work: () => Promise<Result>) => {
      await this.timers.for(5 + 10 * this.#fraction());
      return work();
    };
    const rateLimiter = new RateLimiter({
      rate: this.#rate,
      connector,
      rateStore: { take: (request) => slow(() => rateStore.take(request)) },
      clock,
      sleep,
    });
    return {
      ...shared,
      store: {
        readAhead: (keys) => slow(() => store.readAhead(keys)),
        claim: (write) => slow(() => store.claim(write)),
        settle: (write) => slow(() => store.settle(write)),
      },
      crm: { deliver: (action, { admit }) => this.#deliver(action, admit, clock) },
      circuitBreaker: new SharedCircuitBreaker({ circuitBreakerStore: store.circuit, ...shared }),
      rateLimiter,
      settledEvents: new SettledEventCache(),
      sentCopies: new SentCopies(),
      quarantine: this.#quarantine,
      visibility: new MemoryVisibility(this.queue),
      chance: new SeededChance(index, `environment-${index}`),
      mapping: this.#subject.mapping,
      connector,
      digestKey: DIGEST_KEY,
    };
  }

  #record({ outcome, eventId, receivedAtMs }: Parameters<Log['write']>[2]): void {
    if (outcome !== 'applied') return;
    const waits = String(eventId).startsWith('r') ? this.waits.redriven : this.waits.live;
    waits.push((this.timers.now() - Number(receivedAtMs)) / 1_000);
  }

  /**
   * As the adapter does: asks before each request, which takes its time to arrive and to be
   * answered.
   */
  async #deliver(
    action: Parameters<ProcessorDependencies['crm']['deliver']>[0],
    admit: Parameters<ProcessorDependencies['crm']['deliver']>[1]['admit'],
    clock: ProcessorDependencies['clock'],
  ): ReturnType<ProcessorDependencies['crm']['deliver']> {
    const endsAtMs = clock.now() + DEFAULT_LIMITS.crmTimeoutMs;
    const response = await this.connector.call(action, async () => {
      const nowMs = clock.now();
      const admitted = (await admit?.(nowMs + (endsAtMs - nowMs) / 2)) ?? { kind: 'admitted' };
      if (admitted.kind !== 'admitted') return { kind: 'over_rate', cause: admitted.cause };
      await this.timers.for(20 + 150 * this.#fraction());
      return undefined;
    });
    await this.timers.for(20 + 50 * this.#fraction());
    return response;
  }

  #queueOf(name: string, visibilityMs: number): MemoryQueue {
    return new MemoryQueue({ name, clock: this.timers, visibilityMs });
  }
}
