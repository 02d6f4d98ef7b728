/**
 * The operations page on fakes: rows, a circuit breaker, two queues, and a redrive with prepared
 * responses.
 */
import type { CircuitBreakerRow } from '../../lambdas/domain/crm/circuit-breaker.ts';
import type { ContactRow } from '../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow, QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { RedriveResult, RunReport } from '../../lambdas/domain/quarantine/redrive-result.ts';
import type { PageDependencies } from '../../lambdas/operations/page-content.ts';
import type { QueueDepth, RedriveRunRequest, RedriveRuns } from '../../lambdas/ports.ts';
import { DIGEST_KEY } from './digest-key.ts';
import { MemoryEventSearch } from './fakes/event-search.memory.ts';
import { MemoryPipelineView } from './fakes/pipeline-view.memory.ts';

/** The time at which everything is looked at. */
export const NOW_MS = Date.parse('2026-01-31T09:30:00Z');

/** A row in quarantine, a minute old. */
export function quarantinedRow(reason: QuarantineReason, eventId: string, more: Partial<EventRow> = {}): EventRow {
  const common = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 0, redrives: 0 };
  return { ...common, status: 'QUARANTINED', reason, eventId, settledAtMs: NOW_MS - 60_000, ...more };
}

/** A run over quarantine that came to nothing, with these differences. */
export function redriveResult(dryRun: boolean, report: Partial<RunReport> = {}): RedriveResult {
  const none = { total: 0, byReason: {} };
  return {
    kind: 'redrive',
    dryRun,
    examined: 0,
    moved: none,
    wouldMove: none,
    refreshed: none,
    dropped: none,
    skipped: { ...none, why: {} },
    copiesLeft: 0,
    reachedEnd: true,
    sample: [],
    ...report,
  } as RedriveResult;
}

/** The sources of a page, all of which a test may set. */
export class PageOnFakes {
  readonly events = new Map<string, EventRow>();
  readonly contacts = new Map<string, ContactRow>();
  searchIsComplete = true;
  readonly orders: RedriveRunRequest[] = [];
  circuit: CircuitBreakerRow | undefined;
  answer: Awaited<ReturnType<RedriveRuns['run']>> = { kind: 'answered', answer: redriveResult(true) };
  tableAnswers = true;

  /** Ports of the page. */
  get deps(): PageDependencies {
    const unavailable = { kind: 'unavailable', cause: 'DynamoDB: timeout' } as const;
    const view = new MemoryPipelineView(this.events);
    return {
      view: {
        quarantine: async () => (this.tableAnswers ? view.quarantine() : unavailable),
        find: async (id) => (this.tableAnswers ? view.find(id) : unavailable),
      },
      search: {
        search: async (query, limit) => ({
          ...(await new MemoryEventSearch(this.events, this.contacts).search(query, limit)),
          isComplete: this.searchIsComplete,
        }),
      },
      digestKey: DIGEST_KEY,
      circuitBreaker: {
        read: async () =>
          !this.tableAnswers
            ? unavailable
            : this.circuit === undefined
              ? { kind: 'absent' }
              : { kind: 'stored', stored: { ...this.circuit } },
      },
      deliveryQueue: depth(7, 2),
      quarantine: depth(this.events.size, 0),
      redrive: {
        run: async (order) => {
          this.orders.push(order);
          return this.answer;
        },
      },
      clock: { now: () => NOW_MS },
      limits: DEFAULT_LIMITS,
    };
  }
}

function depth(visible: number, inFlight: number): QueueDepth {
  return { read: async () => ({ kind: 'counted', visible, inFlight, delayed: 0 }) };
}
