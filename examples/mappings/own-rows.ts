/** Keeps a row for each interaction and one for each contact, besides the call of the CRM. */
import type { CrmMapping } from 'genesys-crm-pipeline/mapping';

export const crmMapping: CrmMapping = ({ id, type, contactAddress, timestamp }) => {
  if (!type.startsWith('interaction.')) return { kind: 'ignore', cause: 'event_type' };
  if (contactAddress === undefined) return { kind: 'ignore', cause: 'no_address' };
  return {
    kind: 'deliver',
    action: { kind: 'request', method: 'POST', path: '/interactions', body: { id, phone: contactAddress, timestamp } },
    orderingKey: contactAddress,
    rows: [
      // Written exactly once, also for an event that turns out stale.
      { key: `interaction/${id}`, item: { type, at: timestamp }, onlyIfAbsent: true },
      // Never replaced by an older event.
      { key: `contact/${contactAddress}`, item: { lastInteraction: id }, onlyIfNewer: true },
    ],
  };
};
