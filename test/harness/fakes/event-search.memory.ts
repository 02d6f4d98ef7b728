/** Search over the rows of the table's fake: always complete. */
import type { ContactRow } from '../../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { EventQuery, EventSearch } from '../../../lambdas/ports.ts';

export class MemoryEventSearch implements EventSearch {
  readonly #events: ReadonlyMap<string, EventRow>;
  readonly #contacts: ReadonlyMap<string, ContactRow>;

  constructor(events: ReadonlyMap<string, EventRow>, contacts: ReadonlyMap<string, ContactRow>) {
    this.#events = events;
    this.#contacts = contacts;
  }

  async search({ orderingKeys, interactionId }: EventQuery, limit: number): ReturnType<EventSearch['search']> {
    const rows = [...this.#events]
      .map(([key, row]) => ({ key, row }))
      .filter(
        ({ row }) =>
          orderingKeys.includes(row.orderingKey ?? '-') ||
          (interactionId !== undefined && row.interactionId === interactionId),
      )
      .sort((one, other) => other.row.firstReceivedAtMs - one.row.firstReceivedAtMs);
    return {
      kind: 'searched',
      contacts: orderingKeys.flatMap((key) => this.#contacts.get(`CONTACT#${key}`) ?? []),
      count: rows.length,
      rows: rows.slice(0, limit),
      examined: this.#events.size,
      isComplete: true,
    };
  }
}
