/**
 * Every limit of the pipeline, with its starting value and the reason for it.
 *
 * Each can be set with `-c limits.<name>=<number>` at synth; the relations below are checked on the
 * result, so that a profile for tests (everything in seconds) is held to the same arithmetic as
 * production.
 */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const KIB = 1_024;

/**
 * One limit: its starting value, the smallest and largest that make sense, and why it is what it
 * is.
 */
interface LimitSpec {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly why: string;
}

function limit(value: number, min: number, max: number, why: string): LimitSpec {
  return { value, min, max, why };
}

/**
 * The table of limits. Units are in the names: Ms milliseconds, Bytes bytes, everything else a
 * count.
 */
export const LIMIT_TABLE = {
  // Ingest
  encodedBodyMaxBytes: limit(
    1_024 * KIB - 16 * KIB,
    1,
    1_024 * KIB - 16 * KIB,
    'SQS takes 1 MiB with attributes; quarantine adds some',
  ),
  secretTimeoutMs: limit(2 * SECOND, 50, 10 * SECOND, 'a slow Secrets Manager must not use up the sender’s 10 s'),
  secretCacheMs: limit(5 * MINUTE, 0, DAY, 'a rotated secret is known everywhere after this at the latest'),
  secretRereadMs: limit(
    30 * SECOND,
    0,
    HOUR,
    'a mismatch may mean a rotation; a forger must not make us call Secrets Manager for each try',
  ),
  ingestSendTryMs: limit(900, 50, 10 * SECOND, 'one try of the SQS send'),
  ingestSendTries: limit(3, 1, 10, 'tries that fit into the send budget'),
  ingestSendBudgetMs: limit(3 * SECOND, 50, 20 * SECOND, 'all tries of the SQS send with their pauses'),
  ingestFunctionTimeoutMs: limit(8 * SECOND, SECOND, 28 * SECOND, 'below the sender’s 10 s and the HTTP API’s 30 s'),
  senderTimeoutMs: limit(10 * SECOND, SECOND, 30 * SECOND, 'how long the sender waits for an answer'),
  senderRetryMs: limit(4 * DAY, 0, 30 * DAY, 'how long the sender goes on retrying'),
  apiThrottleRate: limit(
    1_000,
    1,
    10_000,
    'requests a second; 10,000 events a minute are 167 a second, a five-fold storm 833',
  ),
  apiThrottleBurst: limit(2_000, 1, 5_000, 'requests at once'),

  // Towards the CRM
  crmTimeoutMs: limit(5 * SECOND, 50, 5 * MINUTE, 'one CRM call, reading the answer included'),
  crmConcurrency: limit(5, 1, 100, 'CRM calls at once in one environment; times processorConcurrency at the CRM'),
  crmAttempts: limit(10, 1, 100, 'CRM calls for one event before it is quarantined'),
  backoffBaseMs: limit(5 * SECOND, 1, HOUR, 'ceiling of the first wait; doubles with each attempt'),
  backoffCapMs: limit(15 * MINUTE, 1, 12 * HOUR, 'longest wait; SQS visibility ends at 12 h'),
  circuitWindow: limit(50, 1, 1_000, 'last calls of one environment by which it judges'),
  circuitCallsMin: limit(10, 1, 1_000, 'calls in the window from which on their share of failures counts'),
  circuitFailurePercent: limit(50, 1, 100, 'share of failed calls in the window at which the circuit breaker opens'),
  circuitFailuresInARow: limit(10, 1, 1_000, 'failed calls in a row at which it opens, whatever came before'),
  circuitContactsMin: limit(3, 1, 100, 'distinct contacts that the failures must concern: one bad record is no outage'),
  throttleOpenMs: limit(
    15 * MINUTE,
    SECOND,
    12 * HOUR,
    'a pause that the CRM asks for, from which on events wait in quarantine; SQS visibility ends at 12 h',
  ),
  throttlePauseMaxMs: limit(DAY, SECOND, 7 * DAY, 'longest pause that the CRM is believed; quotas of a day exist'),
  circuitOpenMs: limit(30 * SECOND, SECOND, HOUR, 'from opening to the first probe, and from one probe to the next'),

  // Processor
  batchSize: limit(10, 1, 10, 'records an invocation; more would need a batching window'),
  processorConcurrency: limit(5, 2, 1_000, 'execution environments at once (maximumConcurrency of the event source)'),
  storeTryMs: limit(700, 50, 10 * SECOND, 'one try of a DynamoDB or SQS call of the processor'),
  storeTries: limit(3, 1, 10, 'tries that fit into the budget of a call'),
  storeBudgetMs: limit(2_500, 50, 30 * SECOND, 'all tries of one DynamoDB or SQS call with their pauses'),
  attemptBudgetMs: limit(18 * SECOND, 100, 10 * MINUTE, 'one attempt from claim to settle'),
  startReserveMs: limit(
    21 * SECOND,
    100,
    12 * MINUTE,
    'a record is started only with this much of the invocation left',
  ),
  processorFunctionTimeoutMs: limit(30 * SECOND, SECOND, 15 * MINUTE, 'an attempt ends well before the function does'),
  leaseMs: limit(40 * SECOND, SECOND, HOUR, 'how long a claim holds an event and its contact'),
  clockSkewMs: limit(5 * SECOND, 0, MINUTE, 'how far clocks of two environments may differ'),
  visibilityMs: limit(180 * SECOND, SECOND, 12 * HOUR, 'six function timeouts, as AWS advises for an SQS event source'),
  heldDelayMs: limit(SECOND, SECOND, MINUTE, 'first wait of a record whose event or contact is being worked on'),
  maxReceiveCount: limit(
    300,
    1,
    1_000,
    'SQS’s own dead-lettering; an event waits out an outage of the state table of a day and a half on average',
  ),
  loneReceiveCount: limit(3, 2, 100, 'a record received this often without leaving a row is worked on alone'),
  poisonExpiredLeases: limit(3, 1, 100, 'leases of one event that may run out before it is quarantined as poison'),
  futureToleranceMs: limit(10 * MINUTE, 0, DAY, 'an event from further ahead would make all after it stale'),

  // Quarantine and redrive
  redriveFunctionTimeoutMs: limit(
    2 * MINUTE,
    5 * SECOND,
    15 * MINUTE,
    'one redrive or recovery; a person waits for it',
  ),
  refreshRunMs: limit(14 * MINUTE, 5 * SECOND, 14 * MINUTE, 'one run of refresh; Lambda ends a function at 15 min'),
  refreshHeldMax: limit(
    50_000,
    100,
    100_000,
    'young messages that a refresh hides until it ends; SQS allows 120,000 in flight',
  ),
  redriveRatePerSecond: limit(50, 1, 500, 'messages moved a second where the request does not say; a CRM must bear it'),
  recoveryRatePerSecond: limit(
    20,
    1,
    500,
    'messages that recovery moves a second; a CRM that has just come back is weak',
  ),
  redrivesMax: limit(5, 1, 1_000, 'how often one event may be redriven before it stays; circuit_open is not counted'),
  recoveriesMax: limit(200, 1, 10_000, 'how often recovery takes one event back before it waits for a person'),

  // Retention
  deliveryRetentionMs: limit(4 * DAY, MINUTE, 14 * DAY, 'how long an undelivered event waits in the delivery queue'),
  quarantineRetentionMs: limit(14 * DAY, MINUTE, 14 * DAY, 'SQS keeps no message longer'),
  quarantineRefreshMs: limit(10 * DAY, MINUTE, 14 * DAY, 'age at which a quarantined message is sent again'),
  finalRowTtlMs: limit(45 * DAY, MINUTE, 3_650 * DAY, 'how long a final event is remembered'),
  contactRowTtlMs: limit(400 * DAY, MINUTE, 3_650 * DAY, 'how long the order of a contact is remembered'),

  // Alarms
  alarmIngestLatencyMs: limit(100, 1, 10 * SECOND, 'p99 of ingest; a hundredth of what the sender waits'),
  alarmIngestJudgedFrom: limit(100, 1, 1_000_000, 'deliveries in 5 minutes; the p99 of fewer is one cold start'),
  alarmEventLoopLagMs: limit(50, 1, 10 * SECOND, 'average lag of ingest’s invocations; half of what p99 may be'),
  alarmIngestErrors: limit(5, 1, 1_000_000, 'answers 5xx in 5 minutes; fewer pass with the sender’s retries'),
  alarmRefusalsMin: limit(20, 1, 1_000_000, 'deliveries refused in 5 minutes; fewer are noise'),
  alarmRefusalsPercent: limit(5, 1, 100, 'share of deliveries refused in 5 minutes'),
  alarmStateTableRetries: limit(10, 1, 1_000_000, 'retries in 5 minutes because of the table; fewer pass unnoticed'),
  alarmOldestMessageMs: limit(
    15 * MINUTE,
    MINUTE,
    4 * DAY,
    'age of the oldest message; longer than the longest backoff',
  ),
  alarmQuarantineAgeMs: limit(7 * DAY, MINUTE, 3_650 * DAY, 'how long an event may wait for a person'),
  alarmCircuitOpenMs: limit(10 * MINUTE, MINUTE, DAY, 'how long the CRM may be down before somebody is told'),
  alarmTimeoutPercent: limit(90, 1, 100, 'share of its timeout that a function may take'),
  alarmUnaccountedMin: limit(
    10,
    1,
    1_000_000,
    'deliveries unaccounted for in an hour; fewer are metrics of a killed process',
  ),
  alarmUnaccountedPerMille: limit(1, 1, 1_000, 'share of an hour’s deliveries that may be unaccounted for'),
} as const satisfies Record<string, LimitSpec>;

/** The name of a limit. */
export type LimitName = keyof typeof LIMIT_TABLE;

/** All limits, resolved. */
export type Limits = Readonly<Record<LimitName, number>>;

/** Limits that differ from their starting values, as they travel in a function's environment. */
export type LimitOverrides = Readonly<Partial<Record<LimitName, number>>>;

/** A wrong limit or a broken relation: which key, what it got, what it expected. */
export interface LimitProblem {
  readonly key: string;
  readonly got: string;
  readonly expected: string;
}

/** The starting values. */
export const DEFAULT_LIMITS: Limits = Object.fromEntries(
  Object.entries(LIMIT_TABLE).map(([name, spec]) => [name, spec.value]),
) as Record<LimitName, number>;

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
