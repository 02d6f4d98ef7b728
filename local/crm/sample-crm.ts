/**
 * A CRM to deliver to: applies each idempotency key once, keeps what happened in order, and can be
 * switched to misbehave. It writes an applied call to a file before it responds, so that a kill
 * loses nothing.
 */
import { appendFileSync, closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** Outcome of one call. */
export type CallOutcome = 'applied' | 'repeated' | 'refused' | 'failed';

/** One call, as it is kept. */
export interface CrmCall {
  readonly atMs: number;
  readonly outcome: CallOutcome;
  /** The status it was answered with; 0 where there was no answer. */
  readonly status: number;
  readonly key: string | null;
  readonly phone: string | null;
  readonly lastCallTimestamp: string | null;
}

/** One application to a contact. */
export interface Application {
  readonly atMs: number;
  readonly key: string | null;
  readonly lastCallTimestamp: string;
}

/** A contact: its last value, and how it came to it. */
export interface Contact {
  readonly phone: string;
  readonly lastCallTimestamp: string;
  readonly applications: readonly Application[];
}

/** Counts over everything that the CRM has seen. */
export interface CrmState {
  readonly calls: number;
  readonly applied: number;
  readonly repeated: number;
  readonly refused: number;
  readonly failed: number;
  readonly distinctKeys: number;
  readonly contacts: number;
}

/** Content of a call. */
export interface ContactUpdate {
  readonly key: string | null;
  readonly phone: string;
  readonly lastCallTimestamp: string;
}

/** The CRM's data. */
export class SampleCrm {
  readonly #file: number;
  readonly #calls: CrmCall[] = [];
  readonly #byKey = new Map<string, CrmCall>();
  readonly #contacts = new Map<string, Application[]>();
  readonly #counts: Record<CallOutcome, number> = { applied: 0, repeated: 0, refused: 0, failed: 0 };

  /** Takes up what the file at `path` has. */
  constructor(path: string) {
    const text = readIfThere(path);
    for (const line of text.split('\n')) this.#replay(line);
    // A line that a kill has cut off was never answered; what follows must not be joined to it.
    if (text !== '' && !text.endsWith('\n')) appendFileSync(path, '\n');
    this.#file = openSync(path, 'a', 0o600);
  }

  /**
   * Applies an update, unless its key has been applied before. `repeated` brings the recorded
   * status.
   */
  apply(update: ContactUpdate, atMs: number): { readonly outcome: 'applied' | 'repeated' | 'refused'; status: number } {
    const before = update.key === null ? undefined : this.#byKey.get(update.key);
    const outcome = before === undefined ? 'applied' : isSame(before, update) ? 'repeated' : 'refused';
    // A key that comes again with something else is a client's fault, and must not pass for a
    // repetition.
    const status = outcome === 'refused' ? 422 : 200;
    this.#keep({ atMs, outcome, status, ...update });
    return { outcome, status };
  }

  /** Keeps a call that changed nothing. */
  note(outcome: 'refused' | 'failed', status: number, update: Partial<ContactUpdate>, atMs: number): void {
    const { key = null, phone = null, lastCallTimestamp = null } = update;
    this.#keep({ atMs, outcome, status, key, phone, lastCallTimestamp });
  }

  get state(): CrmState {
    return {
      calls: this.#calls.length,
      ...this.#counts,
      distinctKeys: this.#byKey.size,
      contacts: this.#contacts.size,
    };
  }

  get contacts(): Contact[] {
    return [...this.#contacts].map(([phone, applications]) => ({
      phone,
      lastCallTimestamp: applications.at(-1)?.lastCallTimestamp ?? '',
      applications,
    }));
  }

  get calls(): readonly CrmCall[] {
    return this.#calls;
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  #keep(call: CrmCall): void {
    writeSync(this.#file, `${JSON.stringify(call)}\n`);
    this.#take(call);
  }

  #replay(line: string): void {
    if (line === '') return;
    try {
      this.#take(JSON.parse(line) as CrmCall);
    } catch {
      // Cut off by a kill, before it was answered.
    }
  }

  #take(call: CrmCall): void {
    this.#calls.push(call);
    this.#counts[call.outcome] += 1;
    if (call.outcome !== 'applied' || call.phone === null || call.lastCallTimestamp === null) return;
    if (call.key !== null) this.#byKey.set(call.key, call);
    const applications = this.#contacts.get(call.phone) ?? [];
    applications.push({ atMs: call.atMs, key: call.key, lastCallTimestamp: call.lastCallTimestamp });
    this.#contacts.set(call.phone, applications);
  }
}

function isSame(call: CrmCall, update: ContactUpdate): boolean {
  return call.phone === update.phone && call.lastCallTimestamp === update.lastCallTimestamp;
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
