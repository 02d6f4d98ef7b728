/** The access key of one start: what clients of the local servers show to be let in. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/**
 * Carries the key in requests that have no AWS signature. No web page can add it without being
 * asked first.
 */
export const ACCESS_KEY_HEADER = 'x-access-key';

/** A new key: 32 hex digits, which is also a valid AWS access key id. */
export function newAccessKey(): string {
  return randomBytes(16).toString('hex');
}

/**
 * True if the request carries the key: in its own header, or as the access key id of an AWS
 * signature.
 */
export function carriesKey(headers: IncomingHttpHeaders, accessKey: string): boolean {
  const [, signed] = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(headers.authorization ?? '') ?? [];
  return isSame(String(headers[ACCESS_KEY_HEADER] ?? signed ?? ''), accessKey);
}

/** Compares digests, so that the time taken does not depend on the texts. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [given, wanted].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
