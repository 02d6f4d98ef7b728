/** Faults. Kinds are rationed, so that a driver decides how much of each there is. */

/** A kind of fault, and what a report calls it. */
export const FAULTS = {
  crash: 'an environment died',
  response_lost: 'a write was done and its response lost',
  throttled: 'a request was not done (throttling, conflict, timeout)',
  lands_late: 'a write was done after its caller had given up',
  stale_read: 'a read was older than the last write',
  crm_failed: 'the CRM failed without a change',
  crm_unknown: 'the CRM did not answer, or applied and then failed',
  crm_refused: 'the CRM refused an event for good',
  token_expired: 'the CRM accepted another token only',
  received_twice: 'a message came while somebody worked on it',
  came_back: 'a deleted message came once more',
  sent_again: 'the sender delivered an event once more',
  redriven: 'a message was redriven',
  given_up: 'a person gave an event up',
  secret_rotated: 'the stream secret was rotated',
  row_expired: 'a final row was deleted after its time to live',
  contact_expired: 'the row of a contact was deleted after its time to live',
  frozen: 'all environments stood still for long between two invocations',
  // These come about by what the driver lets happen, and are only counted.
  crm_slow: 'the CRM took a second or more',
  visibility_ended: 'a message came back because nobody had answered for it in time',
  dead_lettered: 'SQS moved a message to quarantine that had come too often',
  recovery_run: 'recovery looked through quarantine',
  refresh_run: 'quarantine was refreshed',
  redrive_run: 'quarantine was redriven by the function',
  circuit_opened: 'the circuit opened',
  circuit_probed: 'the open circuit was probed',
  circuit_closed: 'a probe closed the circuit',
} as const;

/** A kind of fault. */
export type Fault = keyof typeof FAULTS;

/** Remaining number of faults of each kind. */
export type Rations = Record<Fault, number>;

/** Nothing may go wrong. */
export function noFaults(): Rations {
  return Object.fromEntries(Object.keys(FAULTS).map((fault) => [fault, 0])) as Rations;
}
