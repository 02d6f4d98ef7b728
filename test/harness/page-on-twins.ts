/** What the operations page looks at, on twins: rows, a circuit, two queues, and a redrive that answers as it is told. */
import type { CircuitRow } from '../../lambdas/domain/circuit.ts';
import type { EventRow, QuarantineReason } from '../../lambdas/domain/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { RedriveAnswer, RunReport } from '../../lambdas/domain/redrive-answer.ts';
import type { PageDependencies } from '../../lambdas/operations/page-content.ts';
import type { QueueDepth, RedriveOrder, RedriveRuns } from '../../lambdas/ports.ts';
import { MemoryPipelineView } from './twins/pipeline-view.memory.ts';

/** The time at which everything is looked at. */
export const NOW_MS = Date.parse('2026-01-31T09:30:00Z');

/** A row in quarantine, a minute old. */
export function quarantinedRow(reason: QuarantineReason, eventId: string, more: Partial<EventRow> = {}): EventRow {
  const common = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 0, redrives: 0 };
  return { ...common, status: 'QUARANTINED', reason, eventId, settledAtMs: NOW_MS - 60_000, ...more };
}

/** A run over quarantine that came to nothing, with these differences. */
export function redriveAnswer(dryRun: boolean, report: Partial<RunReport> = {}): RedriveAnswer {
  const none = { total: 0, byReason: {} };
  return {
    kind: 'redrive',
    dryRun,
    looked: 0,
    moved: none,
    wouldMove: none,
    refreshed: none,
    dropped: none,
    stays: { ...none, why: {} },
    copiesLeft: 0,
    reachedEnd: true,
    sample: [],
    ...report,
  } as RedriveAnswer;
}

/** The sources of a page, all of which a test may set. */
export class PageOnTwins {
  readonly events = new Map<string, EventRow>();
  readonly orders: RedriveOrder[] = [];
  circuit: CircuitRow | undefined;
  answer: Awaited<ReturnType<RedriveRuns['run']>> = { kind: 'answered', answer: redriveAnswer(true) };
  tableAnswers = true;

  /** What the page works with. */
  get deps(): PageDependencies {
    const unavailable = { kind: 'unavailable', cause: 'DynamoDB: timeout' } as const;
    const view = new MemoryPipelineView(this.events);
    return {
      view: {
        quarantine: async () => (this.tableAnswers ? view.quarantine() : unavailable),
        find: async (id) => (this.tableAnswers ? view.find(id) : unavailable),
      },
      circuit: {
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
