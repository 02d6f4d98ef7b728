/** Time that passes only when it is told to. */
import type { Clock } from '../../../lambdas/ports.ts';

/**
 * A clock that stands still between calls of `advance`; `offsetMs` of a view is how far that view
 * is ahead.
 */
export class VirtualClock implements Clock {
  #nowMs: number;

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  /** Lets time pass. */
  advance(byMs: number): void {
    if (!(byMs >= 0)) throw new Error('time does not run backwards');
    this.#nowMs += byMs;
  }

  /**
   * The same time as another environment reads it, whose clock is ahead by `offsetMs` (behind, if
   * negative).
   */
  skewed(offsetMs: number): Clock {
    return { now: () => this.#nowMs + offsetMs };
  }
}
