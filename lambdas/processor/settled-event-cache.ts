/**
 * Final events that an execution environment remembers from batch to batch, for later duplicates.
 */
import { type EventRow, isFinal } from '../domain/idempotency/event-row.ts';

/** Enough for the storm after an outage of minutes; some 3 MB. */
const ROWS_MAX = 4_096;

/**
 * A retry storm brings each event several times within minutes. That an event is final stays true,
 * so that an environment which has seen it need not read it again. Holds the latest `max`, and is
 * gone with the environment; what is forgotten is read from the table again.
 */
export class SettledEventCache {
  readonly #max: number;
  /** In the order in which they were seen. */
  readonly #rows = new Map<string, EventRow>();

  constructor(max = ROWS_MAX) {
    this.#max = max;
  }

  /** The event's row, if it was seen final. */
  get(eventKey: string): EventRow | undefined {
    return this.#rows.get(eventKey);
  }

  /** Remembers the row if it is final. */
  add(eventKey: string, row: EventRow): void {
    if (!isFinal(row.status)) return;
    this.#rows.delete(eventKey);
    this.#rows.set(eventKey, row);
    if (this.#rows.size <= this.#max) return;
    for (const oldest of this.#rows.keys()) {
      this.#rows.delete(oldest);
      break;
    }
  }
}
