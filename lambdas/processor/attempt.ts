/**
 * One attempt on one record: claim, deliver, settle.
 *
 * Dying between any two steps is survived: before the claim nothing has happened; after it the
 * lease runs out and another attempt begins, calling the CRM with the same idempotency key; after
 * the settle the message comes again and is found final.
 */
import type { CrmAction } from '../domain/crm/action.ts';
import { pauseDelayMs, rateDelayMs, retryAfterMs, retryDelayMs } from '../domain/crm/backoff.ts';
import { type CrmFailure, type CrmOutcome, classify, healthOf, responseClass } from '../domain/crm/crm-outcome.ts';
import type { IgnoreCause } from '../domain/crm/mapping.ts';
import { quarantineEnvelope } from '../domain/delivery/envelope.ts';
import { nameInUse } from '../domain/event/contact-name.ts';
import { replayedKey, reusedIdKey } from '../domain/event/event-key.ts';
import { fieldsThatDiffer } from '../domain/event/field-digests.ts';
import { claimedContact, releasedContact } from '../domain/idempotency/contact-row.ts';
import type { EventRow, FinalStatus, QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import type { RetryCause } from '../domain/telemetry/metrics.ts';
import type {
  Chance,
  ClaimWrite,
  Clock,
  Crm,
  IdempotencyStore,
  MessageQueue,
  Metrics,
  SettleResult,
  SettleWrite,
} from '../ports.ts';
import { CIRCUIT_BREAKER_OPEN, type Decision, decide, failedRow, finalRow, quarantinedRow } from './decide.ts';
import { type ContactRef, orderingDigestsOf, type ParsedRecord, type Task } from './parse-record.ts';
import { type Admission, OVER_RATE, type RateLimiter } from './rate-limiter.ts';
import type { RowCache } from './row-cache.ts';
import type { SentCopies } from './sent-copies.ts';
import type { Permit, SharedCircuitBreaker } from './shared-circuit-breaker.ts';

/** Ports and settings of an attempt. */
export interface AttemptDependencies {
  readonly store: IdempotencyStore;
  readonly crm: Crm;
  /** This environment's view of the circuit, which outlasts the invocation. */
  readonly circuitBreaker: SharedCircuitBreaker;
  /** This environment's part in the schedule of requests. Absent: no limit. */
  readonly rateLimiter?: RateLimiter;
  readonly quarantine: MessageQueue;
  /** Copies that this environment has sent there. They outlast the invocation. */
  readonly sentCopies: SentCopies;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly limits: Limits;
}

/** Result of an attempt on a record. */
export type Disposition =
  /** The message is to be deleted. */
  | {
      readonly kind: 'done';
      readonly outcome: 'applied' | 'stale' | 'ignored' | 'abandoned' | 'quarantined' | 'duplicate';
      readonly attempts: number;
      readonly reason?: QuarantineReason;
      readonly error?: string;
      readonly ignoreCause?: IgnoreCause;
      /** Fields in which a duplicate differs from the delivery that was worked on. */
      readonly differsIn?: string;
    }
  /** The message has to come back. */
  | {
      readonly kind: 'retry';
      readonly delayMs: number;
      readonly why: string;
      readonly cause: RetryCause;
      readonly attempts: number;
    };

/** Effect of an attempt's call on its contact. */
type CallEffect = Pick<NonNullable<SettleWrite['contact']>, 'effect' | 'staysHeld'>;

const NOT_APPLIED: CallEffect = { effect: 'not_applied', staysHeld: false };

/** Too little of the attempt is left for a call and all that has to follow it. */
const NO_TIME = { kind: 'transient', applied: 'not_applied', error: 'no time left to call the CRM' } as const;

/** The CRM has asked another attempt for a pause meanwhile. */
const PAUSED = { kind: 'throttled', applied: 'not_applied', error: 'the CRM has asked for a pause' } as const;

/**
 * Longest wait for which an event from quarantine, or of a replay, may take slots: the longest that
 * it delays a live event.
 */
const SENT_AGAIN_AHEAD_MS = 300;

/** Maximum re-evaluations after stale reads before the message is retried later. */
const ROUNDS_MAX = 6;

/** An attempt, from the first look at its rows to the last write. */
export class Attempt {
  readonly #deps: AttemptDependencies;
  readonly #known: RowCache;
  readonly #owner: string;
  readonly #startsByMs: number;
  #endsAtMs = 0;
  #leaseExpiresAtMs = 0;
  #record: ParsedRecord;
  #admission: Admission | undefined;
  /** True if its call is a probe, whose success has to be written to the circuit after all else. */
  #probes = false;
  /** Key of the contact's row that refused a write, and is in the cache as it is in the table. */
  #confirmedContact: string | undefined;

  /**
   * `startsByMs`: when it has to begin at the latest. Until then it may wait for the rate of
   * requests.
   */
  constructor(record: ParsedRecord, known: RowCache, deps: AttemptDependencies, startsByMs: number) {
    this.#deps = deps;
    this.#startsByMs = startsByMs;
    this.#known = known;
    this.#record = record;
    this.#owner = deps.chance.newOwner();
    this.#begin();
  }

  /**
   * The lease counts from here, before anything is sent, so that it cannot outlast what others see
   * of it.
   */
  #begin(): void {
    const { clock, limits } = this.#deps;
    const nowMs = clock.now();
    this.#endsAtMs = nowMs + limits.attemptBudgetMs;
    this.#leaseExpiresAtMs = nowMs + limits.leaseMs;
  }

  /** Ends within the attempt's budget. */
  async run(): Promise<Disposition> {
    try {
      return await this.#run();
    } finally {
      this.#deps.circuitBreaker.releaseProbe(this.#owner);
      this.#admission?.release();
    }
  }

  async #run(): Promise<Disposition> {
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      // For a claim and for giving it back, or for sending to quarantine and settling that.
      if (this.#timeLeftMs() < 2 * this.#deps.limits.storeBudgetMs)
        return this.#later('no time left', this.#retryDelayMs(), 'no_time');
      this.#nameContact();
      const disposition = await this.#carryOut(this.#nextStep());
      if (disposition !== 're_evaluate') return disposition;
    }
    return this.#later('the rows keep changing', this.#retryDelayMs(), 'in_progress');
  }

  /** True if the batch's read did not bring the contact: its row may have either name. */
  get #isContactUnread(): boolean {
    const { task } = this.#record;
    if (task.kind !== 'deliver' || task.contact === undefined) return false;
    return !this.#known.isContactKnown(task.contact.names.former.key);
  }

  /** Reads the contact, before a write that relies on the name of its row. */
  async #readContact({ names }: ContactRef): Promise<Disposition | 're_evaluate'> {
    const { current, former } = names;
    const read = await this.#deps.store.readAhead({ events: [], contacts: [current.key, former.key] });
    if ('kind' in read) return this.#later(read.cause, this.#retryDelayMs(), 'state_table');
    this.#known.addContacts(read);
    this.#deps.circuitBreaker.refresh(read.circuitBreaker);
    if (this.#known.isContactKnown(former.key)) return 're_evaluate';
    return this.#later('the row of the contact could not be read', this.#retryDelayMs(), 'state_table');
  }

  /** Goes on with the name that the contact's row has, as far as is known by now. */
  #nameContact(): void {
    const { task } = this.#record;
    if (task.kind !== 'deliver' || task.contact === undefined) return;
    const { names, position, isReplay } = task.contact;
    const hasFormerRow = this.#known.contact(names.former.key) !== undefined;
    const place = isReplay === true ? { position, isReplay } : { position };
    const contact = { ...nameInUse(names, hasFormerRow), ...place, names };
    this.#record = { ...this.#record, task: { ...task, contact } };
  }

  #nextStep(): Decision {
    const { task, eventKey } = this.#record;
    const contactKey = task.kind === 'deliver' ? task.contact?.key : undefined;
    return decide(this.#record, {
      row: this.#known.event(eventKey),
      contact: contactKey === undefined ? undefined : this.#known.contact(contactKey),
      isContactConfirmed: contactKey !== undefined && contactKey === this.#confirmedContact,
      circuitBreaker: this.#deps.circuitBreaker.stateFor(this.#owner),
      notBeforeMs: this.#deps.circuitBreaker.notBeforeMs,
      owner: this.#owner,
      nowMs: this.#deps.clock.now(),
      leaseExpiresAtMs: this.#leaseExpiresAtMs,
      chance: this.#deps.chance.fraction(),
      limits: this.#deps.limits,
    });
  }

  async #carryOut(step: Decision): Promise<Disposition | 're_evaluate'> {
    const { task } = this.#record;
    const contact = task.kind === 'deliver' ? task.contact : undefined;
    switch (step.kind) {
      case 'acknowledge':
        return this.#duplicate();
      case 'wait':
        return this.#later(step.why, step.delayMs, step.cause);
      case 'take_own_key':
        return this.#takeOwnKey();
      case 'claim':
        if (this.#deps.rateLimiter !== undefined && this.#admission === undefined)
          return this.#waitForRate(this.#deps.rateLimiter);
        if (contact !== undefined && this.#isContactUnread) return this.#readContact(contact);
        return this.#claim(step.write);
      case 'settle':
        if (step.givenUp !== undefined && this.#isContactUnread) return this.#readContact(step.givenUp);
        return this.#settleUnclaimed(step);
      default:
        return step satisfies never;
    }
  }

  /**
   * Dropped. What it says otherwise than the delivery that was worked on is lost, so the log names
   * it.
   */
  #duplicate(): Disposition {
    const { event } = this.#record.task;
    const { fields } = this.#known.event(this.#record.eventKey) ?? {};
    const { digestKey } = this.#record;
    const differing = event === undefined || fields === undefined ? [] : fieldsThatDiffer(fields, event, digestKey);
    const differs = differing.length === 0 ? {} : { differsIn: differing.join(', ') };
    return { kind: 'done', outcome: 'duplicate', attempts: 0, ...differs };
  }

  /**
   * An id that another event has already: this one is kept, and quarantined, under a key of its
   * own. Version 0.1.0 made that key of the plain digest.
   */
  async #takeOwnKey(): Promise<Disposition | 're_evaluate'> {
    const { task, identity, replayId } = this.#record;
    const id = task.event?.id ?? this.#record.eventKey;
    const [digest, formerDigest] = orderingDigestsOf(this.#record);
    const ownKey = replayedKey(replayId, reusedIdKey(id, identity, digest));
    const formerKey = replayedKey(replayId, reusedIdKey(id, identity, formerDigest));
    const read = await this.#deps.store.readAhead({ events: [ownKey, formerKey], contacts: [] });
    if ('kind' in read) return this.#later(read.cause, this.#retryDelayMs(), 'state_table');
    const eventKey = read.events.has(formerKey) ? formerKey : ownKey;
    const detail = 'another event with this id, but another type, timestamp or ordering key, came before';
    const event = task.event === undefined ? {} : { event: task.event };
    this.#record = {
      ...this.#record,
      eventKey,
      task: { kind: 'unprocessable', reason: 'id_reused', detail, ...event },
    };
    this.#known.setEvent(eventKey, read.events.get(eventKey));
    return 're_evaluate';
  }

  /**
   * Waits for its turn before it claims. The attempt begins when its turn comes: the rows may have
   * changed.
   */
  async #waitForRate(rateLimiter: RateLimiter): Promise<Disposition | 're_evaluate'> {
    const { clock, chance, limits } = this.#deps;
    const { task, eventKey, fromQuarantine, replayId, source } = this.#record;
    if (task.kind !== 'deliver') throw new Error('only an event that is to be delivered is claimed');
    const isLive = !fromQuarantine && replayId === undefined;
    const latestMs = isLive ? this.#startsByMs : Math.min(this.#startsByMs, clock.now() + SENT_AGAIN_AHEAD_MS);
    const wasShort = this.#known.event(eventKey)?.lastError === OVER_RATE;
    const admitted = await rateLimiter.admitAction(task.action.kind, wasShort, latestMs);
    switch (admitted.kind) {
      case 'admitted':
        this.#admission = admitted;
        if (clock.now() > this.#startsByMs) return this.#later('no time left', this.#retryDelayMs(), 'no_time');
        this.#begin();
        return 're_evaluate';
      case 'full': {
        const delayMs = rateDelayMs(limits, source.message.receiveCount, chance.fraction());
        return this.#later(OVER_RATE, delayMs, 'rate');
      }
      case 'unavailable':
        return this.#later(admitted.cause, this.#retryDelayMs(), 'state_table');
      default:
        return admitted satisfies never;
    }
  }

  async #claim(write: ClaimWrite): Promise<Disposition | 're_evaluate'> {
    const { task } = this.#record;
    if (task.kind !== 'deliver') throw new Error('only an event that is to be delivered is claimed');
    // From here on other attempts of this environment find no probe due, so that they do not claim
    // an event only to be refused.
    if (this.#deps.circuitBreaker.stateFor(this.#owner) === 'probe_due')
      this.#deps.circuitBreaker.reserveProbe(this.#owner);
    const claimed = await this.#deps.store.claim(write);
    switch (claimed.kind) {
      case 'claimed': {
        this.#known.setEvent(write.eventKey, write.row);
        const { contact } = write;
        if (contact !== undefined) {
          const before = this.#known.contact(contact.key);
          this.#known.setContact(
            contact.key,
            claimedContact(before, contact.position, this.#owner, this.#leaseExpiresAtMs, contact.expiresAt),
          );
        }
        return this.#deliver(task, write.row);
      }
      case 'event_differs':
        this.#known.setEvent(write.eventKey, claimed.event);
        return 're_evaluate';
      case 'contact_refuses':
        if (task.contact !== undefined) this.#known.setContact(task.contact.key, claimed.contact);
        return 're_evaluate';
      case 'unavailable':
        // The claim may have succeeded; retrying with the same owner detects that.
        if (this.#timeLeftMs() > this.#neededMs()) return 're_evaluate';
        return this.#later(claimed.cause, this.#retryDelayMs(), 'state_table');
      default:
        return claimed satisfies never;
    }
  }

  async #deliver(task: Extract<Task, { kind: 'deliver' }>, row: EventRow): Promise<Disposition> {
    // An attempt that sent nothing does not count.
    const untried = { ...row, attempts: row.attempts - 1 };
    if (!this.#hasTimeToCall()) return this.#fail(task, untried, NO_TIME, 'no_time');
    const pass = await this.#deps.circuitBreaker.tryAcquire(this.#owner);
    if (pass === 'refused') return this.#quarantine(task, untried, 'circuit_open', CIRCUIT_BREAKER_OPEN, NOT_APPLIED);
    if (pass === 'paused') return this.#fail(task, untried, PAUSED, 'throttled');
    if (!this.#hasTimeToCall()) return this.#fail(task, untried, NO_TIME, 'no_time');
    this.#probes = pass.kind === 'probe';
    const outcome = await this.#callCrm(task, row.idempotencyKey ?? task.event.id, pass);
    const works = healthOf(outcome) === 'works';
    const isLast = row.attempts >= this.#deps.limits.crmAttempts;
    const failure = works || outcome.kind === 'success' ? undefined : outcome;
    await this.#deps.circuitBreaker.recordResult(pass, task.contact?.key ?? task.event.id, failure, isLast);
    const disposition = await this.#conclude(task, row, outcome);
    // Without time left for it the circuit waits for the next probe.
    if (works && this.#timeLeftMs() >= this.#deps.limits.storeBudgetMs) {
      if (this.#probes) await this.#deps.circuitBreaker.closeAfterProbe(this.#owner);
      else await this.#deps.circuitBreaker.confirmSuccess();
    }
    return disposition;
  }

  /** Records what came of the call. */
  #conclude(task: Extract<Task, { kind: 'deliver' }>, row: EventRow, outcome: CrmOutcome): Promise<Disposition> {
    switch (outcome.kind) {
      case 'success':
        return this.#succeed(task, row, outcome.mayStillRun === true);
      case 'permanent':
        return this.#quarantine(task, row, 'crm_rejected', outcome.error, effectOf(outcome));
      case 'ambiguous':
        return this.#quarantine(task, row, 'crm_ambiguous', outcome.error, effectOf(outcome));
      case 'throttled':
        return this.#pause(task, row, outcome);
      case 'over_rate':
        return this.#giveBack(task, row, outcome);
      case 'transient':
      case 'conflict':
      case 'credentials':
      case 'permission':
      case 'dependency':
      case 'redirect':
      case 'protocol_error':
        if (row.attempts >= this.#deps.limits.crmAttempts) {
          const reason = outcome.kind === 'permission' ? 'crm_rejected' : 'retries_exhausted';
          const failedBy = outcome.kind === 'conflict' || outcome.kind === 'protocol_error' ? 'record' : 'crm';
          return this.#quarantine(task, { ...row, failedBy }, reason, outcome.error, effectOf(outcome));
        }
        return this.#fail(task, row, outcome);
      default:
        return outcome satisfies never;
    }
  }

  /**
   * Lets all environments leave the CRM alone for as long as it asks. The attempt does not count.
   */
  async #pause(task: Extract<Task, { kind: 'deliver' }>, row: EventRow, outcome: CrmFailure): Promise<Disposition> {
    const { circuitBreaker, clock, limits } = this.#deps;
    const untried = { ...row, attempts: row.attempts - 1 };
    const nowMs = clock.now();
    const askedMs = retryAfterMs(outcome.retryAfter, nowMs) || (outcome.waitMs ?? limits.backoffBaseMs);
    const pauseMs = Math.min(askedMs, limits.throttlePauseMaxMs);
    await circuitBreaker.pause(nowMs + pauseMs, outcome);
    // A probe's event waits where it came from: in quarantine.
    if (this.#probes || pauseMs > limits.throttleOpenMs)
      return this.#quarantine(task, untried, 'circuit_open', outcome.error, effectOf(outcome));
    return this.#fail(task, untried, outcome, 'throttled');
  }

  /** Lets the event come back for its turn. The attempt does not count. */
  #giveBack(task: Extract<Task, { kind: 'deliver' }>, row: EventRow, outcome: CrmFailure): Promise<Disposition> {
    const untried = { ...row, attempts: row.attempts - 1 };
    return this.#probes
      ? this.#quarantine(task, untried, 'circuit_open', outcome.error, effectOf(outcome))
      : this.#fail(task, untried, outcome, 'rate');
  }

  /** True if the CRM can be called, and all be written that may have to be written after it. */
  #hasTimeToCall(): boolean {
    const { crmTimeoutMs, storeBudgetMs } = this.#deps.limits;
    return this.#timeLeftMs() >= crmTimeoutMs + 3 * storeBudgetMs;
  }

  /**
   * Calls the CRM, a second time with a newly read token where it refuses the one we had, time
   * allows, and the circuit has not opened meanwhile. A probe is one call, and so refreshes the
   * token first.
   */
  async #callCrm(task: Extract<Task, { kind: 'deliver' }>, idempotencyKey: string, pass: Permit): Promise<CrmOutcome> {
    const isProbe = pass.kind === 'probe';
    const first = await this.#callOnce(task.action, idempotencyKey, isProbe);
    const mayCall = this.#hasTimeToCall() && this.#deps.circuitBreaker.stateFor(this.#owner) === 'closed';
    if (first.kind !== 'credentials' || isProbe || !mayCall) return first;
    const second = await this.#callOnce(task.action, idempotencyKey, true);
    // The first call may have been applied, or still be running: what the second one got does not
    // change that.
    const running = first.mayStillRun ?? second.mayStillRun;
    const ended = running === undefined ? second : { ...second, mayStillRun: running };
    return ended.kind === 'success' || first.applied === 'not_applied' ? ended : { ...ended, applied: 'unknown' };
  }

  /** One call, measured. */
  async #callOnce(action: CrmAction, idempotencyKey: string, freshToken: boolean): Promise<CrmOutcome> {
    const { crm, clock, limits, metrics } = this.#deps;
    const beganAtMs = clock.now();
    const admission = this.#admission;
    const rate = admission === undefined ? {} : { admit: (latestMs: number) => admission.admit(latestMs) };
    const call = { idempotencyKey, budgetMs: limits.crmTimeoutMs, freshToken, ...rate };
    const answer = await crm.deliver(action, call);
    if (answer.kind !== 'over_rate') {
      metrics.add('CrmLatency', clock.now() - beganAtMs);
      metrics.addBy('CrmCalls', responseClass(answer), 1);
    }
    return classify(answer);
  }

  async #succeed(
    task: Extract<Task, { kind: 'deliver' }>,
    claimed: EventRow,
    staysHeld: boolean,
  ): Promise<Disposition> {
    const row = finalRow(claimed, 'COMPLETED', this.#deps.clock.now(), this.#deps.limits);
    const settled = await this.#settleClaimed(task, row, { effect: 'applied', staysHeld }, task.userRows);
    if (settled.kind === 'settled') return { kind: 'done', outcome: 'applied', attempts: row.attempts };
    if (settled.kind !== 'rows_rejected') return this.#unsettled(settled, claimed);
    // The CRM has the event, but no settlement says so: older events of the contact must not pass
    // it.
    return this.#quarantine(task, claimed, 'rows_rejected', settled.cause, { effect: 'unknown', staysHeld });
  }

  /** Gives the event back, to be tried again. */
  async #fail(
    task: Extract<Task, { kind: 'deliver' }>,
    claimed: EventRow,
    outcome: CrmFailure,
    cause: RetryCause = 'crm',
  ): Promise<Disposition> {
    const nowMs = this.#deps.clock.now();
    const askedMs = retryAfterMs(outcome.retryAfter, nowMs) || (outcome.waitMs ?? 0);
    const backoffMs = this.#backoffMs(claimed, outcome, askedMs);
    const delayMs = outcome.mayStillRun ? Math.max(backoffMs, this.#leaseLeftMs()) : backoffMs;
    const row = failedRow(claimed, outcome.error, nowMs, nowMs + delayMs);
    const settled = await this.#settleClaimed(task, row, effectOf(outcome), []);
    if (settled.kind !== 'settled') return this.#unsettled(settled, claimed);
    return { kind: 'retry', delayMs, why: outcome.error, cause, attempts: row.attempts };
  }

  #backoffMs(claimed: EventRow, { kind }: CrmFailure, askedMs: number): number {
    const { circuitBreaker, clock, chance, limits } = this.#deps;
    const fraction = chance.fraction();
    if (kind === 'throttled') return pauseDelayMs(circuitBreaker.notBeforeMs - clock.now(), fraction);
    if (kind === 'over_rate') return rateDelayMs(limits, this.#record.source.message.receiveCount, fraction);
    return retryDelayMs(limits, Math.max(1, claimed.attempts), fraction, askedMs);
  }

  /**
   * First the message, then the row, then (by returning) the acknowledgement: dying in between only
   * duplicates.
   */
  async #quarantine(
    task: Extract<Task, { kind: 'deliver' }>,
    claimed: EventRow,
    reason: QuarantineReason,
    error: string,
    left: CallEffect,
  ): Promise<Disposition> {
    if (this.#timeLeftMs() < 2 * this.#deps.limits.storeBudgetMs) {
      return this.#unsettled({ kind: 'unavailable', cause: 'no time left to quarantine' }, claimed, 'no_time');
    }
    // A redrive waits, too, while the CRM may still be executing the call.
    const due = left.staysHeld ? { nextAttemptAtMs: this.#leaseExpiresAtMs } : {};
    const row = { ...quarantinedRow(claimed, reason, error, this.#deps.clock.now()), ...due };
    const sent = await this.#sendToQuarantine(row);
    if (sent.kind === 'unavailable') {
      const failure: CrmFailure = {
        kind: 'transient',
        applied: left.effect === 'not_applied' ? 'not_applied' : 'unknown',
        error: `${error} (quarantine: ${sent.cause})`,
        ...(left.staysHeld ? { mayStillRun: true } : {}),
      };
      return this.#fail(task, claimed, failure, 'quarantine_queue');
    }
    const settled = await this.#settleClaimed(task, row, left, []);
    if (settled.kind !== 'settled') return this.#unsettled(settled, claimed);
    return { kind: 'done', outcome: 'quarantined', attempts: row.attempts, reason, error };
  }

  /**
   * Settles what this attempt holds. Tried again while the budget lasts: a lost response is found
   * to stand.
   */
  async #settleClaimed(
    task: Extract<Task, { kind: 'deliver' }>,
    row: EventRow,
    left: CallEffect,
    userRows: Extract<Task, { kind: 'deliver' }>['userRows'],
  ): Promise<SettleResult> {
    const { store, clock, limits } = this.#deps;
    const write = {
      eventKey: this.#record.eventKey,
      expect: { status: 'IN_PROGRESS', owner: this.#owner } as const,
      leaseLiveAtMs: clock.now(),
      row,
      userRows,
      ...(task.contact === undefined ? {} : { contact: { ...task.contact, ...left } }),
    };
    const reserveMs = (this.#probes ? 2 : 1) * limits.storeBudgetMs;
    let settled = await store.settle(write);
    while (settled.kind === 'unavailable' && this.#timeLeftMs() >= reserveMs) settled = await store.settle(write);
    if (settled.kind === 'settled') {
      this.#known.setEvent(write.eventKey, row);
      if (task.contact !== undefined) {
        const held = this.#known.contact(task.contact.key) ?? {};
        this.#known.setContact(
          task.contact.key,
          releasedContact(held, task.contact.position, left.effect, left.staysHeld),
        );
      }
    }
    return settled;
  }

  /** The outcome was not recorded: retry the message, whichever attempt holds the event now. */
  #unsettled(
    settled: Exclude<SettleResult, { kind: 'settled' }>,
    claimed: EventRow,
    cause: RetryCause = settled.kind === 'unavailable' ? 'state_table' : 'in_progress',
  ): Disposition {
    if (settled.kind === 'lost' && settled.event !== undefined)
      this.#known.setEvent(this.#record.eventKey, settled.event);
    const why =
      settled.kind === 'unavailable' ? `outcome not recorded: ${settled.cause}` : 'outcome not recorded: lease lost';
    return { kind: 'retry', delayMs: Math.max(this.#leaseLeftMs(), 1_000), why, cause, attempts: claimed.attempts };
  }

  /** Records an outcome that needs no CRM call. */
  async #settleUnclaimed(step: Extract<Decision, { kind: 'settle' }>): Promise<Disposition | 're_evaluate'> {
    const { store } = this.#deps;
    const { row, expect, userRows, givenUp } = step;
    if (row.status === 'QUARANTINED') {
      const sent = await this.#sendToQuarantine(row);
      if (sent.kind === 'unavailable')
        return this.#later(`quarantine: ${sent.cause}`, this.#retryDelayMs(), 'quarantine_queue');
    }
    const { eventKey } = this.#record;
    const nowMs = this.#deps.clock.now();
    const contact = givenUp === undefined ? {} : { givenUp: { ...givenUp, nowMs } };
    const settled = await store.settle({ eventKey, expect, row, userRows, ...contact });
    switch (settled.kind) {
      case 'settled':
        this.#known.setEvent(eventKey, row);
        return endOf(row);
      case 'lost':
        this.#known.setEvent(eventKey, settled.event);
        // Another attempt has quarantined it meanwhile. Ours is there, too: a second look would
        // send one more.
        if (row.status === 'QUARANTINED' && settled.event?.status === 'QUARANTINED')
          return { kind: 'done', outcome: 'duplicate', attempts: 0 };
        return 're_evaluate';
      case 'contact_refuses':
        this.#confirmedContact = givenUp?.key;
        if (givenUp !== undefined) this.#known.setContact(givenUp.key, settled.contact);
        return 're_evaluate';
      case 'rows_rejected':
        this.#rejectRows(settled.cause);
        return 're_evaluate';
      case 'unavailable':
        return this.#later(settled.cause, this.#retryDelayMs(), 'state_table');
      default:
        return settled satisfies never;
    }
  }

  #rejectRows(detail: string): void {
    const { event } = this.#record.task;
    const task = {
      kind: 'unprocessable',
      reason: 'rows_rejected',
      detail,
      ...(event === undefined ? {} : { event }),
    } as const;
    this.#record = { ...this.#record, task };
  }

  /** Sends once for each reason, however often the settlement that follows fails. */
  async #sendToQuarantine(row: EventRow): ReturnType<MessageQueue['send']> {
    const { message } = this.#record.source;
    const { quarantine, sentCopies } = this.#deps;
    const { reason = 'invalid_event' } = row;
    if (sentCopies.has(message.messageId, reason)) return { kind: 'sent' };
    const note = {
      reason,
      at: new Date(row.settledAtMs ?? 0).toISOString(),
      attempts: row.attempts,
      redrives: row.redrives,
      ...(row.recoveries === undefined ? {} : { recoveries: row.recoveries }),
      ...(row.reason !== 'retries_exhausted' || row.failedBy === undefined ? {} : { failedBy: row.failedBy }),
      ...(row.lastError === undefined ? {} : { lastError: row.lastError }),
    };
    const sent = await quarantine.send(quarantineEnvelope(message, note));
    if (sent.kind === 'sent') sentCopies.add(message.messageId, reason);
    return sent;
  }

  #later(why: string, delayMs: number, cause: RetryCause): Disposition {
    return { kind: 'retry', delayMs, why, cause, attempts: 0 };
  }

  #retryDelayMs(): number {
    const { limits, chance } = this.#deps;
    return retryDelayMs(limits, this.#record.source.message.receiveCount, chance.fraction());
  }

  #leaseLeftMs(): number {
    return this.#leaseExpiresAtMs - this.#deps.clock.now();
  }

  #timeLeftMs(): number {
    return this.#endsAtMs - this.#deps.clock.now();
  }

  /** Longest time that an attempt takes from its claim on. */
  #neededMs(): number {
    const { crmTimeoutMs, storeBudgetMs } = this.#deps.limits;
    return crmTimeoutMs + 5 * storeBudgetMs;
  }
}

function effectOf({ applied, mayStillRun }: CrmFailure): CallEffect {
  return { effect: applied, staysHeld: mayStillRun === true };
}

function endOf(row: EventRow): Disposition {
  const outcomes: Readonly<Record<FinalStatus, 'applied' | 'stale' | 'ignored' | 'abandoned'>> = {
    COMPLETED: 'applied',
    STALE: 'stale',
    IGNORED: 'ignored',
    ABANDONED: 'abandoned',
  };
  if (row.status === 'QUARANTINED') {
    return {
      kind: 'done',
      outcome: 'quarantined',
      attempts: row.attempts,
      ...(row.reason === undefined ? {} : { reason: row.reason }),
      ...(row.lastError === undefined ? {} : { error: row.lastError }),
    };
  }
  const because = row.ignoreCause === undefined ? {} : { ignoreCause: row.ignoreCause };
  return { kind: 'done', outcome: outcomes[row.status as FinalStatus], attempts: row.attempts, ...because };
}
