/** The state table as people look at it, over the rows of the table's fake. */
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { errorGroups } from '../../../lambdas/domain/quarantine/error-groups.ts';
import type { KeyedRow, PipelineView, QuarantineOfReason } from '../../../lambdas/ports.ts';

const SAMPLE = 5;

/** Always up to date, and counts everything, which the real one need not. */
export class MemoryPipelineView implements PipelineView {
  readonly #events: ReadonlyMap<string, EventRow>;

  constructor(events: ReadonlyMap<string, EventRow>) {
    this.#events = events;
  }

  async quarantine(): ReturnType<PipelineView['quarantine']> {
    const byReason = new Map<string, KeyedRow[]>();
    for (const [key, row] of this.#events) {
      if (row.reason !== undefined) byReason.set(row.reason, [...(byReason.get(row.reason) ?? []), { key, row }]);
    }
    return { kind: 'quarantine', reasons: [...byReason.values()].flatMap((rows) => summaryOf(rows)) };
  }

  async find(idOrKey: string): ReturnType<PipelineView['find']> {
    const rows = [...this.#events].map(([key, row]) => ({ key, row }));
    const own = rows.filter(({ key }) => key === `EVENT#${idOrKey}` || (key === idOrKey && !key.startsWith('EVENT#')));
    const others = ['id_reused', 'invalid_event'];
    const reused = rows.filter(
      ({ key, row }) => !key.startsWith('EVENT#') && others.includes(row.reason ?? '') && row.eventId === idOrKey,
    );
    return { kind: 'found', rows: [...own, ...reused] };
  }
}

function summaryOf(rows: readonly KeyedRow[]): QuarantineOfReason[] {
  const newestFirst = [...rows].sort((one, other) => timeOf(other) - timeOf(one));
  const [newest] = newestFirst;
  const oldest = newestFirst.at(-1);
  if (newest?.row.reason === undefined || oldest === undefined) return [];
  return [
    {
      reason: newest.row.reason,
      count: rows.length,
      more: false,
      oldestAtMs: timeOf(oldest),
      newestAtMs: timeOf(newest),
      errors: errorGroups(newestFirst.map(({ row }) => row.lastError ?? '')),
      errorsOf: newestFirst.length,
      sample: newestFirst.slice(0, SAMPLE),
    },
  ];
}

function timeOf({ row }: KeyedRow): number {
  return row.settledAtMs ?? 0;
}
