/** Rows of the state table known to a batch: those of the read-ahead, updated by its own writes. */
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';
import type { ReadAhead } from '../ports.ts';
import type { SettledEventCache } from './settled-event-cache.ts';

/**
 * Cached rows may be stale: every write is conditional on the values that it relies on. Final rows
 * are also added to the environment-wide cache.
 */
export class RowCache {
  readonly #settledEvents: SettledEventCache;
  readonly #events: Map<string, EventRow>;
  readonly #contacts: Map<string, ContactRow>;

  /** Without a read-ahead only the environment-wide cache is known. */
  constructor(settledEvents: SettledEventCache, readAhead?: Pick<ReadAhead, 'events' | 'contacts'>) {
    this.#settledEvents = settledEvents;
    this.#events = new Map(readAhead?.events);
    this.#contacts = new Map(readAhead?.contacts);
    for (const [key, row] of this.#events) settledEvents.add(key, row);
  }

  event(key: string): EventRow | undefined {
    return this.#events.get(key) ?? this.#settledEvents.get(key);
  }

  contact(key: string): ContactRow | undefined {
    return this.#contacts.get(key);
  }

  /** `undefined`: the row is known to be absent, or not known. */
  setEvent(key: string, row: EventRow | undefined): void {
    if (row === undefined) {
      this.#events.delete(key);
      return;
    }
    this.#events.set(key, row);
    this.#settledEvents.add(key, row);
  }

  setContact(key: string, row: ContactRow): void {
    this.#contacts.set(key, row);
  }
}
