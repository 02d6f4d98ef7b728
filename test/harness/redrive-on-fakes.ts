/**
 * The redrive function's use cases on in-memory fakes: two queues, a table, and time that obeys.
 */
import { quarantineEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import { parseEvent } from '../../lambdas/domain/event/event.ts';
import { identityOf } from '../../lambdas/domain/event/event-key.ts';
import type { EventRow, QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS, type Limits } from '../../lambdas/domain/limits.ts';
import type { RedriveResult, RunReport } from '../../lambdas/domain/quarantine/redrive-result.ts';
import { handleRedriveRequest, type RedriveDependencies } from '../../lambdas/redrive/handle-request.ts';
import { VirtualClock } from './fakes/clock.virtual.ts';
import { MemoryIdempotencyStore } from './fakes/idempotency-store.memory.ts';
import { MemoryLog } from './fakes/log.memory.ts';
import { MemoryQueue } from './fakes/message-queue.memory.ts';
import { MemoryMetrics } from './fakes/metrics.memory.ts';
import { MemoryPipelineView } from './fakes/pipeline-view.memory.ts';
import { MemoryQuarantineIndex } from './fakes/quarantine-index.memory.ts';
import { MemoryBulkQueue, MemoryQuarantineQueue } from './fakes/quarantine-queue.memory.ts';
import { VirtualSleep } from './fakes/sleep.virtual.ts';
import { eventBody, START_MS } from './processor-on-fakes.ts';

/** An event in quarantine. Times are relative to the start of the test. */
export interface Quarantined {
  readonly id: string;
  /** Undefined: SQS moved it, and it has no note. */
  readonly reason?: QuarantineReason;
  readonly atMs?: number;
  readonly redrives?: number;
  readonly recoveries?: number;
  readonly failedBy?: 'crm' | 'record';
  readonly type?: string;
  readonly receivedAtMs?: number;
  readonly to?: string;
}

/** A run of any kind, as it was answered. */
export type Run = Extract<RedriveResult, RunReport>;

/** The redrive function and all that it works with. */
export class RedriveOnFakes {
  readonly clock = new VirtualClock(START_MS);
  readonly sleep = new VirtualSleep(this.clock);
  readonly store = new MemoryIdempotencyStore();
  readonly log = new MemoryLog();
  readonly metrics = new MemoryMetrics();
  readonly limits: Limits;
  readonly quarantine: MemoryQueue;
  readonly delivery: MemoryQueue;
  readonly deps: RedriveDependencies;

  constructor(overrides: { readonly limits?: Partial<Limits>; readonly deps?: Partial<RedriveDependencies> } = {}) {
    const { clock, sleep, store } = this;
    this.limits = { ...DEFAULT_LIMITS, ...overrides.limits };
    this.quarantine = new MemoryQueue({ name: 'quarantined', clock, visibilityMs: 30_000 });
    this.delivery = new MemoryQueue({ name: 'delivered', clock, visibilityMs: this.limits.visibilityMs });
    this.deps = {
      quarantine: new MemoryQuarantineQueue(this.quarantine, sleep),
      deliveryQueue: new MemoryBulkQueue(this.delivery),
      tasks: { start: async () => ({ kind: 'unavailable', cause: 'SQS: no tasks in memory' }) },
      store,
      circuitBreaker: store.circuit,
      index: new MemoryQuarantineIndex(store.events),
      summaries: new MemoryQuarantineIndex(store.events),
      view: new MemoryPipelineView(store.events),
      clock,
      sleep,
      log: this.log,
      metrics: this.metrics,
      limits: this.limits,
      ...overrides.deps,
    };
  }

  /** Puts events into quarantine as the processor does, each with its row. */
  put(...events: readonly Quarantined[]): void {
    for (const quarantined of events) {
      const { id, reason, atMs = 0, redrives = 0, type, receivedAtMs = 0, to = '+15550100' } = quarantined;
      const { recoveries, failedBy } = quarantined;
      const counted = {
        redrives,
        ...(recoveries === undefined ? {} : { recoveries }),
        ...(failedBy === undefined ? {} : { failedBy }),
      };
      const body = eventBody(id, receivedAtMs, to, type);
      const attributes = { schema: '1', eventId: id, receivedAtMs: String(START_MS + receivedAtMs) };
      if (reason === undefined) {
        this.quarantine.sendNow({ body, attributes });
        continue;
      }
      const at = new Date(START_MS + atMs).toISOString();
      const note = { reason, at, attempts: 1, ...counted, lastError: `${reason} of ${id}` };
      this.quarantine.sendNow(quarantineEnvelope({ body, attributes }, note));
      const row = {
        status: 'QUARANTINED',
        owner: `owner of ${id}`,
        identity: identityOfBody(body),
        attempts: 1,
        expiredLeases: 0,
      } as const;
      this.store.events.set(`EVENT#${id}`, {
        ...row,
        reason,
        ...counted,
        settledAtMs: START_MS + atMs,
        firstReceivedAtMs: START_MS + receivedAtMs,
      });
    }
  }

  /** Changes an event's row. */
  setRow(id: string, changes: Partial<EventRow>): void {
    const row = this.store.events.get(`EVENT#${id}`);
    if (row === undefined) throw new Error(`there is no row of ${id}`);
    this.store.events.set(`EVENT#${id}`, { ...row, ...changes });
  }

  /** One invocation, a moment after whatever was before, and what it answers. */
  ask(request: unknown, deps: Partial<RedriveDependencies> = {}): Promise<RedriveResult> {
    this.clock.advance(1);
    const endsAtMs = this.clock.now() + this.limits.redriveFunctionTimeoutMs;
    return handleRedriveRequest(request, endsAtMs, { ...this.deps, ...deps });
  }

  /** An invocation that is a run over quarantine. */
  async run(request: unknown, deps: Partial<RedriveDependencies> = {}): Promise<Run> {
    const answer = await this.ask(request, deps);
    if (!('examined' in answer)) throw new Error(`answered ${JSON.stringify(answer)}`);
    return answer;
  }

  /**
   * Ids of the events whose messages are in a queue, in order; `visible` says whether they can be
   * received now.
   */
  ids(queue: 'quarantine' | 'delivery', visible?: 'visible'): string[] {
    const messages = [...this[queue].messages.values()].filter(
      ({ messageId }) => visible === undefined || this[queue].visible().includes(messageId),
    );
    return messages.map(({ envelope }) => envelope.attributes.eventId ?? '-').sort();
  }
}

/** The identity of the event in a body. */
function identityOfBody(body: string): string {
  const parsed = parseEvent(Buffer.from(body));
  if (parsed.kind !== 'event') throw new Error(parsed.reason);
  return identityOf(parsed.event);
}

/** So many events, `prefix` before their numbers. */
export function many(count: number, prefix: string, facts: Omit<Quarantined, 'id'>): Quarantined[] {
  return Array.from({ length: count }, (_, index) => ({ ...facts, id: `${prefix}-${index}` }));
}
