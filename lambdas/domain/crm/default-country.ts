/** National phone numbers, as trunks without international format give them. */
import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/min';
import type { CrmMapping } from './mapping.ts';

/** Digits and visual separators, without the `+` of an international number. */
const NATIONAL = /^[\d\s().\-/]+$/;

/** Shorter numbers are extensions and service numbers, which mean the same nowhere else. */
const DIGITS_MIN = 7;

/**
 * The address in E.164 if it is a phone number of `country` (ISO 3166-1 alpha-2) as it is dialled
 * there, otherwise the address itself.
 */
export function internationalAddress(address: string, country: string): string {
  if (!NATIONAL.test(address) || address.replace(/\D/g, '').length < DIGITS_MIN) return address;
  const number = parsePhoneNumberFromString(address, country as CountryCode);
  return number?.isPossible() === true ? number.number : address;
}

/**
 * A mapping that gets the event with its `contactAddress` in E.164, so that both spellings are one
 * contact.
 */
export function withDefaultCountry(mapping: CrmMapping, country: string): CrmMapping {
  return (event) =>
    mapping(
      event.contactAddress === undefined
        ? event
        : { ...event, contactAddress: internationalAddress(event.contactAddress, country) },
    );
}
