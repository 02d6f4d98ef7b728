/** Mapping for Zendesk: an end user with the phone number, and one ticket for each conversation. */
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { customerMapping } from '../customer-events.ts';

/**
 * Each phone number that is written becomes a further identity of the user: it is written only to a
 * new one.
 */
export const crmMapping = customerMapping((address) => ({
  fields: {},
  onCreate: {
    name: address,
    ...(isPhoneNumber(address) ? { phone: address } : {}),
    role: 'end-user',
    skip_verify_email: true,
  },
}));
