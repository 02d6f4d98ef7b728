/** Randomness that a seed decides. */
import type { Chance } from '../../../lambdas/ports.ts';

/** A generator of numbers in [0, 1): the same seed, the same sequence (mulberry32). */
export function seededFraction(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The same sequence for the same seed. Owners are `<name>-<n>`: unique as long as names are. */
export class SeededChance implements Chance {
  readonly #name: string;
  readonly #fraction: () => number;
  #owners = 0;

  constructor(seed: number, name: string) {
    this.#name = name;
    this.#fraction = seededFraction(seed);
  }

  fraction(): number {
    return this.#fraction();
  }

  newOwner(): string {
    this.#owners += 1;
    return `${this.#name}-${this.#owners}`;
  }
}
