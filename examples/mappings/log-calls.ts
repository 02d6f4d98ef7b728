/** Logs each call of the partner event bus in Salesforce, with the queue in a field of your own. */
import { type CrmMapping, contactKeyFrom } from 'genesys-crm-pipeline/mapping';

const CUSTOMER_END = 'v2.detail.events.conversation.{id}.customer.end';

export const crmMapping: CrmMapping = ({ type, contactAddress, eventBody = {}, timestampMs }) => {
  const { conversationId, direction, interactingDurationMs, queueId } = eventBody;
  if (type !== CUSTOMER_END) return { kind: 'ignore', cause: 'event_type' };
  if (contactAddress === undefined) return { kind: 'ignore', cause: 'no_address' };
  if (typeof conversationId !== 'string') return { kind: 'invalid', reason: 'eventBody.conversationId: is missing' };
  const durationMs = typeof interactingDurationMs === 'number' ? Math.round(interactingDurationMs) : 0;
  const isInbound = direction === 'INBOUND';
  return {
    kind: 'deliver',
    action: {
      kind: 'log-call',
      conversationId,
      contact: contactKeyFrom(contactAddress),
      startedAt: new Date(timestampMs - durationMs).toISOString(),
      durationMs,
      direction: isInbound ? 'inbound' : 'outbound',
      ...(isInbound ? { from: contactAddress } : { to: contactAddress }),
      fields: { Genesys_Queue__c: typeof queueId === 'string' ? queueId : null },
    },
    // Not the contact: a newer call must not make this one stale.
    orderingKey: `conversation/${conversationId}`,
  };
};
