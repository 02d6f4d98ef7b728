/** Sets the last call of a contact in an API that answers 200 with an error inside. */
import type { CrmMapping, ResponseRule } from 'genesys-crm-pipeline/mapping';

export const crmMapping: CrmMapping = ({ type, contactAddress, timestamp }) => {
  if (!type.startsWith('interaction.')) return { kind: 'ignore', cause: 'event_type' };
  if (contactAddress === undefined) return { kind: 'ignore', cause: 'no_address' };
  return {
    kind: 'deliver',
    action: {
      kind: 'request',
      method: 'PUT',
      path: `/customers/${encodeURIComponent(contactAddress)}/last-call`,
      body: { at: timestamp },
    },
    orderingKey: contactAddress,
  };
};

export const responseRules: readonly ResponseRule[] = [
  { outcome: 'conflict', status: [200], body: [{ pointer: '/error/code', value: 'LOCKED' }] },
  { outcome: 'permanent', status: [200], body: [{ pointer: '/error' }] },
];
