/**
 * The one table of reasons for quarantine: what each means, when recovery takes an event back, what
 * a person does. Recovery, page, commands and docs/quarantine.md read it.
 */
import type { QuarantineReason } from '../idempotency/event-row.ts';

/**
 * When recovery takes an event back:
 * - `circuit_closed`: once the circuit breaker is closed.
 * - `crm_works`: once a CRM call has succeeded since. With no traffic one event is sent back as a
 *   trial.
 * - `newer_settled`: once the newer event is final, or known not to have been applied; or the event
 *   is too old, which the processor then records.
 * - `table_works`: once the state table answers; a few times at most.
 * - `never`: a person decides.
 */
export type Recovery = 'circuit_closed' | 'crm_works' | 'newer_settled' | 'table_works' | 'never';

/** Properties of a reason. */
export interface ReasonSpec {
  /** A heading. */
  readonly title: string;
  readonly meaning: string;
  readonly recovery: Recovery;
  /** When events with this reason return automatically, in words. */
  readonly returns: string;
  /** Steps for a person, in one or two sentences. */
  readonly next: string;
}

/** All reasons. */
export const QUARANTINE_REASONS = {
  circuit_open: {
    title: 'The CRM was down',
    meaning: 'the circuit breaker was open: the CRM was not called',
    recovery: 'circuit_closed',
    returns: 'when the circuit breaker has closed',
    next: 'Wait. These return automatically, within minutes of the CRM’s recovery.',
  },
  retries_exhausted: {
    title: 'Every attempt failed',
    meaning: 'every permitted CRM call failed',
    recovery: 'crm_works',
    returns: 'when a CRM call has succeeded, if it failed because of the CRM as a whole; not after 409 or 423',
    next: 'Read the last error. If the CRM as a whole failed, fix that; these return automatically. If one record is locked or in conflict, fix the record, then redrive.',
  },
  behind_newer: {
    title: 'Behind a newer event',
    meaning: 'a newer event of the contact may have been applied, and was not settled in time',
    recovery: 'newer_settled',
    returns: 'when the newer event is final, or was not applied',
    next: 'Find the newer event of the contact. If it is in quarantine, redrive it or give it up; this one then returns automatically.',
  },
  crm_rejected: {
    title: 'The CRM refused it',
    meaning: 'the CRM refused the event',
    recovery: 'never',
    returns: 'no',
    next: 'Read what the CRM said. Fix the data in the CRM, or the mapping, then redrive.',
  },
  crm_ambiguous: {
    title: 'Several records match',
    meaning: 'several records of the CRM match, and none was chosen',
    recovery: 'never',
    returns: 'no',
    next: 'The last error names the candidates. Merge them in the CRM, or give one of them the key, then redrive.',
  },
  invalid_event: {
    title: 'Not a valid event',
    meaning: 'the body violates the event schema, or the mapping calls it invalid',
    recovery: 'never',
    returns: 'no',
    next: 'Send the last error to the sender. A redrive helps only after the mapping or the schema has changed.',
  },
  mapping_failed: {
    title: 'The mapping failed',
    meaning: 'the mapping threw, or returned what cannot be sent or stored',
    recovery: 'never',
    returns: 'no',
    next: 'Fix the mapping, deploy, then redrive.',
  },
  rows_rejected: {
    title: 'A row of the mapping was refused',
    meaning: 'a row of the mapping existed already, or cannot be stored',
    recovery: 'never',
    returns: 'no',
    next: 'The last error says which of the two. Remove the row, or change the mapping, then redrive. The CRM may have the event.',
  },
  id_reused: {
    title: 'Its id belongs to another event',
    meaning: 'another event has this id',
    recovery: 'never',
    returns: 'no',
    next: 'Ask the sender why one id stands for two events. After a change of ordering keys, redrive under the old mapping.',
  },
  too_old: {
    title: 'Too old to recognise a duplicate or its order',
    meaning: 'older than final events (45 days) or the order of its contact (400 days) are remembered',
    recovery: 'never',
    returns: 'no',
    next: 'An old capture was sent again. Give it up, unless you know that the CRM never had it; then redrive. After 400 days a redrive returns here: give it up.',
  },
  poison: {
    title: 'It ends our processes',
    meaning: 'attempts on it ended without a result, several times',
    recovery: 'never',
    returns: 'no',
    next: 'Look for memory and timeouts in the processor’s log at these times. Fix the cause, then redrive.',
  },
  dead_lettered: {
    title: 'Received too often',
    meaning: 'SQS moved the message to quarantine after too many receives',
    recovery: 'table_works',
    returns: 'when the state table answers, up to five times',
    next: 'Look at the processor’s errors and throttles at that time. What stays here has returned five times, or is too long for a note that counts: fix the cause, then redrive.',
  },
} as const satisfies Readonly<Record<QuarantineReason, ReasonSpec>>;

/** True if recovery takes back events with this reason. */
export function isAutomatic(reason: QuarantineReason): boolean {
  return QUARANTINE_REASONS[reason].recovery !== 'never';
}

/** True if `text` is one of the reasons. */
export function isQuarantineReason(text: unknown): text is QuarantineReason {
  return typeof text === 'string' && Object.hasOwn(QUARANTINE_REASONS, text);
}
