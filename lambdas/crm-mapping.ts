/**
 * What becomes of an event in the CRM. THIS FILE IS YOURS TO EDIT; nothing else has to change with it.
 *
 * A mapping is pure: no network, no clock. It is asked again for every delivery and every retry of an event,
 * and must give the same answer each time. It says, for an event:
 *
 * - `deliver`: an action for the CRM (`domain/crm/action.ts` has all kinds), and the ordering key. Events of one key are applied one at a time and never an
 *   older one over a newer one; events of different keys, and events without one (null), run side by side.
 *   One key per kind of data: two event types that write different fields need two keys, or the older of the
 *   two is dropped as stale although nothing has overwritten its field. Before a change of keys is deployed,
 *   let the queue run empty: an event that waits for its retry under another key is quarantined (`id_reused`).
 *   Events of one timestamp are ordered by `sequence`, if you give one, then by their ids.
 *   With `rows`, rows of your own are committed in the same transaction as the event's outcome: exactly once.
 *   Of an event that turns out stale, and is not sent to the CRM, only rows with `onlyIfAbsent` or `onlyIfNewer`
 *   are written: any other could replace the row of a newer event.
 * - `ignore`: acknowledged, recorded as IGNORED, counted by `cause` (`event_type`, `no_address`, `withheld`, `other`).
 * - `invalid`: quarantined as `invalid_event` with your reason, which must not quote the event's data.
 */
import type { CrmMapping, MappingResult } from './domain/crm/mapping.ts';
import type { PipelineEvent } from './domain/event/event.ts';

/** The longest phone number or address that the CRM is sent. */
const ADDRESS_MAX = 256;

/** The partner bus's events that set a contact's last call. Others have to be let through by the bus, too (`partnerTopics`). */
const CUSTOMER_EVENTS: readonly string[] = [
  'v2.detail.events.conversation.{id}.customer.start',
  'v2.detail.events.conversation.{id}.customer.end',
];

/** What each way in makes of its events. The same contact's events share an ordering key, whichever way they came. */
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

/** Whether the caller withholds the number: there is an address, but it identifies no contact. */
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
