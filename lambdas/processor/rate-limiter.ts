/**
 * Slots in the shared schedule of requests, taken by one execution environment for its attempts.
 */
import type { ActionKind } from '../domain/crm/action.ts';
import { type Connector, REQUESTS_MAX, type RequestRate } from '../domain/crm/connector.ts';
import { type Pace, paceOf } from '../domain/crm/request-rate.ts';
import type { Clock, RateStore, Sleep, Unavailable } from '../ports.ts';

/** Ports and settings of the rate limiter. */
export interface RateLimiterDependencies {
  readonly rate: RequestRate;
  readonly connector: Pick<Connector, 'requestsOf'>;
  readonly rateStore: RateStore;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/** The refusal of a request that no slot is free for. */
export const OVER_RATE = 'the rate of requests to the CRM is used up (crm.rate)';

/**
 * Slots that one write takes at least while the schedule is ahead of time: they will be needed
 * soon.
 */
const SLOTS_UNDER_LOAD = 8;
/** They last no longer than this. */
const UNDER_LOAD_MS = 1_000;

/** The schedule has no slot early enough. */
interface Full {
  readonly kind: 'full';
}

type Acquired = { readonly kind: 'acquired'; readonly slots: readonly number[] } | Full | Unavailable;

interface Waiter {
  readonly count: number;
  readonly latestMs: number;
  readonly resolve: (acquired: Acquired) => void;
}

/**
 * Those that wait share one write, and a write is made only when the slots of the last one have
 * passed: the longer the schedule, the more wait, and the fewer writes an event costs.
 */
export class RateLimiter {
  readonly #deps: RateLimiterDependencies;
  readonly #pace: Pace;
  #waiting: Waiter[] = [];
  #isTaking = false;
  /** The last slot that this environment has taken. */
  #lastMs = 0;
  /** The first free slot is not earlier. */
  #nextMs = 0;
  /** Slots that were taken and not needed. */
  #spare: number[] = [];

  constructor(deps: RateLimiterDependencies) {
    this.#deps = deps;
    this.#pace = paceOf(deps.rate);
  }

  /**
   * Waits for the turn of an action, its first request until `latestMs` at most. Takes slots for as
   * many requests as the action usually makes, or may make at the most.
   */
  async admitAction(kind: ActionKind, atMost: boolean, latestMs: number): Promise<Admission | Full | Unavailable> {
    const count = atMost ? REQUESTS_MAX : (this.#deps.connector.requestsOf?.[kind] ?? 1);
    const acquired = await this.#acquire(count, latestMs, (waiter) => this.#share(waiter));
    if (acquired.kind !== 'acquired') return acquired;
    await this.#waitFor(acquired.slots[0] ?? 0);
    return new Admission(this, acquired.slots);
  }

  /**
   * Waits until one request may be sent: by a slot of `slots`, which it removes, or else by another
   * one.
   */
  async admitRequest(slots: number[], latestMs: number): Promise<{ readonly kind: 'admitted' } | Unavailable> {
    const [own] = this.#takeValid(slots, 1, Number.POSITIVE_INFINITY);
    // An action that has begun does not wait for others to share its write.
    const acquired =
      own === undefined
        ? await this.#acquire(1, latestMs, (waiter) => this.#take([waiter], latestMs - this.#deps.clock.now()))
        : ({ kind: 'acquired', slots: [own] } as const);
    if (acquired.kind === 'full') return { kind: 'unavailable', cause: OVER_RATE };
    if (acquired.kind === 'unavailable') return acquired;
    await this.#waitFor(acquired.slots[0] ?? 0);
    return { kind: 'admitted' };
  }

  /** Lets others of this environment have slots that are not needed. */
  giveBack(slots: readonly number[]): void {
    const oldestMs = this.#deps.clock.now() - this.#pace.validMs;
    this.#spare = [...this.#spare, ...slots].filter((slotMs) => slotMs >= oldestMs).sort((a, b) => a - b);
  }

  async #acquire(count: number, latestMs: number, take: (waiter: Waiter) => Promise<void>): Promise<Acquired> {
    const slots = this.#takeValid(this.#spare, count, latestMs);
    if (slots.length > 0) return { kind: 'acquired', slots };
    if (Math.max(this.#nextMs, this.#deps.clock.now()) > latestMs) return { kind: 'full' };
    return new Promise((resolve, reject) => {
      take({ count, latestMs, resolve }).catch(reject);
    });
  }

  /**
   * Removes the first `count` slots that can still be used, and those before them. None: there are
   * fewer.
   */
  #takeValid(slots: number[], count: number, latestMs: number): number[] {
    const { validMs } = this.#pace;
    const oldestMs = this.#deps.clock.now() - validMs;
    while ((slots[0] ?? oldestMs) < oldestMs) slots.shift();
    const first = slots[0] ?? Number.POSITIVE_INFINITY;
    const last = slots[count - 1] ?? Number.POSITIVE_INFINITY;
    return first <= latestMs && last <= first + validMs ? slots.splice(0, count) : [];
  }

  async #waitFor(slotMs: number): Promise<void> {
    const waitMs = slotMs - this.#deps.clock.now();
    if (waitMs > 0) await this.#deps.sleep.for(waitMs);
  }

  async #share(waiter: Waiter): Promise<void> {
    this.#waiting.push(waiter);
    if (this.#isTaking) return;
    this.#isTaking = true;
    // Attempts that begin together ask together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#waitFor(this.#lastMs);
      await this.#take(this.#waiting.splice(0));
    }
    this.#isTaking = false;
  }

  #serveWithoutWrite({ count, latestMs, resolve }: Waiter, nowMs: number): boolean {
    const slots = this.#takeValid(this.#spare, count, latestMs);
    if (slots.length > 0) resolve({ kind: 'acquired', slots });
    else if (latestMs < nowMs) resolve({ kind: 'full' });
    else return false;
    return true;
  }

  async #take(waiters: readonly Waiter[], budgetMs = Number.POSITIVE_INFINITY): Promise<void> {
    const { clock, rateStore } = this.#deps;
    const { spacingMs } = this.#pace;
    const nowMs = clock.now();
    const inTime = waiters.filter((waiter) => !this.#serveWithoutWrite(waiter, nowMs));
    if (inTime.length === 0) return;
    const wanted = inTime.reduce((total, waiter) => total + waiter.count, 0);
    const soon = this.#nextMs > nowMs ? Math.min(SLOTS_UNDER_LOAD, Math.floor(UNDER_LOAD_MS / spacingMs)) : 0;
    const count = Math.max(wanted, soon);
    const latestMs = Math.max(...inTime.map((waiter) => waiter.latestMs));
    const taken = await rateStore.take({ count, nowMs, latestMs, spacingMs }, budgetMs);
    if (taken.kind === 'full') this.#nextMs = taken.nextMs;
    if (taken.kind !== 'taken') {
      const refused = taken.kind === 'full' ? ({ kind: 'full' } as const) : taken;
      for (const { resolve } of inTime) resolve(refused);
      return;
    }
    const slots = Array.from({ length: count }, (_, index) => taken.firstMs + index * spacingMs);
    this.#lastMs = slots.at(-1) ?? 0;
    this.#nextMs = this.#lastMs + spacingMs;
    for (const waiter of inTime) {
      const isEarly = (slots[0] ?? 0) <= waiter.latestMs;
      waiter.resolve(isEarly ? { kind: 'acquired', slots: slots.splice(0, waiter.count) } : { kind: 'full' });
    }
    this.giveBack(slots);
  }
}

/** Permission for the requests of one action. */
export class Admission {
  readonly kind = 'admitted';
  readonly #limiter: RateLimiter;
  readonly #slots: number[];

  constructor(limiter: RateLimiter, slots: readonly number[]) {
    this.#limiter = limiter;
    this.#slots = [...slots];
  }

  /** Waits until one more request may be sent, until `latestMs` at most if it has no slot left. */
  admit(latestMs: number): Promise<{ readonly kind: 'admitted' } | Unavailable> {
    return this.#limiter.admitRequest(this.#slots, latestMs);
  }

  /** Gives back what was not needed. */
  release(): void {
    this.#limiter.giveBack(this.#slots.splice(0));
  }
}
