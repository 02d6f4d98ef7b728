/**
 * The circuit: whether a dependency is called at all, shared by all execution environments through
 * one row.
 *
 * CLOSED at version v opens at version v; while it is OPEN one attempt in a while wins the right to
 * a single trial call, the probe; a probe that succeeds closes it at version v + 1. Failures of
 * calls that ran under an older version therefore open nothing. Every write is a compare-and-swap
 * on what was read.
 */
import type { Limits } from '../limits.ts';
import { type CrmFault, crmFaultFrom, readCrmFault } from './crm-fault.ts';
import type { CrmFailure } from './crm-outcome.ts';

/** A time in which the circuit was open. */
export interface Outage {
  readonly openedAtMs: number;
  readonly closedAtMs: number;
}

/** The circuit's row. Times are epoch milliseconds. */
export interface CircuitBreakerRow {
  readonly state: 'CLOSED' | 'OPEN';
  /** Grows by one each time the circuit closes. */
  readonly version: number;
  /** OPEN only: since when. */
  readonly openedAtMs?: number;
  /** OPEN only: from when on the next probe may be made. */
  readonly probeAtMs?: number;
  /** OPEN only: the attempt that made, or is making, the last probe. */
  readonly probeOwner?: string;
  /** CLOSED only: the CRM has asked for no call before this time. */
  readonly notBeforeMs?: number;
  /** The last outages, oldest first: what they put into quarantine may return automatically. */
  readonly outages: readonly Outage[];
  /** The last failed call that was recorded. Not every one is. */
  readonly fault?: CrmFault;
  /**
   * When the first call succeeded after the recorded failure. Earlier than the failure: none has.
   */
  readonly succeededAtMs?: number;
}

/** The attributes of a row as stored. */
export type StoredCircuitBreaker = Readonly<Record<string, unknown>>;

/**
 * The circuit breaker's row as it was read, and the stored attributes that a write must find
 * unchanged.
 */
export interface CachedCircuitBreaker {
  readonly row: CircuitBreakerRow;
  /** Undefined: no row. */
  readonly stored: StoredCircuitBreaker | undefined;
  /** Fault of the stored row, which then counts as closed. */
  readonly problem?: string;
}

/**
 * The attributes that a write relies on: together they tell each state of the circuit from every
 * other.
 */
export const CIRCUIT_BREAKER_VERSION_ATTRIBUTES = [
  'state',
  'version',
  'probeAtMs',
  'probeOwner',
  'notBeforeMs',
] as const;

/** The circuit before anything has gone wrong. */
export const CLOSED_CIRCUIT_BREAKER: CircuitBreakerRow = { state: 'CLOSED', version: 0, outages: [] };

/** Outages that the row remembers. */
const OUTAGES_MAX = 20;

/**
 * Reads a stored row. What cannot be one, or would keep the circuit open for ever, counts as
 * closed, with the reason.
 */
export function readCircuitBreaker(
  stored: StoredCircuitBreaker | undefined,
  nowMs: number,
  limits: Limits,
): CachedCircuitBreaker {
  if (stored === undefined) return { row: CLOSED_CIRCUIT_BREAKER, stored };
  const latestMs = nowMs + Math.max(limits.circuitOpenMs, limits.throttlePauseMaxMs) + limits.clockSkewMs;
  const read = readRow(stored, latestMs);
  return typeof read === 'string' ? { row: CLOSED_CIRCUIT_BREAKER, stored, problem: read } : { row: read, stored };
}

function readRow(stored: StoredCircuitBreaker, latestMs: number): CircuitBreakerRow | string {
  const { state, version, openedAtMs, probeAtMs, probeOwner, notBeforeMs } = stored;
  if (state !== 'CLOSED' && state !== 'OPEN') return 'its state is neither CLOSED nor OPEN';
  if (!isCount(version)) return 'its version is not a whole number';
  const outages = outagesIn(stored.outages);
  const health = storedHealth(stored);
  if (state === 'CLOSED') {
    const pause = isCount(notBeforeMs) && notBeforeMs <= latestMs ? { notBeforeMs } : {};
    return { state, version, ...pause, outages, ...health };
  }
  if (!isCount(openedAtMs) || !isCount(probeAtMs)) return 'it is OPEN without times';
  if (probeAtMs > latestMs) return 'its next probe is further away than any write puts it';
  const owner = typeof probeOwner === 'string' ? { probeOwner } : {};
  return { state, version, openedAtMs, probeAtMs, ...owner, outages, ...health };
}

type Health = Pick<CircuitBreakerRow, 'fault' | 'succeededAtMs'>;

function storedHealth({ fault, succeededAtMs }: StoredCircuitBreaker): Health {
  const read = readCrmFault(fault);
  return { ...(read === undefined ? {} : { fault: read }), ...(isCount(succeededAtMs) ? { succeededAtMs } : {}) };
}

function recordedHealth({ fault, succeededAtMs }: CircuitBreakerRow): Health {
  return { ...(fault === undefined ? {} : { fault }), ...(succeededAtMs === undefined ? {} : { succeededAtMs }) };
}

/**
 * A failure is recorded again after this time. Between two records only the first call of an outage
 * is known.
 */
const RECORD_EVERY_MS = 30_000;

/** The last recorded failure, if no call has succeeded since. */
export function presentFault({ fault, succeededAtMs = -1 }: CircuitBreakerRow): CrmFault | undefined {
  return fault !== undefined && fault.atMs >= succeededAtMs ? fault : undefined;
}

/** When a call is known to have succeeded last, after a failure. */
export function lastSuccessMs({ succeededAtMs = -1, outages }: CircuitBreakerRow): number {
  return Math.max(succeededAtMs, ...outages.map(({ closedAtMs }) => closedAtMs));
}

/**
 * `row` with this failure recorded, or undefined where one was recorded a moment ago. With
 * `isLast`, the event's last permitted call, it always is: recovery of the event waits for a
 * success after it.
 */
export function recordFailure(
  row: CircuitBreakerRow,
  failure: CrmFailure,
  nowMs: number,
  isLast: boolean,
): CircuitBreakerRow | undefined {
  const fault = crmFaultFrom(failure, Math.max(nowMs, (row.succeededAtMs ?? -1) + 1), presentFault(row));
  const isRecent = row.fault !== undefined && nowMs - row.fault.atMs < RECORD_EVERY_MS;
  return isRecent && !isLast && row.fault?.kind === fault.kind ? undefined : { ...row, fault };
}

/** `row` with a success recorded, or undefined where it is known that calls succeed. */
export function recordSuccess(row: CircuitBreakerRow, nowMs: number): CircuitBreakerRow | undefined {
  const fault = presentFault(row);
  return fault === undefined ? undefined : { ...row, succeededAtMs: Math.max(nowMs, fault.atMs + 1) };
}

function outagesIn(stored: unknown): Outage[] {
  if (!Array.isArray(stored)) return [];
  return stored.flatMap((entry: unknown) => {
    if (typeof entry !== 'object' || entry === null) return [];
    const { openedAtMs, closedAtMs } = entry as Partial<Record<keyof Outage, unknown>>;
    return isCount(openedAtMs) && isCount(closedAtMs) ? [{ openedAtMs, closedAtMs }] : [];
  });
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/**
 * Calls that may be made: all, none, or one. `paused`: none until the time that the CRM has asked
 * for.
 */
export type CircuitBreakerState = 'closed' | 'paused' | 'open' | 'probe_due';

/** State of the circuit breaker at this time. */
export function stateOf(row: CircuitBreakerRow, nowMs: number): CircuitBreakerState {
  if (row.state === 'CLOSED') return nowMs < (row.notBeforeMs ?? 0) ? 'paused' : 'closed';
  return nowMs >= (row.probeAtMs ?? 0) ? 'probe_due' : 'open';
}

/**
 * `row` after a response by which the CRM asks for no call before `notBeforeMs`; `row` itself if it
 * asked for that before. A long pause opens the circuit breaker, so that events wait in quarantine
 * and not in the queue.
 */
export function pauseCircuitBreaker(
  row: CircuitBreakerRow,
  notBeforeMs: number,
  nowMs: number,
  limits: Limits,
): CircuitBreakerRow {
  if (row.state === 'OPEN') return (row.probeAtMs ?? 0) >= notBeforeMs ? row : { ...row, probeAtMs: notBeforeMs };
  if ((row.notBeforeMs ?? 0) >= notBeforeMs) return row;
  if (notBeforeMs - nowMs <= limits.throttleOpenMs) return { ...row, notBeforeMs };
  return { ...openCircuitBreaker(row, nowMs, limits), probeAtMs: notBeforeMs };
}

/** `row`, CLOSED, as opened now, at the version under which the failed calls ran. */
export function openCircuitBreaker(row: CircuitBreakerRow, nowMs: number, limits: Limits): CircuitBreakerRow {
  return {
    state: 'OPEN',
    version: row.version,
    openedAtMs: nowMs,
    probeAtMs: Math.max(nowMs + limits.circuitOpenMs, row.notBeforeMs ?? 0),
    outages: row.outages,
    ...recordedHealth(row),
  };
}

/**
 * Returns `row`, OPEN, with its due probe claimed by `owner`. No other attempt may probe before the
 * next probe is due.
 */
export function claimProbe(row: CircuitBreakerRow, owner: string, nowMs: number, limits: Limits): CircuitBreakerRow {
  return { ...row, probeAtMs: nowMs + limits.circuitOpenMs, probeOwner: owner };
}

/** `row`, OPEN, as closed now by the probe that succeeded. */
export function closeCircuitBreaker(row: CircuitBreakerRow, nowMs: number): CircuitBreakerRow {
  const outage = { openedAtMs: row.openedAtMs ?? nowMs, closedAtMs: nowMs };
  const outages = [...row.outages, outage].slice(-OUTAGES_MAX);
  return { state: 'CLOSED', version: row.version + 1, outages, ...recordedHealth(recordSuccess(row, nowMs) ?? row) };
}

/** True if two stored rows are the same state of the circuit. */
export function isSameCircuitBreaker(
  one: StoredCircuitBreaker | undefined,
  other: StoredCircuitBreaker | undefined,
): boolean {
  if (one === undefined || other === undefined) return one === other;
  return CIRCUIT_BREAKER_VERSION_ATTRIBUTES.every((name) => JSON.stringify(one[name]) === JSON.stringify(other[name]));
}
