/**
 * Invariants of every state of a world, and of a world at rest: the guarantee, sentence by
 * sentence.
 */

import { contactKey } from '../../../lambdas/domain/event/event-key.ts';
import { type EventRow, isFinal } from '../../../lambdas/domain/idempotency/event-row.ts';
import { namesOf } from '../../harness/digest-key.ts';
import type { Scene } from './scene.ts';
import { hasRows, idOf, isReplayed, newestRowKey, replayedName, type WorkEvent } from './workload.ts';

/** Looks at one world, step by step. */
export class Invariants {
  readonly #scene: Scene;
  readonly #lastRows = new Map<string, EventRow>();
  /** Events that have been final: their rows may have expired since. */
  readonly #final = new Map<string, EventRow>();

  readonly #expired = new Set<string>();
  /** Events whose rows of the user are due. */
  readonly #withRows = new Set<string>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Sentences about what is wrong in this state. */
  problemsNow(): string[] {
    const scene = this.#scene;
    const problems = [...scene.problems, ...scene.crm.problems];
    for (const event of scene.events) problems.push(...this.#problemsOfRow(event, scene.row(event.name)));
    for (const event of scene.events) {
      const row = scene.row(event.name);
      problems.push(...this.#problemsOfOutcome(event, row));
      if (row !== undefined) this.#lastRows.set(event.name, row);
    }
    return [...problems, ...this.#problemsOfContacts(), ...this.#problemsOfNames()];
  }

  /**
   * A final row never changes, no other row disappears, and an accepted event without a message is
   * final.
   */
  #problemsOfRow({ name }: WorkEvent, row: EventRow | undefined): string[] {
    const scene = this.#scene;
    const problems: string[] = [];
    const final = this.#final.get(name);
    // Once the row has expired, a duplicate finds no trace of the event. It is quarantined by its
    // age, from where a person may redrive it; or it is ignored, invalid or given up again.
    const isTooOld = row?.reason === 'too_old' || (row?.redrives ?? 0) > 0;
    const isAgain = ['IGNORED', 'ABANDONED'].includes(row?.status ?? '') || row?.reason === 'invalid_event';
    const isForgotten = this.#expired.has(name) && (isTooOld || isAgain);
    if (final !== undefined && row !== undefined && row !== final && !isForgotten)
      problems.push(`${name} was final, and its row has changed`);
    if (row !== undefined && isFinal(row.status)) this.#final.set(name, row);
    if (row?.status === 'ABANDONED') scene.crm.givenUp.set(name, scene.contactOf(name));
    else if (row !== undefined && isFinal(row.status)) this.#withRows.add(name);
    if (final !== undefined && row === undefined) this.#expired.add(name);
    const before = this.#lastRows.get(name);
    if (row === undefined && before !== undefined && !isFinal(before.status))
      problems.push(`the row of ${name} has disappeared, and was ${before.status}`);
    if (before !== undefined && row !== undefined && returnsOf(row) === returnsOf(before)) {
      // A claim without a call gives its attempt back.
      const leastAttempts = before.attempts - (before.status === 'IN_PROGRESS' ? 1 : 0);
      if (row.attempts < leastAttempts && !isForgotten)
        problems.push(`${name} had ${before.attempts} attempts, and has ${row.attempts} without a redrive`);
    }
    const isHeld = scene.holds(scene.queue, name) || scene.holds(scene.quarantine, name);
    if (scene.accepted.has(name) && !this.#final.has(name) && !isHeld)
      problems.push(`${name} is lost: its row is ${row?.status ?? 'absent'}, and no queue has a message of it`);
    return problems;
  }

  #problemsOfOutcome(event: WorkEvent, row: EventRow | undefined): string[] {
    const { crm, store, limits } = this.#scene;
    const { name, contact } = event;
    const problems: string[] = [];
    const deliveries = [idOf(name), replayedName(idOf(name))];
    const isDue = deliveries.some((one) => this.#withRows.has(one)) && hasRows(event);
    if (row?.status === 'COMPLETED' && !crm.applied.includes(name))
      problems.push(`${name} is recorded as applied, and the CRM has never applied it`);
    const isOvertaken = crm.applied.some((other) => other > name && this.#contactOf(other) === contact);
    const wasForgotten = this.#expired.has(name) && crm.applied.includes(name);
    if (row?.status === 'STALE' && !isOvertaken && !wasForgotten)
      problems.push(`${name} is stale, and the CRM has applied nothing newer of its contact`);
    if (store.userRows.has(idOf(name)) !== isDue)
      problems.push(`${name} is ${row?.status ?? 'absent'}, and its rows are ${isDue ? 'not ' : ''}committed`);
    const newest = String(store.userRows.get(newestRowKey(contact))?.event ?? '');
    if (isDue && newest < idOf(name))
      problems.push(`${name} is settled, and the row of its contact is of ${newest}, which is older`);
    // Each attempt may call twice: once more with a newly read token.
    const callsMax = 2 * limits.crmAttempts * (1 + returnsOf(row ?? this.#lastRows.get(name)));
    if (crm.callsOf(name) > callsMax) problems.push(`the CRM has been called ${crm.callsOf(name)} times for ${name}`);
    return problems;
  }

  /**
   * An attempt that has settled holds no contact any longer, unless the CRM may still be executing
   * the call.
   */
  #problemsOfContacts(): string[] {
    const { events, store, crm, clock } = this.#scene;
    return events.flatMap(({ name }) => {
      const row = this.#scene.row(name);
      const held = row?.orderingKey === undefined ? undefined : store.contacts.get(contactKey(row.orderingKey));
      if (row === undefined || row.status === 'IN_PROGRESS' || held?.holder !== row.owner) return [];
      if ((held.leaseExpiresAtMs ?? 0) <= clock.now() || crm.mayStillRun.has(row.owner)) return [];
      return [`${name} is ${row.status}, and still holds its contact`];
    });
  }

  /** Version 0.1.0 gave the row of a contact another name: it has one of the two. */
  #problemsOfNames(): string[] {
    const { events, store } = this.#scene;
    const contacts = [...new Set(events.map(({ contact }) => contact))];
    return contacts.flatMap((contact) => {
      const { current, former } = namesOf(contact);
      return store.contacts.has(current.key) && store.contacts.has(former.key) ? [`${contact} has two rows`] : [];
    });
  }

  #contactOf(name: string): string | undefined {
    return this.#scene.events.find((event) => event.name === name)?.contact;
  }

  /** Sentences about what is wrong with a world that has come to rest. */
  problemsAtRest(): string[] {
    const scene = this.#scene;
    return scene.events.flatMap(({ name }) => {
      const isNotReplayed = isReplayed(name) && !scene.accepted.has(name);
      if (isNotReplayed || this.#final.has(name) || scene.holds(scene.quarantine, name)) return [];
      return [`${name} has come to rest as ${scene.row(name)?.status ?? 'absent'}, neither final nor in quarantine`];
    });
  }

  /**
   * Sentences about events that stay in quarantine although everything works and a person has
   * redriven them.
   */
  problemsAfterRedrive(): string[] {
    const scene = this.#scene;
    return scene.events.flatMap(({ name, kind }) => {
      const reason = scene.row(name)?.reason ?? '';
      const mayStay = kind === 'invalid' || reason === 'too_old';
      if (this.#final.has(name) || mayStay || !scene.holds(scene.quarantine, name)) return [];
      return [`${name} has no way out of quarantine (${reason})`];
    });
  }
}

/** Number of times that the event has left quarantine. */
function returnsOf(row: EventRow | undefined): number {
  return (row?.redrives ?? 0) + (row?.recoveries ?? 0);
}
