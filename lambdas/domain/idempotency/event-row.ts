/**
 * The row of an event, and the rules by which an attempt may take it.
 *
 * The rules are here, and only here: the DynamoDB adapter and the in-memory fake both carry out
 * what these functions decide. A row's version is (status, owner): every write of an event row
 * either gives it a new owner or moves it out of IN_PROGRESS, so that a write conditional on both
 * is a compare-and-swap of the row.
 */

import type { IgnoreCause } from '../crm/mapping.ts';
import { appendHistory, type HistoryEntry } from './history.ts';

/** States of an event. The last four are final; ABANDONED: a person has given the event up. */
export type EventStatus = 'IN_PROGRESS' | 'FAILED' | 'QUARANTINED' | FinalStatus;

/** Statuses that nothing leaves. */
export type FinalStatus = 'COMPLETED' | 'STALE' | 'IGNORED' | 'ABANDONED';

/** True if the status is final. */
export function isFinal(status: EventStatus): status is FinalStatus {
  return status === 'COMPLETED' || status === 'STALE' || status === 'IGNORED' || status === 'ABANDONED';
}

/** Why an event waits in quarantine. */
export type QuarantineReason =
  | 'retries_exhausted'
  | 'crm_rejected'
  | 'crm_ambiguous'
  | 'circuit_open'
  | 'invalid_event'
  | 'mapping_failed'
  | 'id_reused'
  | 'too_old'
  | 'behind_newer'
  | 'rows_rejected'
  | 'poison'
  /** SQS itself moved the message, which had come too often. */
  | 'dead_lettered';

/** Subject of the failures: the CRM as a whole, or one record. */
export type FailedBy = 'crm' | 'record';

/**
 * One event's row. Times are epoch milliseconds but for `expiresAt`, which DynamoDB wants in
 * seconds.
 */
export interface EventRow {
  readonly status: EventStatus;
  /**
   * The attempt that wrote the row last. Never removed, so that a lost response is recognised as
   * one's own success.
   */
  readonly owner: string;
  /** Digest of what must not change between deliveries of one event: its type and timestamp. */
  readonly identity: string;
  /** End of the owner's lease; IN_PROGRESS only. */
  readonly leaseExpiresAtMs?: number;
  /** CRM calls begun since the event last left quarantine. */
  readonly attempts: number;
  /** Leases that ran out since the event last left quarantine. */
  readonly expiredLeases: number;
  /**
   * Earliest time of the next claim. QUARANTINED: set only if the last call may still be running.
   */
  readonly nextAttemptAtMs?: number;
  readonly firstReceivedAtMs: number;
  /** When the event became final or was quarantined. */
  readonly settledAtMs?: number;
  readonly reason?: QuarantineReason;
  readonly lastError?: string;
  /** First error, whatever happened later. */
  readonly firstError?: string;
  /** Earlier steps, oldest first; absent if nothing went wrong. */
  readonly history?: readonly HistoryEntry[];
  /**
   * `fieldDigests` of the delivery that was worked on first: a duplicate with other content is
   * dropped with a warning.
   */
  readonly fields?: string;
  /** Source of the event: the envelope's `source`, the partner bus, or by hand. */
  readonly origin?: string;
  readonly eventId?: string;
  readonly eventType?: string;
  /** Id of the interaction or conversation. */
  readonly interactionId?: string;
  /**
   * Digest of the ordering key in the name of the contact's row that the last attempt used: part of
   * the identity. Absent where the mapping gave none, or failed (a fixed mapping may give one), and
   * after an erasure.
   */
  readonly orderingKey?: string;
  /**
   * Number of redrives by a person. `circuit_open` does not count: it says nothing about the event.
   */
  readonly redrives: number;
  /** Number of returns by recovery; absent: none. */
  readonly recoveries?: number;
  /**
   * `retries_exhausted` only: whether the CRM as a whole failed, or this one record is locked or in
   * conflict.
   */
  readonly failedBy?: FailedBy;
  /** With which the CRM is called instead of the event's id: a person has asked for a new one. */
  readonly idempotencyKey?: string;
  /** IGNORED only. */
  readonly ignoreCause?: IgnoreCause;
  /** `behind_newer` only: its position in the order of its contact, and if a replay has sent it. */
  readonly position?: string;
  readonly isReplay?: true;
  /** Time to live, epoch seconds; final rows only. */
  readonly expiresAt?: number;
}

/** The longest error that is kept, in UTF-16 code units. */
const LAST_ERROR_MAX = 1_000;

/**
 * An error as it is kept: not too long, and without the half of a surrogate pair, which DynamoDB
 * would refuse.
 */
export function truncateError(error: string): string {
  return error.slice(0, LAST_ERROR_MAX).toWellFormed();
}

/** The version of an event row that a write relies on: absent, or this status and owner. */
export type ExpectedRow = 'absent' | { readonly status: EventStatus; readonly owner: string };

/** Facts about the attempt for the claim rules. */
export interface ClaimContext {
  readonly identity: string;
  /** Every digest that a row of this event may have; empty without an ordering key. */
  readonly orderingKeys: readonly string[];
  readonly owner: string;
  readonly nowMs: number;
  /** True if this message has been in quarantine (it has the `quarantine` attribute). */
  readonly fromQuarantine: boolean;
  /** Reason and time in its note, as far as they can be read. */
  readonly quarantined?: { readonly as: QuarantineReason; readonly atMs: number | undefined } | undefined;
  /** Two clocks differ by less. */
  readonly clockSkewMs: number;
  /** True if recovery has sent this message back, not a person. */
  readonly isRecovered: boolean;
  /** Returns by recovery that the message's note counts; 0 without a note. */
  readonly recoveries: number;
}

/** Decision on an event, given its row. */
export type EventDecision =
  | {
      readonly kind: 'may_claim';
      readonly expect: ExpectedRow;
      /** Counters to go on from; `attempts` does not count the attempt about to begin. */
      readonly carried: Pick<
        EventRow,
        'attempts' | 'expiredLeases' | 'redrives' | 'recoveries' | 'firstError' | 'history'
      >;
      readonly firstReceivedAtMs?: number;
    }
  | { readonly kind: 'final'; readonly status: FinalStatus }
  | { readonly kind: 'held'; readonly leaseExpiresAtMs: number }
  | { readonly kind: 'not_due'; readonly nextAttemptAtMs: number }
  | { readonly kind: 'waits_in_quarantine' }
  | { readonly kind: 'id_reused' };

/**
 * Decides whether the attempt may take the event. `row` is what the table is believed to hold:
 * where it allows a claim, the write is conditional on that very version, so that a stale belief
 * costs a try and no more.
 */
export function decideEvent(row: EventRow | undefined, context: ClaimContext): EventDecision {
  // The larger count: a row may be missing its last returns, because they ended before a write.
  const counted = (byRow: number) => {
    const recoveries = Math.max(byRow, context.recoveries);
    return recoveries === 0 ? {} : { recoveries };
  };
  if (row === undefined) {
    const carried = { attempts: 0, expiredLeases: 0, redrives: 0, ...counted(0) };
    return { kind: 'may_claim', expect: 'absent', carried };
  }
  if (!isSameEvent(row, context)) return { kind: 'id_reused' };
  const expect: ExpectedRow = { status: row.status, owner: row.owner };
  const { attempts, expiredLeases, redrives, firstReceivedAtMs } = row;
  const kept = {
    ...(row.firstError === undefined ? {} : { firstError: row.firstError }),
    ...(row.history === undefined ? {} : { history: row.history }),
    ...counted(row.recoveries ?? 0),
  };
  switch (row.status) {
    case 'COMPLETED':
    case 'STALE':
    case 'IGNORED':
    case 'ABANDONED':
      // Also where its time to live has passed but DynamoDB has not deleted it yet: that it was
      // settled stays true.
      return { kind: 'final', status: row.status };
    case 'IN_PROGRESS': {
      const leaseExpiresAtMs = row.leaseExpiresAtMs ?? 0;
      if (leaseExpiresAtMs > context.nowMs) return { kind: 'held', leaseExpiresAtMs };
      const history = appendHistory(row.history, { atMs: leaseExpiresAtMs, what: 'lease_expired' });
      const carried = { ...kept, history, attempts, expiredLeases: expiredLeases + 1, redrives };
      return { kind: 'may_claim', expect, carried, firstReceivedAtMs };
    }
    case 'FAILED': {
      const nextAttemptAtMs = row.nextAttemptAtMs ?? 0;
      if (nextAttemptAtMs > context.nowMs) return { kind: 'not_due', nextAttemptAtMs };
      const carried = { ...kept, attempts, expiredLeases, redrives };
      return { kind: 'may_claim', expect, carried, firstReceivedAtMs };
    }
    case 'QUARANTINED': {
      // A replay of a captured delivery must not take its event out of quarantine without a
      // redrive.
      if (!context.fromQuarantine) return { kind: 'waits_in_quarantine' };
      if (row.reason === 'too_old' && isEarlierCopy(row, context)) return { kind: 'waits_in_quarantine' };
      const nextAttemptAtMs = row.nextAttemptAtMs ?? 0;
      if (nextAttemptAtMs > context.nowMs) return { kind: 'not_due', nextAttemptAtMs };
      const history = appendHistory(row.history, { atMs: context.nowMs, what: 'redriven' });
      if (context.isRecovered) {
        // An event that has failed every call gets one more each time: it may be the event that
        // fails.
        const left = Math.max(0, row.reason === 'retries_exhausted' ? attempts - 1 : attempts);
        const recovered = counted((row.recoveries ?? 0) + 1);
        const carried = { ...kept, history, attempts: left, expiredLeases, redrives, ...recovered };
        return { kind: 'may_claim', expect, carried, firstReceivedAtMs };
      }
      // An event that was not tried has spent nothing, and earns nothing: what it failed before
      // still counts.
      const wasTried = row.reason !== 'circuit_open';
      const carried = {
        ...kept,
        history,
        attempts: wasTried ? 0 : attempts,
        expiredLeases: wasTried ? 0 : expiredLeases,
        redrives: redrives + (wasTried ? 1 : 0),
      };
      return { kind: 'may_claim', expect, carried, firstReceivedAtMs };
    }
    default:
      return row.status satisfies never;
  }
}

/**
 * True for a copy that was quarantined before the row, for another reason: nobody has judged
 * whether the event was applied in the time that is forgotten. A copy that is newer than the row is
 * the event's only message where the write of its row has not landed yet.
 */
function isEarlierCopy({ reason, settledAtMs = 0 }: EventRow, { quarantined, clockSkewMs }: ClaimContext): boolean {
  if (quarantined === undefined || quarantined.as === reason || quarantined.atMs === undefined) return false;
  return quarantined.atMs + clockSkewMs < settledAtMs;
}

/** True if a row is of the event that came under its id: another event may have reused the id. */
function isSameEvent(row: EventRow, context: ClaimContext): boolean {
  if (row.identity !== context.identity) return false;
  const { orderingKeys } = context;
  return row.orderingKey === undefined || orderingKeys.length === 0 || orderingKeys.includes(row.orderingKey);
}
