/** Why events wait in quarantine, what each reason means, and which of them outlast an outage of the CRM. */
import type { QuarantineReason } from '../idempotency/event-row.ts';

/**
 * When recovery takes an event back by itself: always; where the event was quarantined during an outage; once the
 * newer event that it waits for is final; or never, because a person has to decide.
 */
export type Recovery = 'always' | 'after_outage' | 'when_newer_is_final' | 'never';

/** What is to be known of a reason. */
export interface ReasonSpec {
  readonly recovery: Recovery;
  readonly about: string;
}

/** All reasons. */
export const QUARANTINE_REASONS = {
  circuit_open: { recovery: 'always', about: 'the circuit was open: the CRM was not called' },
  retries_exhausted: { recovery: 'after_outage', about: 'every permitted CRM call failed' },
  behind_newer: {
    recovery: 'when_newer_is_final',
    about: 'a newer event of the contact may have been applied, and was not settled in time',
  },
  crm_rejected: { recovery: 'never', about: 'the CRM refused the event' },
  crm_ambiguous: { recovery: 'never', about: 'several records of the CRM match, and none was chosen' },
  invalid_event: { recovery: 'never', about: 'the body violates the event schema, or the mapping calls it invalid' },
  mapping_failed: { recovery: 'never', about: 'the mapping threw, or gave what cannot be sent or stored' },
  rows_rejected: { recovery: 'never', about: 'a row of the mapping was there already, or cannot be stored' },
  id_reused: { recovery: 'never', about: 'another event has this id' },
  too_old: { recovery: 'never', about: 'older than final events are remembered: a duplicate could not be told' },
  poison: { recovery: 'never', about: 'attempts on it ended without a word, time and again' },
  dead_lettered: { recovery: 'never', about: 'SQS itself moved the message, which had come too often' },
} as const satisfies Readonly<Record<QuarantineReason, ReasonSpec>>;

/** Whether `text` is one of the reasons. */
export function isQuarantineReason(text: unknown): text is QuarantineReason {
  return typeof text === 'string' && Object.hasOwn(QUARANTINE_REASONS, text);
}
