/**
 * The limits, and the plan of retries that follows from them, in words: for `npm run limits` and
 * for docs/configuration.md.
 */
import { backoffCeilingMs, backoffTotalMs } from '../lambdas/domain/limit-arithmetic.ts';
import { LIMIT_TABLE, type LimitName, type Limits } from '../lambdas/domain/limits.ts';
import { formatDuration } from '../lambdas/domain/telemetry/format-duration.ts';

/** Attempts on an event, and the longest time that they take. */
export function describeRetryPlan(limits: Limits): string {
  const waits = Array.from({ length: limits.crmAttempts - 1 }, (_, index) => backoffCeilingMs(limits, index + 1));
  return (
    `An event is tried ${limits.crmAttempts} times. Between two tries it waits, by chance, up to ` +
    `${waits.map(formatDuration).join(', ')}: ${formatDuration(backoffTotalMs(limits))} in all at the most, ` +
    'and half of that on average.'
  );
}

/** All limits with their values and reasons. */
export function formatLimits(limits: Limits): string {
  const names = Object.keys(LIMIT_TABLE) as LimitName[];
  const value = (name: LimitName) => (name.endsWith('Ms') ? formatDuration(limits[name]) : String(limits[name]));
  return names.map((name) => `  ${name.padEnd(28)}${value(name).padEnd(14)}${LIMIT_TABLE[name].why}`).join('\n');
}
