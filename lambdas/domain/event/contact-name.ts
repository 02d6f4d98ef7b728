/**
 * Names of a contact's row. An ordering key may be a phone number, and is stored nowhere: its
 * digest is an HMAC under a key of the stack, because a plain hash of all phone numbers takes
 * seconds.
 */
import { createHmac } from 'node:crypto';
import { contactKey, orderingKeyDigest } from './event-key.ts';

/** One name of a contact's row. */
export interface ContactName {
  /** Digest of the ordering key. */
  readonly digest: string;
  /** Key of the row. */
  readonly key: string;
  /** Present if no row may be created under this name. */
  readonly mustExist?: true;
}

/** Names that the row of one contact may have. It has one row at any time. */
export interface ContactNames {
  readonly current: ContactName;
  /** Name that version 0.1.0 gave it, by a plain SHA-256. */
  readonly former: ContactName;
}

/** The names of the contact with this ordering key. */
export function contactNames(orderingKey: string, digestKey: Buffer): ContactNames {
  const plain = orderingKeyDigest(orderingKey);
  const digest = createHmac('sha256', digestKey).update(plain).digest('hex');
  return {
    current: { digest, key: contactKey(digest) },
    former: { digest: plain, key: contactKey(plain), mustExist: true },
  };
}

/**
 * The name in use. A row under the former name stays until it expires, because it holds the order
 * of its contact; no row is created under that name, so that its absence is final.
 */
export function nameInUse({ current, former }: ContactNames, hasFormerRow: boolean): ContactName {
  return hasFormerRow ? former : current;
}

/** Reads the key from its secret: 64 hex digits. Undefined for any other text. */
export function digestKeyFrom(text: string): Buffer | undefined {
  return /^[0-9a-f]{64}$/i.test(text.trim()) ? Buffer.from(text.trim(), 'hex') : undefined;
}
