/** Keys of contacts, made from addresses. */
import { hash } from 'node:crypto';

/**
 * The value of the CRM's unique field for an address: letters and digits, which every CRM takes in
 * a URL and in a text field. `p` and the digits of an international number, `n` and the digits of
 * another number, `a` and a digest of any other address.
 */
export function contactKeyFrom(address: string): string {
  if (/^\+\d+$/.test(address)) return `p${address.slice(1)}`;
  if (/^\d+$/.test(address)) return `n${address}`;
  return `a${hash('sha256', address).slice(0, 32)}`;
}

/** True if an address is a phone number. */
export function isPhoneNumber(address: string): boolean {
  return /^\+?\d+$/.test(address);
}
