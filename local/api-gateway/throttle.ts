/** The stage's throttle: a token bucket, as API Gateway has it. */

/** A throttle as the template has it. */
export interface ThrottleSpec {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** Lets `burst` requests through at once and `ratePerSecond` in the long run. */
export class Throttle {
  readonly #spec: ThrottleSpec;
  #tokens: number;
  #countedAtMs: number;

  constructor(spec: ThrottleSpec, nowMs: number) {
    this.#spec = spec;
    this.#tokens = spec.burst;
    this.#countedAtMs = nowMs;
  }

  /** True if a request may pass now; if so it is counted. */
  admits(nowMs: number): boolean {
    const gained = ((nowMs - this.#countedAtMs) / 1_000) * this.#spec.ratePerSecond;
    this.#tokens = Math.min(this.#spec.burst, this.#tokens + gained);
    this.#countedAtMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
