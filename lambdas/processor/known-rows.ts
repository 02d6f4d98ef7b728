/** What a batch knows of the state table: what the read-ahead brought, kept up to date with its own writes. */
import type { ContactRow, EventRow } from '../domain/event-row.ts';
import type { ReadAhead } from '../ports.ts';
import type { FinalEvents } from './final-events.ts';

/** Beliefs, not facts: every write is conditional on what it relies on. Of what is final the environment is told. */
export class KnownRows {
  readonly #finals: FinalEvents;
  readonly #events: Map<string, EventRow>;
  readonly #contacts: Map<string, ContactRow>;

  /** Without a read-ahead nothing is known but what the environment remembers. */
  constructor(finals: FinalEvents, readAhead?: Pick<ReadAhead, 'events' | 'contacts'>) {
    this.#finals = finals;
    this.#events = new Map(readAhead?.events);
    this.#contacts = new Map(readAhead?.contacts);
    for (const [key, row] of this.#events) finals.saw(key, row);
  }

  event(key: string): EventRow | undefined {
    return this.#events.get(key) ?? this.#finals.row(key);
  }

  contact(key: string): ContactRow | undefined {
    return this.#contacts.get(key);
  }

  /** `undefined`: the row is known to be absent, or not known. */
  sawEvent(key: string, row: EventRow | undefined): void {
    if (row === undefined) {
      this.#events.delete(key);
      return;
    }
    this.#events.set(key, row);
    this.#finals.saw(key, row);
  }

  sawContact(key: string, row: ContactRow): void {
    this.#contacts.set(key, row);
  }
}
