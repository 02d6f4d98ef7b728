/**
 * Virtual time for many that wait side by side: each wait ends at its own moment, in the order of
 * the moments.
 */
import { setImmediate } from 'node:timers/promises';
import type { Clock, Sleep } from '../../../lambdas/ports.ts';

interface Timer {
  readonly atMs: number;
  readonly end: () => void;
}

/** Time that passes while `run` is under way, and only when nothing else can go on. */
export class VirtualTimers implements Clock, Sleep {
  #nowMs: number;
  #timers: Timer[] = [];

  constructor(startMs: number) {
    this.#nowMs = startMs;
  }

  now(): number {
    return this.#nowMs;
  }

  for(ms: number): Promise<void> {
    return new Promise((end) => {
      this.#timers.push({ atMs: this.#nowMs + Math.max(0, ms), end });
    });
  }

  /** Lets time pass until `work` has ended. Throws if it never can. */
  async run<Result>(work: Promise<Result>): Promise<Result> {
    let hasEnded = false;
    const ended = work.finally(() => {
      hasEnded = true;
    });
    ended.catch(() => undefined);
    for (;;) {
      await setImmediate();
      if (hasEnded) return ended;
      const next = this.#timers.toSorted((a, b) => a.atMs - b.atMs)[0];
      if (next === undefined) throw new Error('the work waits for nothing that passes');
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.end();
    }
  }
}
