/** Checks limits: each in its range, and all relations between them that the protocol relies on. */
import { backoffTotalMs } from './limit-arithmetic.ts';
import { DEFAULT_LIMITS, LIMIT_TABLE, type LimitName, type LimitOverrides, type Limits, SECOND } from './limits.ts';

/** A wrong limit or a broken relation: which key, what it got, what it expected. */
export interface LimitProblem {
  readonly key: string;
  readonly got: string;
  readonly expected: string;
}

/** One relation between limits that the protocol relies on. */
interface Relation {
  readonly key: LimitName;
  readonly expected: string;
  readonly holds: (l: Limits) => boolean;
  readonly got: (l: Limits) => string;
}

function less(key: LimitName, label: string, left: (l: Limits) => number, right: (l: Limits) => number): Relation {
  return { key, expected: label, holds: (l) => left(l) < right(l), got: (l) => `${left(l)} against ${right(l)}` };
}

function atMost(key: LimitName, label: string, left: (l: Limits) => number, right: (l: Limits) => number): Relation {
  return { key, expected: label, holds: (l) => left(l) <= right(l), got: (l) => `${left(l)} against ${right(l)}` };
}

/** AWS counts this limit in seconds. */
function wholeSeconds(key: LimitName): Relation {
  return {
    key,
    expected: 'a whole number of seconds, in milliseconds: a multiple of 1000',
    holds: (l) => l[key] % SECOND === 0,
    got: (l) => String(l[key]),
  };
}

const RELATIONS: readonly Relation[] = [
  wholeSeconds('ingestFunctionTimeoutMs'),
  wholeSeconds('processorFunctionTimeoutMs'),
  wholeSeconds('redriveFunctionTimeoutMs'),
  wholeSeconds('refreshRunMs'),
  wholeSeconds('visibilityMs'),
  wholeSeconds('deliveryRetentionMs'),
  wholeSeconds('quarantineRetentionMs'),
  less(
    'crmTimeoutMs',
    'crmTimeoutMs < attemptBudgetMs',
    (l) => l.crmTimeoutMs,
    (l) => l.attemptBudgetMs,
  ),
  atMost(
    'attemptBudgetMs',
    'claim + probe + CRM call + quarantining + settle + circuit (crmTimeoutMs + 5 × storeBudgetMs) ≤ attemptBudgetMs',
    (l) => l.crmTimeoutMs + 5 * l.storeBudgetMs,
    (l) => l.attemptBudgetMs,
  ),
  atMost(
    'circuitCallsMin',
    'circuitCallsMin ≤ circuitWindow',
    (l) => l.circuitCallsMin,
    (l) => l.circuitWindow,
  ),
  less(
    'circuitOpenMs',
    'a probe, with the write before it, ends before the next is due (storeBudgetMs + crmTimeoutMs + clockSkewMs < circuitOpenMs)',
    (l) => l.storeBudgetMs + l.crmTimeoutMs + l.clockSkewMs,
    (l) => l.circuitOpenMs,
  ),
  atMost(
    'startReserveMs',
    'attemptBudgetMs + storeBudgetMs (for letting the message come back) ≤ startReserveMs',
    (l) => l.attemptBudgetMs + l.storeBudgetMs,
    (l) => l.startReserveMs,
  ),
  less(
    'startReserveMs',
    'startReserveMs + storeBudgetMs (the read-ahead) ≤ processorFunctionTimeoutMs',
    (l) => l.startReserveMs + l.storeBudgetMs - 1,
    (l) => l.processorFunctionTimeoutMs,
  ),
  less(
    'leaseMs',
    'processorFunctionTimeoutMs < leaseMs − clockSkewMs',
    (l) => l.processorFunctionTimeoutMs,
    (l) => l.leaseMs - l.clockSkewMs,
  ),
  atMost(
    'visibilityMs',
    '6 × processorFunctionTimeoutMs ≤ visibilityMs',
    (l) => 6 * l.processorFunctionTimeoutMs,
    (l) => l.visibilityMs,
  ),
  less(
    'visibilityMs',
    'leaseMs + processorFunctionTimeoutMs < visibilityMs',
    (l) => l.leaseMs + l.processorFunctionTimeoutMs,
    (l) => l.visibilityMs,
  ),
  less(
    'deliveryRetentionMs',
    'all backoff waits together (by backoffBaseMs, backoffCapMs and crmAttempts) < deliveryRetentionMs',
    backoffTotalMs,
    (l) => l.deliveryRetentionMs,
  ),
  less(
    'maxReceiveCount',
    'maxReceiveCount × the longest wait (backoffCapMs or visibilityMs) < deliveryRetentionMs',
    (l) => l.maxReceiveCount * Math.max(l.backoffCapMs, l.visibilityMs),
    (l) => l.deliveryRetentionMs,
  ),
  less(
    'maxReceiveCount',
    'crmAttempts < maxReceiveCount',
    (l) => l.crmAttempts,
    (l) => l.maxReceiveCount,
  ),
  less(
    'quarantineRetentionMs',
    'deliveryRetentionMs < quarantineRetentionMs (a message that SQS moves keeps its age)',
    (l) => l.deliveryRetentionMs,
    (l) => l.quarantineRetentionMs,
  ),
  less(
    'quarantineRefreshMs',
    'quarantineRefreshMs < quarantineRetentionMs',
    (l) => l.quarantineRefreshMs,
    (l) => l.quarantineRetentionMs,
  ),
  less(
    'finalRowTtlMs',
    'senderRetryMs + deliveryRetentionMs + quarantineRetentionMs < finalRowTtlMs',
    (l) => l.senderRetryMs + l.deliveryRetentionMs + l.quarantineRetentionMs,
    (l) => l.finalRowTtlMs,
  ),
  less(
    'contactRowTtlMs',
    'finalRowTtlMs < contactRowTtlMs - futureToleranceMs',
    (l) => l.finalRowTtlMs,
    (l) => l.contactRowTtlMs - l.futureToleranceMs,
  ),
  less(
    'ingestFunctionTimeoutMs',
    '2 × secretTimeoutMs (the current version, and all of them where the signature does not fit) + ingestSendBudgetMs < ingestFunctionTimeoutMs',
    (l) => 2 * l.secretTimeoutMs + l.ingestSendBudgetMs,
    (l) => l.ingestFunctionTimeoutMs,
  ),
  less(
    'ingestFunctionTimeoutMs',
    'ingestFunctionTimeoutMs < senderTimeoutMs',
    (l) => l.ingestFunctionTimeoutMs,
    (l) => l.senderTimeoutMs,
  ),
];

/** A value as a limit: a number, or a string that is one (`-c` passes strings). */
function numberFrom(value: unknown): number {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

/**
 * The values of the limits that the relation compares, and which of them are not set; empty if it
 * names one.
 */
function valuesIn({ key, expected }: Relation, limits: Limits, set: LimitOverrides): string {
  const named = (Object.keys(LIMIT_TABLE) as LimitName[]).filter(
    (name) => name === key || new RegExp(`\\b${name}\\b`).test(expected),
  );
  if (named.length === 1) return '';
  const values = named.map((name) => `${name} ${limits[name]}${set[name] === undefined ? ' by default' : ''}`);
  return ` (${values.join(', ')})`;
}

/**
 * The starting values with `overrides` put over them, checked: every name known, every value a
 * whole number in its range, every relation kept. Reports all problems at once; `limits` is absent
 * when there is one.
 */
export function resolveLimits(
  overrides: Readonly<Record<string, unknown>>,
):
  | { readonly limits: Limits; readonly overrides: LimitOverrides; readonly problems: readonly [] }
  | { readonly limits?: never; readonly problems: readonly LimitProblem[] } {
  const problems: LimitProblem[] = [];
  const set: Partial<Record<LimitName, number>> = {};
  for (const [name, raw] of Object.entries(overrides)) {
    const key = `limits.${name}`;
    if (!Object.hasOwn(LIMIT_TABLE, name)) {
      problems.push({
        key,
        got: JSON.stringify(raw),
        expected: `the name of a limit: ${Object.keys(LIMIT_TABLE).join(', ')}`,
      });
      continue;
    }
    const spec = LIMIT_TABLE[name as LimitName];
    const value = numberFrom(raw);
    if (Number.isInteger(value) && value >= spec.min && value <= spec.max) set[name as LimitName] = value;
    else
      problems.push({
        key,
        got: JSON.stringify(raw),
        expected: `a whole number from ${spec.min} to ${spec.max} (${spec.why})`,
      });
  }
  if (problems.length > 0) return { problems };
  const limits: Limits = { ...DEFAULT_LIMITS, ...set };
  for (const relation of RELATIONS) {
    if (relation.holds(limits)) continue;
    const got = relation.got(limits) + valuesIn(relation, limits, set);
    problems.push({ key: `limits.${relation.key}`, got, expected: relation.expected });
  }
  return problems.length > 0 ? { problems } : { limits, overrides: set, problems: [] };
}
