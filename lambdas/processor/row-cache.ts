/** Rows of the state table known to a batch: those of the read-ahead, updated by its own writes. */
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';
import type { ReadAhead } from '../ports.ts';
import type { SettledEventCache } from './settled-event-cache.ts';

/**
 * Beliefs, not facts: every write is conditional on what it relies on. Of what is final the
 * environment is told.
 */
export class RowCache {
  readonly #settledEvents: SettledEventCache;
  readonly #events: Map<string, EventRow>;
  readonly #contacts: Map<string, ContactRow>;

  /** Without a read-ahead nothing is known but what the environment remembers. */
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
