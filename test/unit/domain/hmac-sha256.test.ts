/** HMAC-SHA256: the vectors of RFC 4231, and Node's own for whatever else. */
import { createHmac } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { HmacSha256 } from '../../../lambdas/domain/hmac-sha256.ts';

describe('HMAC-SHA256', () => {
  it.each([
    [
      '0b'.repeat(20),
      Buffer.from('Hi There').toString('hex'),
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    ],
    [
      Buffer.from('Jefe').toString('hex'),
      Buffer.from('what do ya want for nothing?').toString('hex'),
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    ],
    ['aa'.repeat(20), 'dd'.repeat(50), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe'],
    [
      'aa'.repeat(131),
      Buffer.from('Test Using Larger Than Block-Size Key - Hash Key First').toString('hex'),
      '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
    ],
  ])('is what RFC 4231 says for the key %s', (key, message, digest) => {
    expect(new HmacSha256(Buffer.from(key, 'hex')).digest(Buffer.from(message, 'hex')).toString('hex')).toBe(digest);
  });

  it('is what Node says, for any key and any messages one after another', () => {
    const bytes = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(bytes, fc.array(bytes, { maxLength: 4 }), (key, messages) => {
        const hmac = new HmacSha256(key);
        for (const message of messages) {
          expect(hmac.digest(message)).toEqual(createHmac('sha256', key).update(message).digest());
        }
      }),
    );
  });
});
