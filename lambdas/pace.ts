/** Keeping to a rate of messages. */
import type { Clock, Sleep } from './ports.ts';

/** A rate: time that was not used is not made up for. */
export class Pace {
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
