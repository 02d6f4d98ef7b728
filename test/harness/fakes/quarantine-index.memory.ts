/** The index of quarantined events, over the rows of the table's fake. */
import type { EventRow, QuarantineReason } from '../../../lambdas/domain/idempotency/event-row.ts';
import type {
  QuarantineEntry,
  QuarantineIndex,
  QuarantineSummaries,
  QuarantineSummary,
} from '../../../lambdas/ports.ts';

/** Always up to date, which the real one need not be. */
export class MemoryQuarantineIndex implements QuarantineIndex, QuarantineSummaries {
  readonly #events: ReadonlyMap<string, EventRow>;

  constructor(events: ReadonlyMap<string, EventRow>) {
    this.#events = events;
  }

  async list(reason: QuarantineReason, limit: number): ReturnType<QuarantineIndex['list']> {
    const entries = [...this.#events.values()].flatMap((row) =>
      row.reason === reason ? [entryFrom(reason, row)] : [],
    );
    entries.sort((one, other) => one.atMs - other.atMs);
    return { kind: 'listed', entries: entries.slice(0, limit), more: entries.length > limit };
  }

  async summarize(reason: QuarantineReason): Promise<QuarantineSummary> {
    const times = [...this.#events.values()].flatMap((row) => (row.reason === reason ? (row.settledAtMs ?? []) : []));
    const count = Math.min(1_000, times.length);
    const counted = { kind: 'known', count, more: times.length > count } as const;
    return count === 0 ? counted : { ...counted, oldestAtMs: Math.min(...times) };
  }
}

function entryFrom(reason: QuarantineReason, row: EventRow): QuarantineEntry {
  const { settledAtMs = 0, redrives, recoveries, failedBy, orderingKey, position, isReplay } = row;
  return {
    reason,
    atMs: settledAtMs,
    redrives,
    ...(recoveries === undefined ? {} : { recoveries }),
    ...(failedBy === undefined ? {} : { failedBy }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(position === undefined ? {} : { position }),
    ...(isReplay === undefined ? {} : { isReplay }),
  };
}
