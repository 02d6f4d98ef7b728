/**
 * The processor's execution environments: each has a clock of its own, and remembers what it has
 * seen of the circuit and of final events.
 */
import { SentCopies } from '../../../lambdas/processor/sent-copies.ts';
import { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import { SharedCircuitBreaker } from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { KnownToken } from './crm-calls.ts';
import type { Invocation } from './invocations.ts';
import { circuitBreakerPorts } from './ports.ts';
import type { Scene } from './scene.ts';

/** Settings of the environments. */
export interface EnvironmentsOptions {
  /** By how much the clock of each environment is ahead of the true time; as many environments. */
  readonly clockOffsetsMs: readonly number[];
  /** True if each invocation begins in a new environment, which remembers nothing. */
  readonly coldStarts: boolean;
}

/** One environment, from its start to its death. */
export class Environment {
  readonly clock: { now(): number };
  readonly circuitBreaker: SharedCircuitBreaker;
  readonly settledEvents: SettledEventCache;
  readonly sentCopies = new SentCopies();
  readonly token: KnownToken;
  /** The invocation under way, or the last one. */
  invocation: Invocation | undefined;

  constructor(scene: Scene, offsetMs: number) {
    this.clock = scene.clock.skewed(offsetMs);
    this.circuitBreaker = new SharedCircuitBreaker(circuitBreakerPorts(scene, this.clock, () => this.invocation));
    this.settledEvents = new SettledEventCache();
    this.token = new KnownToken(scene);
  }
}

/** All of them. A dead one is replaced at once. */
export class Environments {
  readonly #scene: Scene;
  readonly #options: EnvironmentsOptions;
  readonly #all: Environment[];

  constructor(scene: Scene, options: EnvironmentsOptions) {
    this.#scene = scene;
    this.#options = options;
    this.#all = options.clockOffsetsMs.map((offsetMs) => new Environment(scene, offsetMs));
  }

  /** All forget. None may be at work. */
  replaceAll(): void {
    for (const [index, offsetMs] of this.#options.clockOffsetsMs.entries())
      this.#all[index] = new Environment(this.#scene, offsetMs);
  }

  /** One that does nothing, now this one, now that; undefined while all are at work. */
  free(): Environment | undefined {
    const count = this.#all.length;
    const first = this.#scene.invocations.length;
    for (let step = 0; step < count; step += 1) {
      const index = (first + step) % count;
      const state = this.#all[index]?.invocation?.state;
      if (state === 'running') continue;
      if (state === 'dead' || (state === 'ended' && this.#options.coldStarts))
        this.#all[index] = new Environment(this.#scene, this.#options.clockOffsetsMs[index] ?? 0);
      return this.#all[index];
    }
    return undefined;
  }
}
