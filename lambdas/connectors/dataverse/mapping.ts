/**
 * Mapping for Dynamics 365: a contact with its phone number, and one completed phone call for each
 * conversation.
 */
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { text } from '../call-texts.ts';
import { customerMapping } from '../customer-events.ts';

const LAST_NAME_MAX = 50;

/** People rename contacts: a name is written only to a new one. */
export const crmMapping = customerMapping((address) => ({
  fields: isPhoneNumber(address) ? { telephone1: address } : {},
  onCreate: { lastname: text(address, LAST_NAME_MAX) },
}));
