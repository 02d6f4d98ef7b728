/**
 * True if a request comes from this page, and not from another site's that is open in the same
 * browser.
 */
import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/**
 * True if a request that changes something may: by its origin, what the browser says of it, and the
 * page's token.
 */
export function mayChange({ headers }: IncomingMessage, given: string | null, token: string): boolean {
  const { origin, 'sec-fetch-site': site } = headers;
  if (origin !== undefined && origin !== `http://${headers.host}`) return false;
  if (site !== undefined && site !== 'same-origin') return false;
  const sent = Buffer.from(given ?? '');
  const wanted = Buffer.from(token);
  return sent.byteLength === wanted.byteLength && timingSafeEqual(sent, wanted);
}
