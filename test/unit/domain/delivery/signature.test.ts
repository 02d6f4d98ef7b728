import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  parseSignature,
  type SecretStage,
  type SigningKey,
  sign,
  signingKeyFrom,
  verifySignature,
} from '../../../../lambdas/domain/delivery/signature.ts';

const SECRET = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

function keyOf(secret: string): SigningKey {
  const key = signingKeyFrom(secret);
  if (key === undefined) throw new Error('not a secret');
  return key;
}

function verifies(body: string | Buffer, header: string | undefined, keys: readonly SigningKey[]): boolean {
  const given = parseSignature(header);
  const staged = keys.map((key) => ({ stage: 'AWSCURRENT' as const, key }));
  return given !== undefined && verifySignature({ bytes: Buffer.from(body) }, given, staged) !== undefined;
}

describe('signature', () => {
  // printf '%s' '{"a":"é"}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0001…1e1f -binary |
  // base64
  it('agrees with openssl on a body with non-ASCII text', () => {
    expect(sign(Buffer.from('{"a":"é"}'), keyOf(SECRET))).toBe('VzsRf//I+9AvFHQ/TCQqTsRjzy2GPdkDcJAZNGV8Q8s=');
    expect(verifies('{"a":"é"}', 'VzsRf//I+9AvFHQ/TCQqTsRjzy2GPdkDcJAZNGV8Q8s=', [keyOf(SECRET)])).toBe(true);
  });

  it('refuses a body with any byte changed, and accepts it under any of the keys', () => {
    const other = keyOf('f'.repeat(64));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (body, at, change) => {
          const header = sign(body, keyOf(SECRET));
          const changed = Buffer.from(body);
          const index = at % body.length;
          changed[index] = (changed[index] ?? 0) ^ change;
          expect(verifies(changed, header, [keyOf(SECRET)])).toBe(false);
          expect(verifies(Buffer.from(body), header, [other, keyOf(SECRET)])).toBe(true);
          expect(verifies(Buffer.from(body), header, [other])).toBe(false);
          expect(verifies(Buffer.from(body), header, [])).toBe(false);
        },
      ),
    );
  });

  it('says which version of the secret it was made with: the first that fits', () => {
    const given = parseSignature(sign(Buffer.from('x'), keyOf(SECRET)));
    const stageAmong = (...stages: readonly [SecretStage, string][]) => {
      const keys = stages.map(([stage, secret]) => ({ stage, key: keyOf(secret) }));
      return given && verifySignature({ bytes: Buffer.from('x') }, given, keys)?.stage;
    };
    const other = 'f'.repeat(64);
    expect(stageAmong(['AWSCURRENT', other], ['AWSPREVIOUS', SECRET], ['AWSPENDING', other])).toBe('AWSPREVIOUS');
    expect(stageAmong(['AWSCURRENT', other], ['AWSPREVIOUS', other], ['AWSPENDING', SECRET])).toBe('AWSPENDING');
    expect(stageAmong(['AWSCURRENT', SECRET], ['AWSPENDING', SECRET])).toBe('AWSCURRENT');
    expect(stageAmong(['AWSCURRENT', other])).toBeUndefined();
  });

  it.each([
    ['missing', undefined],
    ['empty', ''],
    ['not Base64', '!'.repeat(44)],
    ['hex', 'a'.repeat(64)],
    ['31 bytes', `${'A'.repeat(41)}A==`],
    ['33 bytes', 'A'.repeat(44)],
    ['Base64 of the URL kind', `${'-'.repeat(43)}=`],
    ['with a line break behind it', `${'A'.repeat(43)}=\n`],
    ['two joined by a comma', `${'A'.repeat(43)}=,${'A'.repeat(43)}=`],
    ['10,000 characters', 'A'.repeat(10_000)],
    ['a lone surrogate', '\ud800'.repeat(44)],
  ])('takes a header that is %s for none', (_name, header) => {
    expect(parseSignature(header)).toBeUndefined();
  });

  it('never throws, whatever the header is', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (header) => verifies('x', header, [keyOf(SECRET)]) === false));
  });

  it.each([
    ['63 digits', 'a'.repeat(63)],
    ['65 digits', 'a'.repeat(65)],
    ['no hex digits', 'g'.repeat(64)],
    ['empty', ''],
    ['a JSON object', '{"secret":"00"}'],
  ])('has no key for a secret of %s', (_name, secret) => {
    expect(signingKeyFrom(secret)).toBeUndefined();
  });

  it('forgives a line break that came along when the secret was pasted, and upper case', () => {
    expect(signingKeyFrom(`${SECRET.toUpperCase()}\n`)).toEqual(keyOf(SECRET));
  });
});
