/**
 * The signature of a delivery: Base64(HMAC-SHA256(raw body bytes, key)), the key being the stream secret's
 * 64 hex digits, decoded.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

declare const verified: unique symbol;

/** Something whose bytes carry a signature that has been checked. Only `verifySignature` can make one. */
export type Verified<T extends { readonly bytes: Uint8Array }> = T & { readonly [verified]: true };

/** A usable signing key: 32 bytes. */
export type SigningKey = Uint8Array & { readonly signingKey: true };

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

/** A signature header that has the form of one: 32 bytes. Whether it is right is another matter. */
export type GivenSignature = Uint8Array & { readonly givenSignature: true };

/** The signature in a header, or undefined where the header is missing or not Base64 of 32 bytes. Never throws. */
export function parseSignature(header: string | undefined): GivenSignature | undefined {
  if (header === undefined || !BASE64_OF_DIGEST.test(header)) return undefined;
  return new Uint8Array(Buffer.from(header, 'base64')) as GivenSignature;
}

/**
 * `body` as verified, if `given` is the signature of its bytes under any of `keys`; else undefined. Takes the
 * same time whichever key fits, and wherever a wrong signature differs.
 */
export function verifySignature<T extends { readonly bytes: Uint8Array }>(
  body: T,
  given: GivenSignature,
  keys: readonly SigningKey[],
): Verified<T> | undefined {
  let matches = false;
  for (const key of keys) {
    const same = timingSafeEqual(given, createHmac('sha256', key).update(body.bytes).digest());
    matches = same || matches;
  }
  return matches ? (body as Verified<T>) : undefined;
}
