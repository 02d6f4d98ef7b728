/**
 * When a message that could not be settled comes back. All waits are in whole milliseconds;
 * `chance` is in [0, 1).
 */
import { parseInstant } from '../event/instant.ts';
import { backoffCeilingMs } from '../limit-arithmetic.ts';
import type { Limits } from '../limits.ts';

/** The shortest wait that SQS knows, a second. */
const SHORTEST_MS = 1_000;

/**
 * The wait after the `attempt`-th failed CRM call (1-based): full jitter under a doubling ceiling,
 * at least what the CRM asked for by `Retry-After`, never beyond the cap.
 */
export function retryDelayMs(limits: Limits, attempt: number, chance: number, retryAfterMs = 0): number {
  const jittered = chance * backoffCeilingMs(limits, attempt);
  return Math.round(Math.min(limits.backoffCapMs, Math.max(SHORTEST_MS, jittered, retryAfterMs)));
}

/**
 * The wait of a record whose event or contact another attempt holds: doubling with each receive,
 * jittered over its upper half, and never past the end of that lease (but for SQS's granularity of
 * a second).
 */
export function heldDelayMs(limits: Limits, receiveCount: number, leaseLeftMs: number, chance: number): number {
  const ceiling = limits.heldDelayMs * 2 ** Math.min(receiveCount - 1, 20);
  const jittered = ceiling * (0.5 + chance / 2);
  return Math.round(Math.max(SHORTEST_MS, Math.min(jittered, leaseLeftMs)));
}

/**
 * The wait of a record for the rate of requests grows by this with each receive: 300 receives last
 * more than two days.
 */
const RATE_STEP_MS = 5 * SHORTEST_MS;

/**
 * The wait of a record for which the rate leaves no room: longer with each receive, jittered over
 * its upper half.
 */
export function rateDelayMs(limits: Limits, receiveCount: number, chance: number): number {
  return Math.round(Math.min(limits.backoffCapMs, receiveCount * RATE_STEP_MS) * (0.5 + chance / 2));
}

/** The wait of a record sent back so that another of its batch can be worked on alone. */
export function behindNewerDelayMs(chance: number): number {
  return Math.round(SHORTEST_MS * (1 + 4 * chance));
}

/** Events that wait for the end of a pause come back over this time at the most. */
const PAUSE_SPREAD_MS = 30_000;

/**
 * The wait of a record while the CRM is to be left alone for `pauseLeftMs`: not all records come
 * back at once.
 */
export function pauseDelayMs(pauseLeftMs: number, chance: number): number {
  return Math.round(pauseLeftMs + SHORTEST_MS + chance * Math.min(PAUSE_SPREAD_MS, Math.max(SHORTEST_MS, pauseLeftMs)));
}

/**
 * Only the three forms of an HTTP date begin with a day's name; Date.parse alone would take much
 * more.
 */
const HTTP_DATE = /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/;

/**
 * `Retry-After` in milliseconds: seconds, or an HTTP date counted from `nowMs` (RFC 9110, section
 * 10.2.3). Also what servers send in its place: seconds with decimals, rounded up; a list, of which
 * the first counts; an ISO 8601 date. 0 if it has no such form or is in the past.
 */
export function retryAfterMs(header: string | undefined, nowMs: number): number {
  if (header === undefined) return 0;
  const text = header.trim();
  const seconds = /^(\d{1,9}(?:\.\d{1,9})?)\s*(?:,.*)?$/.exec(text)?.[1];
  if (seconds !== undefined) return Math.ceil(Number(seconds)) * 1_000;
  const instant = parseInstant(text);
  if (instant !== undefined) return Math.max(0, instant.timestampMs - nowMs);
  if (!HTTP_DATE.test(text)) return 0;
  const at = Date.parse(text);
  return Number.isNaN(at) ? 0 : Math.max(0, at - nowMs);
}

/**
 * Wait that a response asks for, as a `Retry-After` header: that header, its date counted from the
 * response's own `Date` because clocks differ; else of a 429 `RateLimit-Reset`, in seconds.
 * `headers` have names in lower case.
 */
export function retryAfterIn(status: number, headers: Readonly<Record<string, string>>): string | undefined {
  const given = headers['retry-after'];
  if (given === undefined) return status === 429 ? headers['ratelimit-reset'] : undefined;
  const sentMs = Date.parse(headers.date ?? '');
  if (!HTTP_DATE.test(given.trim()) || Number.isNaN(sentMs)) return given;
  return String(Math.ceil(retryAfterMs(given, sentMs) / 1_000));
}
