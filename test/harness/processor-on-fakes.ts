/**
 * The processor's use case on in-memory fakes: a queue, a table, a CRM that does as it is told, and
 * time that obeys.
 */
import { rest } from '../../lambdas/connectors/rest/connector.ts';
import { crmMapping } from '../../lambdas/connectors/rest/mapping.ts';
import type { CrmResponse } from '../../lambdas/domain/crm/crm-outcome.ts';
import type { CrmMapping } from '../../lambdas/domain/crm/mapping.ts';
import type { Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { type RedriveOrder, returnedEnvelope } from '../../lambdas/domain/quarantine/quarantine-note.ts';
import { type ProcessorDependencies, processBatch } from '../../lambdas/processor/process-batch.ts';
import { SentCopies } from '../../lambdas/processor/sent-copies.ts';
import { SettledEventCache } from '../../lambdas/processor/settled-event-cache.ts';
import { SharedCircuitBreaker } from '../../lambdas/processor/shared-circuit-breaker.ts';
import { DIGEST_KEY } from './digest-key.ts';
import { SeededChance } from './fakes/chance.seeded.ts';
import { VirtualClock } from './fakes/clock.virtual.ts';
import { MemoryIdempotencyStore } from './fakes/idempotency-store.memory.ts';
import { MemoryLog } from './fakes/log.memory.ts';
import { MemoryQueue, MemoryVisibility } from './fakes/message-queue.memory.ts';
import { MemoryMetrics } from './fakes/metrics.memory.ts';

/** When every test begins. */
export const START_MS = Date.parse('2026-01-31T09:30:00Z');

/** One call that reached the CRM. */
export interface CrmCall {
  readonly key: string;
  readonly body: unknown;
  readonly freshToken: boolean;
}

/** An event as Genesys words it. `atMs` is its timestamp, relative to the start of the test. */
export function eventBody(id: string, atMs: number, to: unknown = '+15550100', type = 'interaction.created'): string {
  const eventTimestamp = new Date(START_MS + atMs).toISOString();
  return JSON.stringify({ eventBridgeEventId: id, eventType: type, eventTimestamp, interaction: { id: 'i', to } });
}

/** A processor and all that it works with. */
export class ProcessorOnFakes {
  readonly clock = new VirtualClock(START_MS);
  readonly store = new MemoryIdempotencyStore();
  readonly log = new MemoryLog();
  readonly metrics = new MemoryMetrics();
  readonly crmCalls: CrmCall[] = [];
  readonly quarantine: MemoryQueue;
  readonly queue: MemoryQueue;
  /** Response of the CRM, and what happens meanwhile. */
  answer: (call: CrmCall) => CrmResponse | Promise<CrmResponse> = () => ({
    kind: 'answered',
    status: 200,
    excerpt: '',
  });
  readonly deps: ProcessorDependencies;

  constructor(overrides: { readonly mapping?: CrmMapping; readonly deps?: Partial<ProcessorDependencies> } = {}) {
    const { clock } = this;
    this.quarantine = new MemoryQueue({ name: 'quarantined', clock, visibilityMs: 30_000 });
    this.queue = new MemoryQueue({ name: 'message', clock, visibilityMs: DEFAULT_LIMITS.visibilityMs });
    const limits = overrides.deps?.limits ?? DEFAULT_LIMITS;
    this.deps = {
      store: this.store,
      circuitBreaker: new SharedCircuitBreaker({
        circuitBreakerStore: this.store.circuit,
        clock,
        log: this.log,
        metrics: this.metrics,
        limits,
      }),
      crm: {
        deliver: async (action, { idempotencyKey: key, freshToken }) =>
          this.#answer({ key, body: action.kind === 'request' ? action.body : action, freshToken }),
      },
      settledEvents: new SettledEventCache(),
      sentCopies: new SentCopies(),
      quarantine: this.quarantine,
      visibility: new MemoryVisibility(this.queue),
      clock,
      chance: new SeededChance(1, 'owner'),
      limits: DEFAULT_LIMITS,
      log: this.log,
      metrics: this.metrics,
      mapping: overrides.mapping ?? crmMapping,
      connector: rest,
      digestKey: DIGEST_KEY,
      ...overrides.deps,
    };
  }

  async #answer(call: CrmCall): Promise<CrmResponse> {
    this.crmCalls.push(call);
    return this.answer(call);
  }

  /** Puts bare bodies, or whole envelopes, into the delivery queue. */
  send(...messages: readonly (string | Envelope)[]): void {
    for (const message of messages)
      this.queue.sendNow(typeof message === 'string' ? { body: message, attributes: {} } : message);
  }

  /**
   * Receives a batch and processes it; deletes what is done. Gives what each record came to, in the
   * order of its outcomes.
   */
  async run(timeLeftMs = DEFAULT_LIMITS.processorFunctionTimeoutMs): Promise<string[]> {
    const received = this.queue.receive(10);
    const seen = this.log.entries.length;
    const { retryIds } = await processBatch(received, this.clock.now() + timeLeftMs, this.deps);
    for (const { message, receiptHandle } of received) {
      if (!retryIds.includes(message.messageId)) this.queue.deleteNow(receiptHandle);
    }
    const outcomes = this.log.entries
      .slice(seen)
      .filter(({ message }) => !message.includes('circuit') && !message.includes('paused'));
    return outcomes.map(({ details }) => {
      const { outcome: told, why, cause } = details;
      const outcome = told === 'comes_back' ? `later: ${why ?? cause}` : told;
      return `${details.eventId ?? '-'} ${outcome}${details.reason === undefined ? '' : ` ${details.reason}`}`;
    });
  }

  /** The row of an event. */
  row(id: string): EventRow | undefined {
    return this.store.events.get(`EVENT#${id}`);
  }

  /** Seconds from now until each message in the queue is visible. */
  waits(): number[] {
    return [...this.queue.messages.values()].map(({ visibleAtMs }) => (visibleAtMs - this.clock.now()) / 1_000);
  }

  /** Puts all that is in quarantine back into the delivery queue, as the console's redrive does. */
  redrive(): void {
    for (const id of [...this.quarantine.messages.keys()]) this.quarantine.move(id, this.queue);
  }

  /** Everything in quarantine is given up. */
  giveUp(giveUp = { by: 'ada', why: 'sent by mistake' }): void {
    this.redriveAs({ by: 'person', giveUp });
  }

  /** Sends everything in quarantine back as the redrive function does. */
  redriveAs(order: RedriveOrder): void {
    const nowMs = this.clock.now();
    for (const id of [...this.quarantine.messages.keys()])
      this.quarantine.move(id, this.queue, (envelope) => returnedEnvelope(envelope, order, nowMs));
  }

  /** The notes in quarantine. */
  notes(): unknown[] {
    return [...this.quarantine.messages.values()].map(({ envelope }) =>
      JSON.parse(envelope.attributes.quarantine ?? 'null'),
    );
  }
}
