/** The index of quarantined events, over the rows of the table's fake. */
import type { EventRow, QuarantineReason } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { QuarantineIndex, QuarantineSummaries, QuarantineSummary } from '../../../lambdas/ports.ts';

/** Always up to date, which the real one need not be. */
export class MemoryQuarantineIndex implements QuarantineIndex, QuarantineSummaries {
  readonly #events: ReadonlyMap<string, EventRow>;

  constructor(events: ReadonlyMap<string, EventRow>) {
    this.#events = events;
  }

  async holdsAny({
    reason,
    fromMs,
    toMs,
    redrivesBelow,
  }: Parameters<QuarantineIndex['holdsAny']>[0]): ReturnType<QuarantineIndex['holdsAny']> {
    const any = [...this.#events.values()].some(
      (row) =>
        row.reason === reason &&
        row.settledAtMs !== undefined &&
        row.settledAtMs >= fromMs &&
        row.settledAtMs <= toMs &&
        row.redrives < redrivesBelow,
    );
    return { kind: 'known', any };
  }

  async summarize(reason: QuarantineReason): Promise<QuarantineSummary> {
    const times = [...this.#events.values()].flatMap((row) => (row.reason === reason ? (row.settledAtMs ?? []) : []));
    const count = Math.min(1_000, times.length);
    return count === 0 ? { kind: 'known', count } : { kind: 'known', count, oldestAtMs: Math.min(...times) };
  }
}
