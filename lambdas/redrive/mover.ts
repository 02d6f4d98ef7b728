/** Moves events to the delivery queue, no faster than a rate. */
import type { BulkQueue, Clock, QuarantineQueue, Sleep } from '../ports.ts';
import { BATCH_MAX, inBatches } from './batches.ts';
import type { Hold } from './hold.ts';
import type { Verdict } from './look-through.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';
import { type RunTally, stopped } from './run-tally.ts';
import { sendOn } from './send-on.ts';

/** What moving needs. */
export interface MoveDependencies {
  readonly quarantine: QuarantineQueue;
  readonly deliveryQueue: BulkQueue;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** Keeps to a rate: time that was not used is not made up for. */
class Pace {
  readonly #msEach: number;
  readonly #clock: Clock;
  readonly #sleep: Sleep;
  #nextAtMs = Number.NEGATIVE_INFINITY;

  constructor(perSecond: number, clock: Clock, sleep: Sleep) {
    this.#msEach = 1_000 / perSecond;
    this.#clock = clock;
    this.#sleep = sleep;
  }

  /** Waits until `count` may pass. False, and at once, if that is not before `untilMs`. */
  async admit(count: number, untilMs: number): Promise<boolean> {
    const nowMs = this.#clock.now();
    const atMs = Math.max(nowMs, this.#nextAtMs);
    if (atMs >= untilMs) return false;
    if (atMs > nowMs) await this.#sleep.for(atMs - nowMs);
    this.#nextAtMs = atMs + count * this.#msEach;
    return true;
  }
}

/** Moves what it is given, batch by batch. */
export class Mover {
  readonly #deps: MoveDependencies;
  readonly #tally: RunTally;
  readonly #pace: Pace;
  readonly #batchMax: number;

  /** `perSecond` is a whole number. */
  constructor(deps: MoveDependencies, tally: RunTally, perSecond: number) {
    this.#deps = deps;
    this.#tally = tally;
    this.#pace = new Pace(perSecond, deps.clock, deps.sleep);
    // No more at once than a second's worth.
    this.#batchMax = Math.min(BATCH_MAX, perSecond);
  }

  /** Moves these, with the note by which the processor knows where they come from. Asks `mayGoOn` before each batch. */
  async move(
    events: readonly QuarantinedEvent[],
    hold: Hold,
    mayGoOn: () => Promise<Verdict> = async () => 'go_on',
  ): Promise<Verdict> {
    const batches = inBatches(events, this.#batchMax);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const verdict = await this.#moveBatch(batch, hold, mayGoOn);
      if (verdict === 'go_on') continue;
      this.#tally.stay(batches.flat(), 'run_ended');
      return verdict;
    }
    return 'go_on';
  }

  async #moveBatch(batch: readonly QuarantinedEvent[], hold: Hold, mayGoOn: () => Promise<Verdict>): Promise<Verdict> {
    const { deliveryQueue, quarantine } = this.#deps;
    const verdict = (await this.#pace.admit(batch.length, hold.workUntilMs)) ? await mayGoOn() : stopped('time');
    if (verdict !== 'go_on') {
      this.#tally.stay(batch, verdict.stoppedBecause === 'circuit_open' ? 'circuit_open' : 'run_ended');
      return verdict;
    }
    const outgoing = batch.map((event) => ({ event, envelope: event.held.message }));
    const { sent, notSent, cause } = await sendOn(outgoing, deliveryQueue, { quarantine, hold, tally: this.#tally });
    this.#tally.add(sent, 'moved');
    this.#tally.stay(notSent, 'not_sent');
    return sent.length === 0 ? stopped('unavailable', cause) : 'go_on';
  }
}
