/**
 * The signature of a delivery: Base64(HMAC-SHA256(raw body bytes, key)), the key being the stream secret's
 * 64 hex digits, decoded.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

declare const verified: unique symbol;

/** A delivery's raw body whose signature has been checked. Only `verifySignature` can make one. */
export type VerifiedBody = Uint8Array & { readonly [verified]: true };

/** A usable signing key: 32 bytes. */
export type SigningKey = Uint8Array & { readonly signingKey: true };

/** The digest's length. */
const DIGEST_BYTES = 32;

/** Base64 of exactly 32 bytes: 43 digits and one `=`. */
const BASE64_OF_DIGEST = /^[A-Za-z0-9+/]{43}=$/;

/** The key that a secret's text stands for, or undefined where it is not 64 hex digits (space around them is forgiven). */
export function signingKeyFrom(secret: string): SigningKey | undefined {
  const digits = secret.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) return undefined;
  return new Uint8Array(Buffer.from(digits, 'hex')) as SigningKey;
}

/** The value of the signature header for `body` under `key`. */
export function sign(body: Uint8Array, key: SigningKey): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/**
 * The body as verified, if `header` is its signature under any of `keys`; else undefined. Never throws,
 * whatever the header is. Takes the same time whichever key fits, and wherever a wrong signature differs.
 */
export function verifySignature(
  body: Uint8Array,
  header: string | undefined,
  keys: readonly SigningKey[],
): VerifiedBody | undefined {
  if (header === undefined || !BASE64_OF_DIGEST.test(header)) return undefined;
  const given = Buffer.from(header, 'base64');
  if (given.length !== DIGEST_BYTES) return undefined;
  let matches = false;
  for (const key of keys) {
    const same = timingSafeEqual(given, createHmac('sha256', key).update(body).digest());
    matches = matches || same;
  }
  return matches ? (body as VerifiedBody) : undefined;
}
