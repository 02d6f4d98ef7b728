/**
 * Measures how long the event loop stood still within one invocation. Between invocations the
 * environment is frozen.
 */
import { performance } from 'node:perf_hooks';

/** Interval between two measurements. */
const EVERY_MS = 10;

/**
 * Looks by a timer that is late by the lag. `monitorEventLoopDelay` would need an invocation of
 * several of its periods to see anything, and counts the time for which the environment was frozen.
 */
export class EventLoopLag {
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = 0;
  #longestMs = 0;

  /** An invocation begins. */
  start(): void {
    clearInterval(this.#timer);
    this.#longestMs = 0;
    this.#dueAtMs = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /**
   * It ends. Answers the longest lag of it in milliseconds, one that has not ended yet included.
   */
  stop(): number {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#look();
    return this.#longestMs;
  }

  #look(): void {
    const nowMs = performance.now();
    this.#longestMs = Math.max(this.#longestMs, nowMs - this.#dueAtMs);
    this.#dueAtMs = nowMs + EVERY_MS;
  }
}
