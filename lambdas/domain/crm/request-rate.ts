/** The rate of requests to the CRM: its text form, and the schedule that keeps within it. Pure. */
import type { RequestRate } from './connector.ts';

/** The text for no rate. */
export const NO_RATE = 'none';

/** A slower rate would hold events longer than SQS lets them come back. */
const SECONDS_A_REQUEST_MAX = 10;

const TOLERANCE_MIN_MS = 500;
const TOLERANCE_MAX_MS = 2_500;

/**
 * Reads `190/10s`. Undefined if the text is not a rate of at least two requests, and one in 10 s.
 */
export function parseRate(text: string): RequestRate | undefined {
  const [, requests = 0, seconds = 0] = (/^(\d{1,5})\/(\d{1,4})s$/.exec(text) ?? []).map(Number);
  const isRate = requests >= 2 && seconds >= 1 && seconds <= requests * SECONDS_A_REQUEST_MAX;
  return isRate ? { requests, windowMs: seconds * 1_000 } : undefined;
}

/** The rate as `parseRate` reads it; `none` if it is undefined. */
export function formatRate(rate: RequestRate | undefined): string {
  return rate === undefined ? NO_RATE : `${rate.requests}/${rate.windowMs / 1_000}s`;
}

/**
 * The schedule of a rate: each request has a slot, and slots follow each other at `spacingMs` or
 * more.
 */
export interface Pace {
  readonly spacingMs: number;
  /** Time after its start within which a slot may be used. */
  readonly validMs: number;
}

/**
 * The schedule that never exceeds `rate` in any window. A request arrives at the CRM at most the
 * tolerance away from its slot: four fifths of it for a slot that is used late, the rest for clocks
 * that differ and the network. So the requests of a window have their slots within window and
 * tolerance, where there are at most `requests` of them.
 */
export function paceOf({ requests, windowMs }: RequestRate): Pace {
  const toleranceMs = Math.min(TOLERANCE_MAX_MS, Math.max(TOLERANCE_MIN_MS, windowMs / 4));
  const spacingMs = Math.ceil((1_000 * (windowMs + toleranceMs)) / (requests - 1)) / 1_000;
  return { spacingMs, validMs: 0.8 * toleranceMs };
}

/**
 * A wish for `count` slots in a row, the first from `nowMs` on and not after `latestMs`, which is
 * not before `nowMs`.
 */
export interface SlotRequest {
  readonly count: number;
  readonly nowMs: number;
  readonly latestMs: number;
  readonly spacingMs: number;
}

/**
 * The slots that were taken, by the first of them; or the time of the first free slot, which is too
 * late.
 */
export type SlotDecision =
  | { readonly kind: 'taken'; readonly firstMs: number }
  | { readonly kind: 'full'; readonly nextMs: number };

/**
 * Decides a wish by the first free slot that the schedule has. Slots that have passed unused are
 * lost.
 */
export function decideSlots(nextMs: number | undefined, { nowMs, latestMs }: SlotRequest): SlotDecision {
  const firstMs = Math.max(nextMs ?? nowMs, nowMs);
  return firstMs > latestMs ? { kind: 'full', nextMs: firstMs } : { kind: 'taken', firstMs };
}
