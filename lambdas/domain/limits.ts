/**
 * Every limit of the pipeline, with its starting value and the reason for it.
 *
 * Each can be set with `-c limits.<name>=<number>` at synth; the relations in `limit-relations.ts`
 * are checked on the result, so that a profile for tests (everything in seconds) is held to the
 * same arithmetic as production.
 */

export const SECOND = 1_000;
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

/** The starting values. */
export const DEFAULT_LIMITS: Limits = Object.fromEntries(
  Object.entries(LIMIT_TABLE).map(([name, spec]) => [name, spec.value]),
) as Record<LimitName, number>;
