/** A key of the digests for tests, and the names that it gives. */
import { type ContactNames, contactNames } from '../../lambdas/domain/event/contact-name.ts';
import type { DigestKey } from '../../lambdas/ports.ts';

const KEY = Buffer.alloc(32, 7);

/** The key as a port reads it. */
export const DIGEST_KEY: DigestKey = { read: async () => ({ kind: 'key', key: KEY }) };

/** The names of the contact with this ordering key. */
export function namesOf(orderingKey: string): ContactNames {
  return contactNames(orderingKey, KEY);
}
