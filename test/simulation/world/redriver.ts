/** Invokes the redrive function, as its schedules and people do. */

import { contactKey } from '../../../lambdas/domain/event/event-key.ts';
import { decideContact } from '../../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { positionOf } from '../../../lambdas/domain/idempotency/position.ts';
import { handleRedriveRequest } from '../../../lambdas/redrive/handle-request.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Action } from './actions.ts';
import { redrivePorts } from './redrive-ports.ts';
import type { Scene } from './scene.ts';

/** Request. */
const REQUESTS = {
  recovery: { action: 'recover' },
  refresh: { action: 'refresh' },
  redrive: { filter: {} },
} as const;

/** The schedule of recovery. */
const RECOVERY_EVERY_MS = 60_000;

/** Runs that may be under way at once: one more than a schedule and a person know of each other. */
const AT_ONCE = 2;

/** The redrive function's callers. */
export class Redriver {
  readonly #scene: Scene;
  readonly #mutation: Mutation;
  #nextRecoveryMs = 0;

  constructor(scene: Scene, mutation: Mutation) {
    this.#scene = scene;
    this.#mutation = mutation;
  }

  /** Runs that can begin now. */
  actions(): Action[] {
    const { quarantine } = this.#scene;
    if (quarantine.messages.size === 0 || this.#underWay >= AT_ONCE) return [];
    return (Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]).map((what) => this.#begin(what));
  }

  /** The schedule alone: a recovery whenever it is due and there is something for it. */
  scheduled(): Action[] {
    const isDue = this.#nextRecoveryMs <= this.#scene.clock.now() && this.hasWork && this.#underWay === 0;
    return isDue ? [this.#begin('recovery')] : [];
  }

  /** When recovery is due next; undefined where there is nothing for it. */
  get dueMs(): number | undefined {
    return this.hasWork ? this.#nextRecoveryMs : undefined;
  }

  /**
   * True if something waits in quarantine that an outage explains, and that may go back now that it
   * is over.
   */
  get hasWork(): boolean {
    return [...this.#scene.store.events].some(([, row]) => row.status === 'QUARANTINED' && this.#mayGoBack(row));
  }

  #mayGoBack(row: EventRow): boolean {
    const { reason, recoveries = 0, failedBy, settledAtMs = 0, eventId = '', orderingKey, isReplay } = row;
    const { limits, store, clock } = this.#scene;
    if (recoveries >= limits.recoveriesMax) return false;
    if (reason === 'circuit_open') return true;
    if (reason === 'retries_exhausted')
      return failedBy !== 'record' && clock.now() >= settledAtMs + RECOVERY_EVERY_MS * 2 ** recoveries;
    const event = this.#scene.events.find(({ name }) => name === eventId);
    if (reason !== 'behind_newer' || orderingKey === undefined || event === undefined) return false;
    const { eventTimestamp } = JSON.parse(event.body) as { eventTimestamp: string };
    const contact = store.contacts.get(contactKey(orderingKey));
    const position = positionOf({ timestampMs: Date.parse(eventTimestamp), id: eventId });
    const place = isReplay === true ? { position, isReplay } : { position };
    return decideContact(contact, place, '', clock.now()).kind !== 'behind_newer';
  }

  get #underWay(): number {
    return this.#scene.running.filter(({ functionName }) => functionName === 'redrive').length;
  }

  #begin(what: keyof typeof REQUESTS): Action {
    return {
      name: `${what} begins`,
      kind: 'redrives',
      act: () => {
        const { limits, clock, problems } = this.#scene;
        if (what === 'recovery') this.#nextRecoveryMs = clock.now() + RECOVERY_EVERY_MS;
        const invocation = this.#scene.begin('redrive', what, limits.redriveFunctionTimeoutMs);
        const ports = redrivePorts(this.#scene, invocation);
        const deps = this.#mutation.redrive?.(ports) ?? ports;
        this.#scene.meet(what === 'redrive' ? 'redrive_run' : `${what}_run`);
        handleRedriveRequest(REQUESTS[what], invocation.endsByMs, deps)
          .then(() => {
            if (invocation.state === 'running') invocation.end();
          })
          .catch((error: unknown) => problems.push(`${invocation.name}: the redrive function threw ${String(error)}`));
      },
    };
  }
}
