/** Waiting that lets virtual time pass. */
import type { Sleep } from '../../../lambdas/ports.ts';
import type { VirtualClock } from './clock.virtual.ts';

/**
 * Each wait ends when its time has come; those that wait side by side wait through the same time.
 */
export class VirtualSleep implements Sleep {
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async for(ms: number): Promise<void> {
    const untilMs = this.#clock.now() + ms;
    await Promise.resolve();
    this.#clock.advance(Math.max(0, untilMs - this.#clock.now()));
  }
}
