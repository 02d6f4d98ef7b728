/** Rows of the state table known to a batch: those of the read-ahead, updated by its own writes. */
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';
import type { ReadAhead } from '../ports.ts';
import type { SettledEventCache } from './settled-event-cache.ts';

type ContactsRead = Pick<ReadAhead, 'contacts' | 'absentContacts'>;

/**
 * Cached rows may be stale: every write is conditional on the values that it relies on. Final rows
 * are also added to the environment-wide cache.
 */
export class RowCache {
  readonly #settledEvents: SettledEventCache;
  readonly #events: Map<string, EventRow>;
  /** Undefined: known to be absent. */
  readonly #contacts: Map<string, ContactRow | undefined>;

  /** Without a read-ahead only the environment-wide cache is known. */
  constructor(settledEvents: SettledEventCache, readAhead?: ContactsRead & Pick<ReadAhead, 'events'>) {
    this.#settledEvents = settledEvents;
    this.#events = new Map(readAhead?.events);
    this.#contacts = new Map();
    if (readAhead !== undefined) this.addContacts(readAhead);
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

  /** True if the row was read, or found absent. */
  isContactKnown(key: string): boolean {
    return this.#contacts.has(key);
  }

  /** `undefined`: the row is absent. */
  setContact(key: string, row: ContactRow | undefined): void {
    this.#contacts.set(key, row);
  }

  /** Adds contacts that have been read since. */
  addContacts({ contacts, absentContacts }: ContactsRead): void {
    for (const key of absentContacts) this.#contacts.set(key, undefined);
    for (const [key, row] of contacts) this.#contacts.set(key, row);
  }
}
