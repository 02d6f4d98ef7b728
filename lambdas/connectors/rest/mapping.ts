/** Mapping for a REST API: each event sets the last call of its contact. */
import type { CrmMapping, MappingResult } from '../../domain/crm/mapping.ts';
import type { PipelineEvent } from '../../domain/event/event.ts';

/** The longest phone number or address that the CRM is sent. */
const ADDRESS_MAX = 256;

/**
 * The partner bus's events that set a contact's last call. Others have to be let through by the
 * bus, too (`partnerTopics`).
 */
const CUSTOMER_EVENTS: readonly string[] = [
  'v2.detail.events.conversation.{id}.customer.start',
  'v2.detail.events.conversation.{id}.customer.end',
];

/**
 * Maps the events of each source. Events of one contact share an ordering key, whatever their
 * source.
 */
export const crmMapping: CrmMapping = (event) => {
  switch (event.source) {
    case 'genesys-webhook':
      if (!event.type.startsWith('interaction.')) return { kind: 'ignore', cause: 'event_type' };
      return isWithheld(event) ? { kind: 'ignore', cause: 'withheld' } : lastCall(event, 'interaction.to');
    case 'genesys-partner-bus': {
      if (!CUSTOMER_EVENTS.includes(event.type)) return { kind: 'ignore', cause: 'event_type' };
      if (event.contactAddress === undefined) return { kind: 'ignore', cause: 'no_address' };
      return lastCall(event, 'the customer’s address');
    }
    case 'genesys-open-messaging':
      return { kind: 'ignore', cause: 'event_type' };
    default:
      return event.source satisfies never;
  }
};

/** True if the caller withholds the number: there is an address, but it identifies no contact. */
function isWithheld({ contactAddress, interaction }: PipelineEvent): boolean {
  return contactAddress === undefined && typeof interaction?.to === 'string' && interaction.to !== '';
}

function lastCall(event: PipelineEvent, addressField: string): MappingResult {
  const phone = event.contactAddress;
  if (phone === undefined || phone.length > ADDRESS_MAX) {
    return { kind: 'invalid', reason: `${addressField}: must be a string of 1 to ${ADDRESS_MAX} characters` };
  }
  return {
    kind: 'deliver',
    action: {
      kind: 'request',
      method: 'POST',
      path: '/api/v1/contacts',
      body: { phone, lastCallTimestamp: event.timestamp },
    },
    orderingKey: phone,
  };
}
