/** Mapping for HubSpot: a contact with its phone number, and one call for each conversation. */
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { customerMapping } from '../customer-events.ts';

/** HubSpot shows a contact by its phone number if it has no name. */
export const crmMapping = customerMapping((address) =>
  isPhoneNumber(address) ? { fields: { phone: address } } : { fields: {}, onCreate: { lastname: address } },
);
