/**
 * The circuit as one execution environment sees it: cockatiel judges this environment's own calls
 * and says when to open; whether calls are made is decided by the row that all environments share.
 *
 * The clock is read, never a timer: an environment stands still between invocations. cockatiel's
 * windows count calls, and so do not age while it does.
 */
import {
  type CachedCircuitBreaker,
  type CircuitBreakerRow,
  type CircuitBreakerState,
  claimProbe,
  closeCircuitBreaker,
  openCircuitBreaker,
  pauseCircuitBreaker,
  readCircuitBreaker,
  recordFailure,
  recordSuccess,
  stateOf,
} from '../domain/crm/circuit-breaker.ts';
import { type CrmFailure, healthOf } from '../domain/crm/crm-outcome.ts';
import type { Limits } from '../domain/limits.ts';
import type { CircuitBreakerRead, CircuitBreakerStore, Clock, Log, Metrics } from '../ports.ts';
import { FailureRate } from './failure-rate.ts';

/** Ports and settings of the circuit breaker. */
export interface CircuitBreakerDependencies {
  readonly circuitBreakerStore: CircuitBreakerStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly limits: Limits;
}

/** Environments that are throttled at the same time write at the same time. */
const PAUSE_TRIES = 2;

/** Permission to make one call. Pass it to `recordResult` when the call has ended. */
export interface Permit {
  readonly kind: 'call' | 'probe';
  /** The circuit's version when the call began. */
  readonly version: number;
}

/** One instance serves one execution environment. */
export class SharedCircuitBreaker {
  readonly #deps: CircuitBreakerDependencies;
  #seen: CachedCircuitBreaker;
  #failures: FailureRate;
  /** The version that `#failures` has counted calls of. */
  #breakerVersion: number;
  /** The attempt of this environment that is about to probe, or probing. */
  #prober: string | undefined;
  /** The latest time that the CRM has asked for, whatever a read that lags behind says of it. */
  #notBeforeMs = 0;
  /** While the write that opens is under way no further call begins here. */
  #opening = false;
  /** While a success is being recorded no other one is. */
  #confirming = false;

  constructor(deps: CircuitBreakerDependencies) {
    this.#deps = deps;
    this.#seen = readCircuitBreaker(undefined, deps.clock.now(), deps.limits);
    this.#breakerVersion = this.#seen.row.version;
    this.#failures = new FailureRate(deps.limits);
  }

  /** A read of the row. What the table gave no answer for leaves what was known. */
  refresh(read: CircuitBreakerRead): void {
    if (read.kind !== 'not_read') this.#see(read.kind === 'stored' ? read.stored : undefined);
  }

  /** State as seen by `owner`. At most one attempt of this environment sees `probe_due`. */
  stateFor(owner: string): CircuitBreakerState {
    if (this.#opening) return 'open';
    const nowMs = this.#deps.clock.now();
    const gate = stateOf(this.#seen.row, nowMs);
    if (gate === 'closed' && nowMs < this.#notBeforeMs) return 'paused';
    return gate === 'probe_due' && this.#prober !== undefined && this.#prober !== owner ? 'open' : gate;
  }

  /** Reserves a due probe for `owner` until `releaseProbe`. No effect if another owner has it. */
  reserveProbe(owner: string): void {
    this.#prober ??= owner;
  }

  /** Releases the probe reserved by `owner`. No effect for other owners. */
  releaseProbe(owner: string): void {
    if (this.#prober === owner) this.#prober = undefined;
  }

  /**
   * Acquires a permit for one call. Call it immediately before the request. A due probe is claimed
   * by a conditional write that only one attempt wins.
   */
  async tryAcquire(owner: string): Promise<Permit | 'paused' | 'refused'> {
    const { row } = this.#seen;
    switch (this.stateFor(owner)) {
      case 'closed':
        return { kind: 'call', version: row.version };
      case 'paused':
        return 'paused';
      case 'open':
        return 'refused';
      case 'probe_due': {
        this.reserveProbe(owner);
        const next = claimProbe(row, owner, this.#deps.clock.now(), this.#deps.limits);
        const won = await this.#write(next);
        if (won) this.#deps.log.write('info', 'circuit probed', { dependency: 'crm', version: row.version });
        return won ? { kind: 'probe', version: row.version } : 'refused';
      }
    }
  }

  /**
   * A call has ended. Opens the circuit where too many of this environment's last ones under its
   * version failed. `isLast`: the event has no call left.
   */
  async recordResult(pass: Permit, contact: string, failure?: CrmFailure, isLast = false): Promise<void> {
    const { row } = this.#seen;
    if (pass.kind === 'probe')
      this.#deps.metrics.addBy('CircuitProbes', failure === undefined ? 'succeeded' : 'failed', 1);
    const counts = pass.kind === 'call' && pass.version === this.#breakerVersion && row.state === 'CLOSED';
    if (this.#opening) return;
    if (failure === undefined) {
      if (counts) this.#failures.success();
      return;
    }
    const { clock, log, metrics } = this.#deps;
    if (failure.kind === 'over_rate') return;
    // The pause records a throttled call.
    const recorded = failure.kind === 'throttled' ? undefined : recordFailure(row, failure, clock.now(), isLast);
    if (!counts || healthOf(failure) !== 'fails' || !this.#failures.failure(contact)) {
      if (recorded !== undefined) await this.#write(recorded);
      return;
    }
    this.#opening = true;
    const opened = await this.#open(recorded ?? row).finally(() => {
      this.#opening = false;
    });
    if (!opened) return;
    const details = {
      dependency: 'crm',
      version: row.version,
      fault: this.#seen.row.fault?.kind,
      error: failure.error,
    };
    log.write('warn', 'circuit opened', details);
    metrics.add('CircuitOpened', 1);
  }

  /** When the CRM may be called again; a time that has passed if it may be now. */
  get notBeforeMs(): number {
    return Math.max(this.#notBeforeMs, this.#seen.row.notBeforeMs ?? 0);
  }

  /**
   * The CRM has asked by `failure` for no call before `notBeforeMs`: shared with all environments.
   */
  async pause(notBeforeMs: number, failure: CrmFailure): Promise<void> {
    const { clock, limits, log, metrics } = this.#deps;
    this.#notBeforeMs = Math.max(this.#notBeforeMs, notBeforeMs);
    for (let tries = 0; tries < PAUSE_TRIES; tries += 1) {
      const { row } = this.#seen;
      const next = pauseCircuitBreaker(row, notBeforeMs, clock.now(), limits);
      if (next === row) return;
      if (!(await this.#write(recordFailure(next, failure, clock.now(), false) ?? next))) {
        // Without an answer of the table nothing new is known.
        if (this.#seen.row === row) return;
        continue;
      }
      const details = { dependency: 'crm', version: row.version, untilMs: notBeforeMs };
      log.write('warn', next.state === 'OPEN' ? 'circuit opened by a long pause' : 'CRM calls paused', details);
      if (row.state === 'CLOSED' && next.state === 'OPEN') metrics.add('CircuitOpened', 1);
      return;
    }
  }

  /** Tried again where another call has only recorded a failure meanwhile. */
  async #open(row: CircuitBreakerRow): Promise<boolean> {
    const { clock, limits } = this.#deps;
    if (await this.#write(openCircuitBreaker(row, clock.now(), limits))) return true;
    const seen = this.#seen.row;
    if (seen.state !== 'CLOSED' || seen.version !== row.version) return false;
    return this.#write(openCircuitBreaker(seen, clock.now(), limits));
  }

  /**
   * A call has succeeded, and its event is settled: records it where the last that is known is a
   * failure.
   */
  async confirmSuccess(): Promise<void> {
    const next = recordSuccess(this.#seen.row, this.#deps.clock.now());
    if (next === undefined || this.#confirming) return;
    this.#confirming = true;
    await this.#write(next);
    this.#confirming = false;
  }

  /** Closes the circuit after a successful probe of `owner`; no effect if another owner probes. */
  async closeAfterProbe(owner: string): Promise<void> {
    const { row } = this.#seen;
    if (row.state !== 'OPEN' || row.probeOwner !== owner) return;
    const closed = await this.#write(closeCircuitBreaker(row, this.#deps.clock.now()));
    if (closed) this.#deps.log.write('info', 'circuit closed', { dependency: 'crm', version: row.version + 1 });
  }

  /**
   * Compare-and-swap on what was seen. Refused, or without an answer, it has changed nothing that
   * is relied on.
   */
  async #write(next: CircuitBreakerRow): Promise<boolean> {
    const written = await this.#deps.circuitBreakerStore.write(this.#seen.stored, next);
    switch (written.kind) {
      case 'written':
        this.#see({ ...next });
        return true;
      case 'differs':
        this.#see(written.stored);
        return false;
      case 'unavailable':
        this.#deps.log.write('warn', 'circuit not written', { dependency: 'crm', cause: written.cause });
        return false;
      default:
        return written satisfies never;
    }
  }

  #see(stored: CachedCircuitBreaker['stored']): void {
    const { clock, limits, log } = this.#deps;
    const before = this.#seen.problem;
    this.#seen = readCircuitBreaker(stored, clock.now(), limits);
    const { problem, row } = this.#seen;
    if (problem !== undefined && problem !== before)
      log.write('error', 'the circuit’s row cannot be read and counts as closed', { dependency: 'crm', problem });
    if (row.version === this.#breakerVersion) return;
    this.#breakerVersion = row.version;
    this.#failures = new FailureRate(limits);
  }
}
