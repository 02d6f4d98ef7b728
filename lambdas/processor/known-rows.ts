/** What a batch knows of the state table: what the read-ahead brought, kept up to date with its own writes. */
import type { ContactRow, EventRow } from '../domain/event-row.ts';
import type { ReadAhead } from '../ports.ts';

/** Beliefs, not facts: every write is conditional on what it relies on. */
export class KnownRows {
  readonly #events: Map<string, EventRow>;
  readonly #contacts: Map<string, ContactRow>;

  /** Without a read-ahead nothing is known. */
  constructor(readAhead?: Pick<ReadAhead, 'events' | 'contacts'>) {
    this.#events = new Map(readAhead?.events);
    this.#contacts = new Map(readAhead?.contacts);
  }

  event(key: string): EventRow | undefined {
    return this.#events.get(key);
  }

  contact(key: string): ContactRow | undefined {
    return this.#contacts.get(key);
  }

  /** `undefined`: the row is known to be absent, or not known. */
  sawEvent(key: string, row: EventRow | undefined): void {
    if (row === undefined) this.#events.delete(key);
    else this.#events.set(key, row);
  }

  sawContact(key: string, row: ContactRow): void {
    this.#contacts.set(key, row);
  }
}
