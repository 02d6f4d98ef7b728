/** Decides the next step of an attempt, given the known rows. Pure. */
import { heldDelayMs, pauseDelayMs, retryDelayMs } from '../domain/crm/backoff.ts';
import type { CircuitBreakerState } from '../domain/crm/circuit-breaker.ts';
import type { UserRowWrite } from '../domain/crm/mapping.ts';
import { eventIdAttribute } from '../domain/delivery/envelope.ts';
import { isEventId } from '../domain/delivery/event-id.ts';
import type { PipelineEvent } from '../domain/event/event.ts';
import { fieldDigests } from '../domain/event/field-digests.ts';
import {
  type ContactDecision,
  type ContactPlace,
  type ContactRow,
  decideContact,
} from '../domain/idempotency/contact-row.ts';
import {
  decideEvent,
  type EventDecision,
  type EventRow,
  type ExpectedRow,
  type FinalStatus,
  type QuarantineReason,
  truncateError,
} from '../domain/idempotency/event-row.ts';
import { appendHistory } from '../domain/idempotency/history.ts';
import { backoffTotalMs } from '../domain/limit-arithmetic.ts';
import type { Limits } from '../domain/limits.ts';
import type { GiveUp } from '../domain/quarantine/quarantine-note.ts';
import type { RetryCause } from '../domain/telemetry/metrics.ts';
import type { ClaimWrite } from '../ports.ts';
import { type ContactRef, orderingDigestOf, orderingDigestsOf, type ParsedRecord, type Task } from './parse-record.ts';

/** Next step of an attempt. */
export type Decision =
  | { readonly kind: 'acknowledge'; readonly because: FinalStatus | 'QUARANTINED' }
  | { readonly kind: 'wait'; readonly delayMs: number; readonly why: string; readonly cause: RetryCause }
  /** Another event has this id already: go on under a key of its own. */
  | { readonly kind: 'take_own_key' }
  | { readonly kind: 'claim'; readonly write: ClaimWrite }
  | {
      readonly kind: 'settle';
      readonly expect: ExpectedRow;
      readonly row: EventRow;
      readonly userRows: readonly UserRowWrite[];
      /** The contact that waits for an event which is given up. */
      readonly givenUp?: ContactRef;
    };

/** Facts for the decision besides the record. */
export interface DecisionContext {
  readonly row: EventRow | undefined;
  readonly contact: ContactRow | undefined;
  /** True if a write was refused because of the contact, which is then as the table has it. */
  readonly isContactConfirmed: boolean;
  readonly circuitBreaker: CircuitBreakerState;
  /** `paused`: when the CRM may be called again. */
  readonly notBeforeMs: number;
  readonly owner: string;
  readonly nowMs: number;
  readonly leaseExpiresAtMs: number;
  /** In [0, 1). */
  readonly chance: number;
  readonly limits: Limits;
}

/** Error of an event that was not tried because the CRM is down. */
export const CIRCUIT_BREAKER_OPEN = 'the circuit is open: the CRM is down, and was not called for this event';

const NO_RESULT = 'the last permitted attempt ended without a result';

type MayClaim = Extract<EventDecision, { kind: 'may_claim' }>;
type DeliverTask = Extract<Task, { kind: 'deliver' }>;

/**
 * The next step. A belief that turns out wrong costs a conditional write and leads back here with
 * the truth.
 */
export function decide(record: ParsedRecord, context: DecisionContext): Decision {
  const { owner, nowMs } = context;
  const orderingKeys = orderingDigestsOf(record);
  const { identity, fromQuarantine, quarantined, isRecovered, recoveries } = record;
  const { clockSkewMs } = context.limits;
  const message = { fromQuarantine, quarantined, isRecovered, recoveries };
  const claimContext = { identity, orderingKeys, owner, nowMs, clockSkewMs, ...message };
  const decision = decideEvent(context.row, claimContext);
  switch (decision.kind) {
    case 'may_claim':
      if (record.giveUp !== undefined) return abandon(record, record.giveUp, decision, context);
      return stepForClaimable(record, decision, context);
    case 'final':
      return { kind: 'acknowledge', because: decision.status };
    case 'waits_in_quarantine':
      return { kind: 'acknowledge', because: 'QUARANTINED' };
    case 'id_reused':
      return { kind: 'take_own_key' };
    case 'held':
      return waitForLease(record, context, decision.leaseExpiresAtMs, 'event in progress elsewhere');
    case 'not_due':
      return { kind: 'wait', delayMs: decision.nextAttemptAtMs - nowMs, why: 'next attempt not due', cause: 'not_due' };
    default:
      return decision satisfies never;
  }
}

function waitForLease(record: ParsedRecord, context: DecisionContext, leaseExpiresAtMs: number, why: string): Decision {
  const { receiveCount } = record.source.message;
  return {
    kind: 'wait',
    delayMs: heldDelayMs(context.limits, receiveCount, leaseExpiresAtMs - context.nowMs, context.chance),
    why,
    cause: 'in_progress',
  };
}

function stepForClaimable(record: ParsedRecord, claimable: MayClaim, context: DecisionContext): Decision {
  const { task } = record;
  const { limits, nowMs } = context;
  if (task.kind === 'unprocessable') return quarantine(record, claimable, context, task.reason, task.detail);
  if (claimable.carried.expiredLeases >= limits.poisonExpiredLeases) {
    const detail = `${claimable.carried.expiredLeases} attempts ended without a word`;
    return quarantine(record, claimable, context, 'poison', detail);
  }
  if (task.kind === 'ignore') return settleAs('IGNORED', record, claimable, context, []);
  const tooOld = problemWithAge(record, task, context);
  if (tooOld !== undefined) return quarantine(record, claimable, context, 'too_old', tooOld);
  const contact =
    task.contact === undefined
      ? ({ kind: 'free' } as const)
      : decideContact(context.contact, task.contact, context.owner, nowMs);
  return stepForContact(record, claimable, contact, context, task.userRows);
}

/**
 * Why the event is too old to be applied. A contact's row that has expired held only positions
 * older than every event that passes this check (`contactExpiry`): it decides as an absent row
 * does, deleted or not.
 */
function problemWithAge(
  { replayId }: ParsedRecord,
  { event, contact }: DeliverTask,
  { row, nowMs, limits }: DecisionContext,
): string | undefined {
  const ageMs = nowMs - event.timestampMs;
  // The row of a replay is as old as the replay, not as its event.
  if (replayId === undefined && row === undefined && ageMs > limits.finalRowTtlMs)
    return 'older than the time for which final events are remembered: a duplicate could not be told';
  if (contact !== undefined && ageMs > limits.contactRowTtlMs)
    return 'older than the time for which the order of a contact is remembered: a newer event may have been applied';
  return undefined;
}

function stepForContact(
  record: ParsedRecord,
  claimable: MayClaim,
  contact: ContactDecision,
  context: DecisionContext,
  userRows: readonly UserRowWrite[],
): Decision {
  const { limits, nowMs } = context;
  const { receiveCount, firstReceivedAtMs } = record.source.message;
  switch (contact.kind) {
    case 'free':
      if (context.circuitBreaker === 'open')
        return quarantine(record, claimable, context, 'circuit_open', CIRCUIT_BREAKER_OPEN);
      if (context.circuitBreaker === 'paused') {
        const delayMs = pauseDelayMs(context.notBeforeMs - nowMs, context.chance);
        return { kind: 'wait', delayMs, why: 'the CRM has asked for a pause', cause: 'throttled' };
      }
      // The last permitted attempt died, or could not be quarantined.
      if (claimable.carried.attempts >= limits.crmAttempts)
        return quarantine(record, claimable, context, 'retries_exhausted', context.row?.lastError ?? NO_RESULT);
      return claim(record, claimable, context);
    case 'overtaken':
      return settleAs('STALE', record, claimable, context, rowsOfOvertaken(record, context, userRows));
    case 'held':
      return waitForLease(record, context, contact.leaseExpiresAtMs, 'contact in progress elsewhere');
    case 'behind_newer': {
      if (nowMs - firstReceivedAtMs >= backoffTotalMs(limits)) {
        const detail = 'a newer event of the contact may have been applied, and has not been settled';
        return quarantine(record, claimable, context, 'behind_newer', detail);
      }
      return {
        kind: 'wait',
        delayMs: retryDelayMs(limits, receiveCount, context.chance),
        why: 'a newer event of the contact is unsettled',
        cause: 'behind_newer',
      };
    }
    default:
      return contact satisfies never;
  }
}

/**
 * Settles without a call. The contact no longer waits for the event, unless an attempt holds it
 * just now.
 */
function abandon(record: ParsedRecord, { by, why }: GiveUp, claimable: MayClaim, context: DecisionContext): Decision {
  const { nowMs, owner, limits } = context;
  const contact = record.task.kind === 'deliver' ? record.task.contact : undefined;
  const decision = contact && decideContact(context.contact, contact, owner, nowMs);
  if (decision?.kind === 'held')
    return waitForLease(record, context, decision.leaseExpiresAtMs, 'contact in progress elsewhere');
  const row = rowOf(record, claimable, context);
  const history = appendHistory(row.history, { atMs: nowMs, what: 'given_up', detail: `by ${by}: ${why}` });
  const settled = {
    kind: 'settle',
    expect: claimable.expect,
    row: finalRow({ ...row, history }, 'ABANDONED', nowMs, limits),
    userRows: [],
  } as const;
  // The read or cached contact may be out of date, and would then wait for ever: the write finds
  // out.
  const mayWait = !context.isContactConfirmed || context.contact?.unsettled === contact?.position;
  return contact !== undefined && mayWait ? { ...settled, givenUp: contact } : settled;
}

/**
 * Rows that an overtaken event may still write. If it is itself the newest that was applied, by a
 * replay or before its row expired, they have been written.
 */
function rowsOfOvertaken(
  { task }: ParsedRecord,
  { contact }: DecisionContext,
  userRows: readonly UserRowWrite[],
): readonly UserRowWrite[] {
  const rows = userRows.filter(cannotGoBack);
  const wasApplied = task.kind === 'deliver' && contact?.newest === task.contact?.position;
  return wasApplied ? rows.map((row) => ({ ...row, isReplay: true })) : rows;
}

/** True if the row may be written though a newer event of the contact has been applied. */
function cannotGoBack({ onlyIfAbsent, onlyIfNewer }: UserRowWrite): boolean {
  return onlyIfAbsent === true || onlyIfNewer === true;
}

function claim(record: ParsedRecord, claimable: MayClaim, context: DecisionContext): Decision {
  const { task } = record;
  const expiresAt = contactExpiry(context.nowMs, context.limits);
  const contact =
    task.kind === 'deliver' && task.contact !== undefined ? { contact: { ...task.contact, expiresAt } } : {};
  const row: EventRow = {
    ...rowOf(record, claimable, context),
    status: 'IN_PROGRESS',
    attempts: claimable.carried.attempts + 1,
    leaseExpiresAtMs: context.leaseExpiresAtMs,
    ...idempotencyKeyOf(record, context),
  };
  return {
    kind: 'claim',
    write: { eventKey: record.eventKey, expect: claimable.expect, row, nowMs: context.nowMs, ...contact },
  };
}

/**
 * A new key once for each redrive that asks for one, and one for each replay; then the same for
 * every attempt.
 */
function idempotencyKeyOf({ task, newKey, replayId }: ParsedRecord, { row, owner }: DecisionContext) {
  const isNew = newKey === true && row?.status === 'QUARANTINED';
  const suffix = isNew ? owner : replayId;
  if (!isNew && row?.idempotencyKey !== undefined) return { idempotencyKey: row.idempotencyKey };
  return suffix === undefined || task.event === undefined ? {} : { idempotencyKey: `${task.event.id}/${suffix}` };
}

function settleAs(
  status: FinalStatus,
  record: ParsedRecord,
  claimable: MayClaim,
  context: DecisionContext,
  userRows: readonly UserRowWrite[],
): Decision {
  const { task } = record;
  const because = status === 'IGNORED' && task.kind === 'ignore' ? { ignoreCause: task.cause } : {};
  const row = finalRow({ ...rowOf(record, claimable, context), ...because }, status, context.nowMs, context.limits);
  return { kind: 'settle', expect: claimable.expect, row, userRows };
}

function quarantine(
  record: ParsedRecord,
  claimable: MayClaim,
  context: DecisionContext,
  reason: QuarantineReason,
  detail: string,
): Decision {
  const { task } = record;
  const isBehind = reason === 'behind_newer' && task.kind === 'deliver' && task.contact !== undefined;
  const row = {
    ...quarantinedRow(rowOf(record, claimable, context), reason, detail, context.nowMs),
    ...(isBehind ? placeOf(task.contact) : {}),
    // The next attempt has it from here: the message comes back without its order for a new key.
    ...idempotencyKeyOf(record, context),
  };
  return { kind: 'settle', expect: claimable.expect, row, userRows: [] };
}

function placeOf({ position, isReplay }: ContactRef): ContactPlace {
  return isReplay === true ? { position, isReplay } : { position };
}

/** Fields of every row of an event, whatever its status. */
function rowOf(record: ParsedRecord, claimable: MayClaim, context: DecisionContext): Omit<EventRow, 'status'> {
  const { task } = record;
  const orderingKey = orderingDigestOf(record);
  return {
    owner: context.owner,
    identity: record.identity,
    ...claimable.carried,
    firstReceivedAtMs: claimable.firstReceivedAtMs ?? record.receivedAtMs,
    origin: record.origin,
    ...(task.event === undefined
      ? eventIdOf(record)
      : {
          eventId: task.event.id,
          eventType: task.event.type,
          fields: context.row?.fields ?? fieldDigests(task.event, record.digestKey),
          ...interactionOf(task.event),
        }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
  };
}

/** The id by which ingest logged a body that is no valid event. */
function eventIdOf({ source }: ParsedRecord): Pick<EventRow, 'eventId'> {
  const eventId = eventIdAttribute(source.message.attributes);
  return eventId === undefined ? {} : { eventId };
}

function interactionOf({ interaction, eventBody }: PipelineEvent): Pick<EventRow, 'interactionId'> {
  const interactionId = interaction?.id ?? eventBody?.conversationId;
  return isEventId(interactionId) ? { interactionId } : {};
}

/**
 * Time to live of a contact's row, claimed now. The claimed event's timestamp may be
 * `futureToleranceMs` ahead: an older event that is applied before it is too old finds the row, by
 * any clock, until its own claim has been written.
 */
function contactExpiry(nowMs: number, limits: Limits): number {
  const { contactRowTtlMs, futureToleranceMs, clockSkewMs, leaseMs } = limits;
  return Math.ceil((nowMs + contactRowTtlMs + futureToleranceMs + clockSkewMs + leaseMs) / 1_000);
}

/**
 * `row` as final. It outlasts the time from which on a duplicate is quarantined as `too_old`, which
 * counts from the event's timestamp: that may be ahead of now, and the clock that judges it behind.
 */
export function finalRow(row: Omit<EventRow, 'status'>, status: FinalStatus, nowMs: number, limits: Limits): EventRow {
  const { leaseExpiresAtMs: _lease, ...rest } = row;
  const { finalRowTtlMs, futureToleranceMs, clockSkewMs } = limits;
  const expiresAtMs = nowMs + finalRowTtlMs + futureToleranceMs + clockSkewMs;
  return { ...rest, status, settledAtMs: nowMs, expiresAt: Math.ceil(expiresAtMs / 1_000) };
}

/** `row` as quarantined. */
export function quarantinedRow(
  row: Omit<EventRow, 'status'>,
  reason: QuarantineReason,
  error: string,
  nowMs: number,
): EventRow {
  const { leaseExpiresAtMs: _lease, ...rest } = row;
  const lastError = truncateError(error);
  const history = appendHistory(rest.history, { atMs: nowMs, what: 'quarantined', detail: `${reason}: ${lastError}` });
  const firstError = rest.firstError ?? lastError;
  return { ...rest, status: 'QUARANTINED', settledAtMs: nowMs, reason, lastError, firstError, history: history };
}

/** `row` as failed now, to be tried again from `nextAttemptAtMs` on. */
export function failedRow(
  row: Omit<EventRow, 'status'>,
  error: string,
  nowMs: number,
  nextAttemptAtMs: number,
): EventRow {
  const { leaseExpiresAtMs: _lease, ...rest } = row;
  const lastError = truncateError(error);
  const history = appendHistory(rest.history, { atMs: nowMs, what: 'failed', detail: lastError });
  return {
    ...rest,
    status: 'FAILED',
    lastError,
    firstError: rest.firstError ?? lastError,
    history: history,
    nextAttemptAtMs,
  };
}
