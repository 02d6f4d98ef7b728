/** Outcomes of events in the state table. */
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { isAutomatic, isQuarantineReason } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';

/** The part of a row that says how its event ended. */
export type EventOutcome = Pick<EventRow, 'status' | 'reason' | 'failedBy' | 'settledAtMs'>;

/**
 * True for an event in quarantine that recovery returns once the CRM works again. The others wait
 * for a person.
 */
export function waitsForCrm(outcome: EventOutcome | undefined): boolean {
  const { status, reason, failedBy } = outcome ?? {};
  return status === 'QUARANTINED' && isQuarantineReason(reason) && isAutomatic(reason) && failedBy !== 'record';
}

/** True if nothing more happens to the event without a person. */
export function isDone(outcome: EventOutcome | undefined): outcome is EventOutcome {
  if (outcome === undefined || waitsForCrm(outcome)) return false;
  return outcome.status !== 'IN_PROGRESS' && outcome.status !== 'FAILED';
}
