/** One action of each kind, as the shipped mappings make them. */
import type { CrmFields, LogCall, UpsertContact } from '../../lambdas/domain/crm/action.ts';

/** A call of 63 seconds. */
export const CALL: LogCall = {
  kind: 'log-call',
  conversationId: 'c-42',
  contact: 'p15550100',
  startedAt: '2026-11-26T12:00:00+02:00',
  durationMs: 63_000,
  direction: 'inbound',
  from: '+15550100',
  to: '+15550199',
  outcome: 'connected',
  queue: 'Support',
};

/** Description of a call. */
export const DESCRIPTION = [
  'Inbound call, 63 s',
  'From: +15550100',
  'To: +15550199',
  'Outcome: connected',
  'Queue: Support',
  'Conversation: c-42',
].join('\n');

/** An upsert of the contact that has called. */
export function upsert(fields: CrmFields, onCreate?: CrmFields): UpsertContact {
  return { kind: 'upsert-contact', key: 'p15550100', fields, ...(onCreate === undefined ? {} : { onCreate }) };
}
