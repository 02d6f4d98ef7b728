/** A vendor's limit of requests per time. */

/** At most `requests` in any `windowMs`. */
export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}

/** Counts requests in a rolling window. A request that comes too early begins the penalty again. */
export class RateWindow {
  #accepted: number[] = [];
  #blockedUntilMs = 0;
  #early = 0;

  /** 0 if the request is accepted; otherwise the milliseconds to wait. */
  take(limit: RateLimit, nowMs: number): number {
    if (nowMs < this.#blockedUntilMs) {
      this.#early += 1;
      this.#blockedUntilMs = nowMs + limit.windowMs;
      return limit.windowMs;
    }
    this.#accepted = this.#accepted.filter((atMs) => atMs > nowMs - limit.windowMs);
    if (this.#accepted.length < limit.requests) {
      this.#accepted.push(nowMs);
      return 0;
    }
    this.#blockedUntilMs = nowMs + limit.windowMs;
    return limit.windowMs;
  }

  /** Requests that came although the client had been asked to wait. */
  get early(): number {
    return this.#early;
  }
}
