/**
 * Mapping for Salesforce: a contact with its phone number, and one completed call task for each
 * conversation.
 */
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { text } from '../call-texts.ts';
import { customerMapping } from '../customer-events.ts';

const LAST_NAME_MAX = 80;

/** People rename contacts: a name is written only to a new one. */
export const crmMapping = customerMapping((address) => ({
  fields: isPhoneNumber(address) ? { Phone: address } : {},
  onCreate: { LastName: text(address, LAST_NAME_MAX) },
}));
