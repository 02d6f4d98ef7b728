/**
 * The signature of a delivery: HMAC-SHA256 over the raw body's bytes. How the key is made of a
 * secret and how the signature is written in its header differs from sender to sender:
 * `signature-profiles.ts`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

declare const verified: unique symbol;

/**
 * Something whose bytes carry a signature that has been checked. Only `verifySignature` can make
 * one.
 */
export type Verified<T extends { readonly bytes: Uint8Array }> = T & { readonly [verified]: true };

/** A usable signing key: at least one byte. */
export type SigningKey = Uint8Array & { readonly signingKey: true };

/** The label by which Secrets Manager knows a version of a secret. */
export type SecretStage = 'AWSCURRENT' | 'AWSPREVIOUS' | 'AWSPENDING';

/** The key of one live version of a secret. */
export interface StagedKey {
  readonly stage: SecretStage;
  readonly key: SigningKey;
}

/** A body whose signature was right, and which version of the secret it was made with. */
export interface Verification<T extends { readonly bytes: Uint8Array }> {
  readonly body: Verified<T>;
  readonly stage: SecretStage;
}

/** Base64 of exactly 32 bytes: 43 digits and one `=`. */
const BASE64_OF_DIGEST = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The key that a secret's text stands for, or undefined where it is not 64 hex digits (space around
 * them is forgiven).
 */
export function signingKeyFrom(secret: string): SigningKey | undefined {
  const digits = secret.trim();
  if (!/^[0-9a-fA-F]{64}$/.test(digits)) return undefined;
  return new Uint8Array(Buffer.from(digits, 'hex')) as SigningKey;
}

/**
 * The key that is a secret's text itself, in UTF-8, nothing taken away; undefined if there is only
 * whitespace.
 */
export function textSigningKeyFrom(secret: string): SigningKey | undefined {
  return secret.trim() === '' ? undefined : (new Uint8Array(Buffer.from(secret, 'utf8')) as SigningKey);
}

/** The signature of `body` under `key`, in Base64. */
export function sign(body: Uint8Array, key: SigningKey): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

/** A signature header that has the form of one: 32 bytes. Whether it is right is another matter. */
export type ParsedSignature = Uint8Array & { readonly givenSignature: true };

/**
 * The signature in a header, or undefined where the header is missing or not `prefix` and Base64 of
 * 32 bytes. Never throws.
 */
export function parseSignature(header: string | undefined, prefix = ''): ParsedSignature | undefined {
  if (header === undefined || !header.startsWith(prefix)) return undefined;
  const digits = header.slice(prefix.length);
  return BASE64_OF_DIGEST.test(digits) ? (new Uint8Array(Buffer.from(digits, 'base64')) as ParsedSignature) : undefined;
}

/**
 * `body` as verified, if `given` is the signature of its bytes under any of `keys`, with the stage
 * of the first that fits; else undefined. Takes the same time whichever key fits, and wherever a
 * wrong signature differs.
 */
export function verifySignature<T extends { readonly bytes: Uint8Array }>(
  body: T,
  given: ParsedSignature,
  keys: readonly StagedKey[],
): Verification<T> | undefined {
  let matched: SecretStage | undefined;
  for (const { stage, key } of keys) {
    const same = timingSafeEqual(given, createHmac('sha256', key).update(body.bytes).digest());
    matched = same ? (matched ?? stage) : matched;
  }
  return matched === undefined ? undefined : { body: body as Verified<T>, stage: matched };
}
