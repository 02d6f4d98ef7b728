/**
 * A world in which the protocol can go wrong: events that a sender delivers, ingest and processor
 * as they ship, queues and a table in memory, a CRM that remembers. Nothing in it happens by
 * itself: a driver looks at all that can happen next, and chooses.
 */
import { type Envelope, quarantineEnvelope } from '../../../lambdas/domain/delivery/envelope.ts';
import { isFinal } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { Limits } from '../../../lambdas/domain/limits.ts';
import { returnedEnvelope } from '../../../lambdas/domain/quarantine/quarantine-note.ts';
import type { Mutation } from '../mutants/mutation.ts';
import { type Action, isFault } from './actions.ts';
import { type EarlierEvent, leaveRows } from './earlier-version.ts';
import type { Fault, Rations } from './faults.ts';
import type { Invocation } from './invocations.ts';
import { Poller, type PollerOptions } from './poller.ts';
import { Redriver } from './redriver.ts';
import { Scene } from './scene.ts';
import { Sender } from './sender.ts';
import { idOf, isReplayed, REPLAY_ID, type WorkEvent } from './workload.ts';

/** Parts of a world. */
export interface WorldOptions extends PollerOptions {
  readonly events: readonly WorkEvent[];
  readonly limits: Limits;
  readonly rations: Rations;
  /** Deliveries to ingest, in this order; absent: the events are in the delivery queue. */
  readonly deliveries?: readonly WorkEvent[];
  /**
   * Leaves out orders that lead to nothing new (`explore.ts` says which): calls that touch only the
   * message their invocation came by are made at once, and time stops only where a row or a message
   * changes by it.
   */
  readonly pruned: boolean;
  /** True if the redrive function may be invoked, and by how many runs. */
  readonly redriveRuns: number;
  /** True if a replay may send again what was delivered. */
  readonly replays: boolean;
  /** Events of which version 0.1.0 left rows behind, at most one of each contact. */
  readonly earlier?: readonly EarlierEvent[];
  readonly mutation?: Mutation;
}

/** Longest freeze of all environments, longer than every cache's time. */
const FROZEN_MS = 600_000;

/** The world. */
export class World {
  readonly scene: Scene;
  readonly #sender: Sender | undefined;
  readonly #poller: Poller;
  readonly #redriver: Redriver;
  #redriveRuns: number;
  readonly #pruned: boolean;
  readonly #replays: boolean;
  readonly #rations: Rations;
  #calm = false;

  constructor(options: WorldOptions) {
    const { events, limits, deliveries, mutation = {} } = options;
    this.scene = new Scene(events, limits, mutation);
    this.#sender = deliveries === undefined ? undefined : new Sender(this.scene, deliveries, mutation);
    this.#poller = new Poller(this.scene, options, mutation);
    this.#redriver = new Redriver(this.scene, mutation);
    this.#redriveRuns = options.redriveRuns;
    this.#pruned = options.pruned;
    this.#replays = options.replays;
    this.#rations = { ...options.rations };
    for (const one of options.earlier ?? []) leaveRows(this.scene, one);
    if (deliveries === undefined) for (const event of events) this.#enqueue(event);
  }

  #enqueue({ name, body }: WorkEvent): void {
    this.scene.queue.sendNow({ body, attributes: {} });
    this.scene.accepted.add(name);
  }

  /** Nothing may go wrong any more: from here on the world must come to rest by itself. */
  calm(): void {
    for (const fault of Object.keys(this.#rations) as Fault[]) this.#rations[fault] = 0;
    this.#poller.invocationsLeft = Number.POSITIVE_INFINITY;
    this.#calm = true;
  }

  /** True if everything that was sent has been dealt with. */
  get atRest(): boolean {
    const { queue, lateWrites, running } = this.scene;
    const underWay = queue.messages.size + lateWrites.length + running.length + (this.#sender?.dueMs.length ?? 0);
    return underWay === 0 && !this.#redriver.hasWork;
  }

  /** True if the driver has used up what it may do. */
  get isOver(): boolean {
    return this.#poller.invocationsLeft <= 0 && this.scene.running.length === 0;
  }

  /** Remaining actions, to distinguish states. */
  get remains(): unknown {
    const late = this.scene.lateWrites.map(({ name }) => name);
    return [this.#rations, this.#poller.invocationsLeft, this.#redriveRuns, this.#sender?.dueMs, late];
  }

  /** A person sends all of quarantine back, now that everything works. */
  redriveAll(): void {
    const { quarantine, queue } = this.scene;
    for (const id of [...quarantine.messages.keys()]) quarantine.move(id, queue);
  }

  /** Everything that can happen now. The first is harmless, if anything is. */
  actions(): Action[] {
    const { running } = this.scene;
    if (this.#pruned && !this.#calm) {
      const own = running.find(({ parked }) => parked.some(({ touches }) => touches === 'own message'));
      if (own !== undefined) return this.#permitted(this.#waysOf(own, 'own message'));
    }
    return this.#permitted([
      ...running.flatMap((invocation) => this.#waysOf(invocation)),
      ...(this.#sender?.actions() ?? []),
      ...this.#poller.actions(),
      ...this.#redrives(),
      ...this.#replayings(),
      ...this.#landings(),
      ...this.#mischief(),
      ...this.#passings(),
    ]);
  }

  /** Carries an action out, and counts it where it is a fault. */
  carryOut({ kind, act }: Action): void {
    if (isFault(kind)) {
      this.#rations[kind] -= 1;
      this.scene.meet(kind);
    }
    if (kind === 'redrives') this.#redriveRuns -= 1;
    if (this.#rations.stale_read > 0) this.scene.takeSnapshot();
    act();
  }

  #permitted(actions: readonly Action[]): Action[] {
    return actions.filter(({ kind }) => !isFault(kind) || this.#rations[kind] > 0);
  }

  #waysOf(invocation: Invocation, touching?: 'own message'): Action[] {
    const nowMs = this.scene.clock.now();
    const calls = invocation.parked.filter(
      ({ touches, notBeforeMs = 0 }) => (touching === undefined || touches === touching) && notBeforeMs <= nowMs,
    );
    return calls.flatMap((call) =>
      call.ways.map((way) => ({
        name: `${invocation.name}: ${call.name}: ${way.name}`,
        kind: way.fault ?? ('goes on' as const),
        needsCrm: way.needsCrm === true,
        act: () => invocation.go(call, way, this.scene.clock.now()),
      })),
    );
  }

  /**
   * Runs of the redrive function: any, as long as there are some left; once all is calm, the
   * schedule's.
   */
  #redrives(): Action[] {
    if (this.#calm) return this.#redriver.scheduled();
    return this.#redriveRuns > 0 ? this.#redriver.actions() : [];
  }

  /** The replay function has read the archive, which has all that was delivered. */
  #replayings(): Action[] {
    if (!this.#replays || this.#calm) return [];
    const { accepted, events, queue } = this.scene;
    // Earlier, the rows that the replay writes would reject the delivery: docs/runbook.md.
    const settled = events.filter(
      ({ name }) => isReplayed(name) && isFinal(this.scene.row(idOf(name))?.status ?? 'FAILED'),
    );
    return settled.map(({ name, body }) => ({
      name: `${idOf(name)} is replayed`,
      kind: 'replays',
      act: () => {
        queue.sendNow({ body, attributes: { schema: '1', replay: REPLAY_ID } });
        accepted.add(name);
      },
    }));
  }

  #landings(): Action[] {
    const { lateWrites } = this.scene;
    return lateWrites.map((write) => ({
      name: write.name,
      kind: 'lands',
      act: () => {
        lateWrites.splice(lateWrites.indexOf(write), 1);
        write.act();
      },
    }));
  }

  /** Actions of others that the protocol must tolerate. */
  #mischief(): Action[] {
    const { quarantine, queue, running, store, lateWrites } = this.scene;
    const redrives = [...quarantine.messages].map(
      ([id, message]): Action => ({
        name: `${this.scene.nameOf(message)} is redriven`,
        kind: 'redriven',
        act: () => void quarantine.move(id, queue),
      }),
    );
    const giveUps = [...quarantine.messages].map(
      ([id, message]): Action => ({
        name: `${this.scene.nameOf(message)} is given up`,
        kind: 'given_up',
        act: () => void quarantine.move(id, queue, (envelope) => this.#givenUp(envelope)),
      }),
    );
    const frozen: Action = { name: 'all stand still', kind: 'frozen', act: () => this.scene.pass(FROZEN_MS) };
    const expires: Action = {
      name: 'the token of the CRM expires',
      kind: 'token_expired',
      act: () => this.scene.crm.expireToken(),
    };
    // A final row lives for weeks, an environment for hours, and a request in flight for seconds.
    const mayExpire = lateWrites.length === 0 && running.length === 0;
    const expired = [...store.events].flatMap(([key, { expiresAt = Number.POSITIVE_INFINITY }]): Action[] =>
      // No message of a replay lives as long as its row.
      expiresAt * 1_000 > this.scene.clock.now() || !mayExpire || key.startsWith('REPLAY#')
        ? []
        : [{ name: `the row ${key} expires`, kind: 'row_expired', act: () => this.#expire(key) }],
    );
    const forgotten = [...store.contacts].flatMap(([key, { expiresAt = Number.POSITIVE_INFINITY }]): Action[] =>
      expiresAt * 1_000 > this.scene.clock.now()
        ? []
        : [{ name: `the row ${key} expires`, kind: 'contact_expired', act: () => void store.contacts.delete(key) }],
    );
    const mayFreeze = running.length === 0 && this.#landingsDueMs().length === 0;
    return [...redrives, ...giveUps, ...expired, ...forgotten, expires, ...(mayFreeze ? [frozen] : [])];
  }

  #expire(key: string): void {
    this.scene.store.events.delete(key);
    this.#poller.replaceEnvironments();
  }

  /** As the redrive function sends it back. */
  #givenUp(envelope: Envelope): Envelope {
    const at = new Date(this.scene.clock.now()).toISOString();
    const note = { reason: 'dead_lettered', at, attempts: 0, redrives: 0 } as const;
    const noted = envelope.attributes.quarantine === undefined ? quarantineEnvelope({ ...envelope }, note) : envelope;
    return returnedEnvelope(
      noted,
      { by: 'person', giveUp: { by: 'somebody', why: 'no longer needed' } },
      this.scene.clock.now(),
    );
  }

  /**
   * Time passes to the next moment at which something changes by itself, but not beyond an answer
   * that is due.
   */
  #passings(): Action[] {
    const nowMs = this.scene.clock.now();
    let nextMs = Number.POSITIVE_INFINITY;
    const at = (atMs: number | undefined) => {
      if (atMs !== undefined && atMs > nowMs && atMs < nextMs) nextMs = atMs;
    };
    const dueMs = Math.min(this.#momentsOfCalls(at), ...this.#landingsDueMs());
    this.#momentsOfRows(at);
    for (const { visibleAtMs } of this.scene.queue.messages.values()) at(visibleAtMs);
    for (const atMs of this.#sender?.dueMs ?? []) at(atMs);
    if (this.#calm) at(this.#redriver.dueMs);
    if (nextMs === Number.POSITIVE_INFINITY || nextMs > dueMs) return [];
    const byMs = nextMs - nowMs;
    return [{ name: `${byMs / 1_000} s pass`, kind: 'time', act: () => this.scene.pass(byMs) }];
  }

  #landingsDueMs(): number[] {
    return this.scene.lateWrites.flatMap(({ byMs }) => (byMs === undefined ? [] : [byMs]));
  }

  /** When calls under way go on, and by when the first of them is answered. */
  #momentsOfCalls(at: (atMs: number | undefined) => void): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const { parked, endsByMs } of this.scene.running) {
      if (!this.#pruned) at(endsByMs);
      for (const { answeredByMs, notBeforeMs } of parked) {
        at(notBeforeMs);
        if (!this.#pruned) at(answeredByMs);
        dueMs = Math.min(dueMs, answeredByMs);
      }
    }
    return dueMs;
  }

  /** When leases end, attempts are due, and the circuit may be probed. */
  #momentsOfRows(at: (atMs: number | undefined) => void): void {
    const { store } = this.scene;
    for (const { leaseExpiresAtMs, nextAttemptAtMs } of store.events.values()) {
      at(leaseExpiresAtMs);
      at(nextAttemptAtMs);
    }
    for (const { leaseExpiresAtMs } of store.contacts.values()) at(leaseExpiresAtMs);
    const { probeAtMs } = store.circuit.stored ?? {};
    if (typeof probeAtMs === 'number') at(probeAtMs);
  }
}
