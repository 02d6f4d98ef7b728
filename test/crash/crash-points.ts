/**
 * The points at which a function's process is killed, each seen from outside by a call that it
 * makes. A call is known by its content; which point an event dies at is in its id, so that a run
 * can have all of them at once.
 */

/** A call of a function to one of the servers. */
export type CallKind =
  | 'claim'
  | 'crm_call'
  /** Second request of an action that makes three. */
  | 'second_crm_request'
  | 'third_crm_request'
  | 'settle'
  | 'settle_quarantined'
  | 'send_to_delivery'
  | 'send_to_quarantine'
  | 'redrive_send'
  | 'delete';

/** When, in the course of a call, the process dies. */
export type Moment =
  /** The call has come; the server never sees it. */
  | 'before'
  /** The server has it, and nobody waits for its answer. */
  | 'meanwhile'
  /** The server has carried it out; the answer never arrives. */
  | 'after'
  /** The answer has arrived, the function has returned, and what it returned is lost. */
  | 'returned';

/** One point. */
export interface CrashPoint {
  /** Begins the ids of the events that die here. */
  readonly name: string;
  readonly what: string;
  readonly call: CallKind;
  readonly moment: Moment;
  /** Required end of the event. */
  readonly ends: 'applied' | 'quarantined';
  /** CRM calls for the event if the kill is the only fault. */
  readonly crmCalls: 0 | 1 | 2;
  /** Why it is quarantined, where it is: the CRM rejects it, or it has no address to begin with. */
  readonly flaw?: 'rejected' | 'invalid';
  /** Rejected and quarantined in peace, then redriven: that is where it dies, ten with one kill. */
  readonly redriven?: true;
}

/** The protocol from the sender's request to the acknowledgement, in order. */
export const CRASH_POINTS: readonly CrashPoint[] = [
  point('ingest-before-send', 'ingest, before the send to SQS', 'send_to_delivery', 'before', 1),
  point('ingest-after-send', 'ingest, after the send, its answer lost', 'send_to_delivery', 'after', 1),
  point('before-claim', 'before the claim', 'claim', 'before', 1),
  point('during-claim', 'claim carried out, its answer lost', 'claim', 'after', 1),
  point('after-claim', 'after the claim, before the CRM has the call', 'crm_call', 'before', 1),
  point('during-crm-call', 'during the CRM call', 'crm_call', 'meanwhile', 2),
  point('after-crm-answer', 'after the CRM’s answer, before the settle', 'settle', 'before', 2),
  point('during-settle', 'settle carried out, its answer lost', 'settle', 'after', 1),
  point('after-settle', 'after the settle, before the acknowledgement', 'settle', 'returned', 1),
  {
    ...point(
      'quarantine-before-send',
      'rejected by the CRM, before the send to quarantine',
      'send_to_quarantine',
      'before',
      2,
    ),
    ends: 'quarantined',
    flaw: 'rejected',
  },
  {
    ...point(
      'quarantine-before-settle',
      'after the send to quarantine, before the settle',
      'settle_quarantined',
      'before',
      2,
    ),
    ends: 'quarantined',
    flaw: 'rejected',
  },
  {
    ...point('quarantine-unclaimed', 'the same of an event that was never claimed', 'settle_quarantined', 'before', 0),
    ends: 'quarantined',
    flaw: 'invalid',
  },
  {
    ...point('quarantine-after-settle', 'quarantined, before the acknowledgement', 'settle_quarantined', 'returned', 1),
    ends: 'quarantined',
    flaw: 'rejected',
  },
  redrivePoint('redrive-before-send', 'redriving, before the send', 'redrive_send', 'before'),
  redrivePoint('redrive-before-delete', 'redriving, after the send, before the delete', 'delete', 'before'),
  redrivePoint('redrive-during-delete', 'redriving, deleted, the answer lost', 'delete', 'after'),
];

/** Between the three requests of one action: contact, call, and the link between them. */
export const REQUEST_POINTS: readonly CrashPoint[] = [
  point('requests-after-first', 'after the first request, before the second', 'second_crm_request', 'before', 2),
  point('requests-during-second', 'during the second request', 'second_crm_request', 'meanwhile', 2),
  point('requests-after-second', 'after the second request, its answer lost', 'second_crm_request', 'after', 2),
  point(
    'requests-before-third',
    'after the answer of the second request, before the third',
    'third_crm_request',
    'before',
    2,
  ),
  point('requests-after-third', 'after the third request, its answer lost', 'third_crm_request', 'after', 2),
];

function point(name: string, what: string, call: CallKind, moment: Moment, crmCalls: 0 | 1 | 2): CrashPoint {
  return { name, what, call, moment, ends: 'applied', crmCalls };
}

/** The CRM is called before the redrive, and after it. */
function redrivePoint(name: string, what: string, call: CallKind, moment: Moment): CrashPoint {
  return { ...point(name, what, call, moment, 2), redriven: true };
}

/** The point at which the event of this id dies, if any. */
export function pointOf(eventId: string): CrashPoint | undefined {
  const [name] = eventId.split('.', 1);
  return [...CRASH_POINTS, ...REQUEST_POINTS].find((point) => point.name === name);
}
