/** Addresses of customers as telephony writes them, reduced to the number or address itself. */

/**
 * Callers who withhold their number (RFC 3323 and common gateways). They share no address: each is
 * another person.
 */
const WITHHELD = new Set(['anonymous', 'unknown', 'restricted', 'unavailable', 'private', 'withheld']);

/** Visual separators of a number (RFC 3966, section 5.1.1), and spaces. */
const SEPARATORS = /[\s().\-/]/g;

/**
 * The number or address without `tel:` or `sip:`, URI parameters, the host of a SIP number, and the
 * separators of a number that starts with `+`, so that two spellings of one number are one contact.
 * Undefined for a withheld caller and for an empty address.
 */
export function contactAddressFrom(value: string): string | undefined {
  const uri = /^(?:tel|sips?):(.*)$/is.exec(value.trim());
  const address = uri === null ? value.trim() : decoded((uri[1] ?? '').split(/[;?]/)[0] ?? '').trim();
  const at = address.lastIndexOf('@');
  const user = at < 0 ? address : (address.slice(0, at).split(';')[0] ?? '');
  const host = at < 0 ? '' : address.slice(at + 1).toLowerCase();
  if (user === '' || WITHHELD.has(user.toLowerCase()) || host === 'anonymous.invalid') return undefined;
  const number = user.replace(SEPARATORS, '');
  const isNumber = /^\+\d+$/.test(number) || (at >= 0 && /^\d{3,}$/.test(number));
  return isNumber ? number : address;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
