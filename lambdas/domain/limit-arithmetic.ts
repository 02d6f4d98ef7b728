/** Times that follow from the limits. */
import type { Limits } from './limits.ts';

/** Ceiling in milliseconds of the wait after the `attempt`-th CRM call (1-based), before jitter. */
export function backoffCeilingMs(limits: Limits, attempt: number): number {
  return Math.min(limits.backoffCapMs, limits.backoffBaseMs * 2 ** Math.min(attempt - 1, 50));
}

/**
 * The longest that all waits between the permitted CRM attempts can take together, in milliseconds.
 */
export function backoffTotalMs(limits: Limits): number {
  let total = 0;
  for (let attempt = 1; attempt < limits.crmAttempts; attempt += 1) total += backoffCeilingMs(limits, attempt);
  return total;
}

/**
 * After how many milliseconds every execution environment of ingest knows a new version of the
 * stream secret.
 *
 * Not `secretRereadMs` alone: it would do for an environment that meets a delivery signed with the
 * new version and reads the secret there and then, but all of them would do so at once, each with a
 * delivery that hangs on that read. After `secretCacheMs` each has read it in the ordinary course,
 * and `secretRereadMs` more leaves time to repeat a read that failed. The clocks that this is
 * measured with may differ.
 */
export function secretKnownAfterMs(limits: Limits): number {
  return limits.secretCacheMs + limits.secretRereadMs + limits.secretTimeoutMs + limits.clockSkewMs;
}
