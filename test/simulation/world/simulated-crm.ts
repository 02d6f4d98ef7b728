/**
 * The CRM of a world: remembers the order in which it has applied events, and who is calling it.
 */
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { idOf } from './workload.ts';

/** A call as it begins. */
export interface CrmCallBegun {
  readonly event: string;
  readonly contact: string | null;
  /** The invocation that calls. */
  readonly caller: string;
  readonly key: string;
  readonly row: EventRow | undefined;
  /** By the clock that is behind the most of all that are allowed. */
  readonly nowMs: number;
}

/** Calls in flight, and the problems found. */
export class SimulatedCrm {
  /** Names of the events in the order in which they were applied; applied again, in it again. */
  readonly applied: string[] = [];
  readonly problems: string[] = [];
  /** Attempts whose call may still be running after its response. */
  readonly mayStillRun = new Set<string>();
  /** Calls of each event by the invocation that made them. */
  readonly #calls = new Map<string, Map<string, number>>();
  readonly #underWay: (Pick<CrmCallBegun, 'event' | 'contact' | 'caller'> & { readonly owner: string | undefined })[] =
    [];
  /**
   * Contacts of events that a person has given up: what is older may then follow any call without a
   * recorded outcome.
   */
  readonly givenUp = new Map<string, string | null>();
  /** Events of which a request was executed, by contact. */
  readonly #executedFor = new Map<string, string[]>();
  readonly #stepsDone = new Map<string, Set<number>>();
  readonly #keys = new Map<string, string>();
  #tokens = 1;

  /** The only token that is accepted. */
  get token(): string {
    return `token-${this.#tokens}`;
  }

  /** Accepts another token from now on. */
  expireToken(): void {
    this.#tokens += 1;
  }

  /**
   * A call begins; `row` is the event's as the table has it. What is given back says that the call
   * is over.
   */
  begin(call: CrmCallBegun): () => void {
    const { event, contact, caller, key, row, nowMs } = call;
    const calls = this.#calls.get(event) ?? new Map<string, number>();
    this.#calls.set(event, calls.set(caller, (calls.get(caller) ?? 0) + 1));
    // The same attempt calls again with a new token, although a request that was reset may still be
    // running.
    const other = this.#underWay.find(
      (one) =>
        (one.event === event || (contact !== null && one.contact === contact)) &&
        !(one.event === event && one.owner === row?.owner),
    );
    if (other !== undefined)
      this.problems.push(`${caller} calls the CRM for ${event} while ${other.caller} is calling it for ${other.event}`);
    if (row?.status !== 'IN_PROGRESS')
      this.problems.push(`${caller} calls the CRM for ${event}, which is ${row?.status ?? 'unknown'}`);
    else if (!row.owner.startsWith(`${caller}.`))
      this.problems.push(`${caller} calls the CRM for ${event}, which ${row.owner} owns`);
    else if ((row.leaseExpiresAtMs ?? 0) <= nowMs)
      this.problems.push(`${caller} calls the CRM for ${event} after its lease has ended`);
    const before = this.#keys.get(event) ?? key;
    if (before !== key)
      this.problems.push(`the CRM is called for ${event} with the key ${key}, and before with ${before}`);
    this.#keys.set(event, key);
    const underWay = { event, contact, caller, owner: row?.owner };
    this.#underWay.push(underWay);
    return () => {
      const index = this.#underWay.indexOf(underWay);
      if (index >= 0) this.#underWay.splice(index, 1);
    };
  }

  /**
   * A call was throttled: the attempt does not count, nor does its call before with an old token.
   */
  throttle(event: string, caller: string): void {
    this.#calls.get(event)?.delete(caller);
  }

  /** Number of calls for an event, without throttled ones. */
  callsOf(event: string): number {
    return [...(this.#calls.get(event)?.values() ?? [])].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Executes one of the requests that make up an event, which is applied when all have been
   * executed. Nothing here leans on a CRM that honours idempotency keys.
   */
  execute(event: string, contact: string | null, step: number, steps: number): void {
    if (contact !== null) {
      const executed = this.#executedFor.get(contact) ?? [];
      const newer = executed.find((other) => idOf(other) > idOf(event));
      const isReleased = [...this.givenUp].some(([other, of]) => of === contact && idOf(other) > idOf(event));
      if (newer !== undefined && !isReleased) this.problems.push(`${event} is applied after ${newer}, which is newer`);
      this.#executedFor.set(contact, [...executed, event]);
    }
    const done = this.#stepsDone.get(event) ?? new Set<number>();
    this.#stepsDone.set(event, done.add(step));
    if (done.size === steps) this.applied.push(event);
  }
}
