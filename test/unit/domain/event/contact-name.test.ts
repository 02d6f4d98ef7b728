import { createHmac, hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { contactNames, digestKeyFrom, nameInUse } from '../../../../lambdas/domain/event/contact-name.ts';

const KEY = Buffer.from('01'.repeat(32), 'hex');
const PLAIN = hash('sha256', '9:+15550100');

describe('the names of a contact', () => {
  it('are an HMAC under the key, and the plain SHA-256 of version 0.1.0, which no row is created with', () => {
    const digest = createHmac('sha256', KEY).update(PLAIN).digest('hex');
    expect(contactNames('+15550100', KEY)).toEqual({
      current: { digest, key: `CONTACT#${digest}` },
      former: { digest: PLAIN, key: `CONTACT#${PLAIN}`, mustExist: true },
    });
  });

  it('differ from key to key', () => {
    const other = contactNames('+15550100', Buffer.from('02'.repeat(32), 'hex'));
    expect(other.current.digest).not.toBe(contactNames('+15550100', KEY).current.digest);
  });

  it('are used one at a time: the former one for as long as its row exists', () => {
    const names = contactNames('+15550100', KEY);
    expect(nameInUse(names, true)).toBe(names.former);
    expect(nameInUse(names, false)).toBe(names.current);
  });
});

describe('the digest key', () => {
  it.each([
    ['01'.repeat(32), KEY],
    [` ${'01'.repeat(32)}\n`, KEY],
    ['01'.repeat(31), undefined],
    ['zz'.repeat(32), undefined],
    ['', undefined],
  ])('read from %j', (text, key) => {
    expect(digestKeyFrom(text)).toEqual(key);
  });
});
