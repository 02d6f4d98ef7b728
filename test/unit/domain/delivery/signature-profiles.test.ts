/** Each sender's signature, against vectors that `openssl` computed. */
import { describe, expect, it } from '@jest/globals';
import { parseSignature, verifySignature } from '../../../../lambdas/domain/delivery/signature.ts';
import {
  ALL_PROFILES,
  type ProfileName,
  routeKeyOf,
  SIGNATURE_PROFILES,
} from '../../../../lambdas/domain/delivery/signature-profiles.ts';

interface Vector {
  readonly secret: string;
  readonly body: string;
  readonly header: string;
}

const VECTORS: Readonly<Record<ProfileName, Vector>> = {
  // printf '%s' "$body" | openssl dgst -sha256 -mac HMAC -macopt hexkey:$secret -binary | base64
  'genesys-webhook': {
    secret: '0f0e0d0c0b0a09080706050403020100fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0',
    body: '{"eventBridgeEventId":"e-1","note":"Grüße aus Köln ☎ 電話 😀"}',
    header: 'mUnDcC55dNjy9uhLv8QfQWJY8F3LL0+otJDFYwlPTuI=',
  },
  // printf '%s' "$body" | openssl dgst -sha256 -hmac "$secret" -binary | base64
  'genesys-open-messaging': {
    secret: 'Schlüssel: 鍵 🔑, 32 Zeichen & mehr',
    body: '{"id":"m-1","type":"Text","text":"Grüße aus Köln ☎ 電話 😀"}',
    header: 'sha256=qjEZ0/XhSQ1bh1SpKjen2ycvMvp4cpphzF0xCo1Y5ek=',
  },
};

/** True if `header` is right for `body` by the sender's contract. */
function isGenuine(name: ProfileName, { secret, body, header }: Vector): boolean {
  const { key, prefix } = SIGNATURE_PROFILES[name];
  const signingKey = key.from(secret);
  const given = parseSignature(header, prefix);
  if (signingKey === undefined || given === undefined) return false;
  const keys = [{ stage: 'AWSCURRENT' as const, key: signingKey }];
  return verifySignature({ bytes: Buffer.from(body) }, given, keys) !== undefined;
}

describe.each(ALL_PROFILES.map(({ name }) => name))('the signature of %s', (name) => {
  const vector = VECTORS[name];

  it('agrees with openssl on a body with non-ASCII text', () => {
    expect(isGenuine(name, vector)).toBe(true);
  });

  it('is wrong after any change of body, secret or header', () => {
    expect(isGenuine(name, { ...vector, body: vector.body.replace('ü', 'u\u0308') })).toBe(false);
    expect(isGenuine(name, { ...vector, body: `${vector.body}\n` })).toBe(false);
    expect(isGenuine(name, { ...vector, header: vector.header.replace('=', '==') })).toBe(false);
    expect(isGenuine(name, { ...vector, secret: vector.secret.replace('0', '1').replace('ü', 'u') })).toBe(false);
  });
});

describe('the key', () => {
  it('is the decoded digits for the stream and the text for Open Messaging, though the secret be the same', () => {
    const { secret, body } = VECTORS['genesys-webhook'];
    // The first vector's body and secret; the key as text.
    const header = '5DRI+c701IbD2wkf80qaNvKcZQA8kfSJrw6g5OpgHfU=';
    expect(isGenuine('genesys-webhook', { secret, body, header })).toBe(false);
    expect(isGenuine('genesys-open-messaging', { secret, body, header: `sha256=${header}` })).toBe(true);
  });

  it.each(['', ' ', '\n'])('cannot be made of %j', (secret) => {
    for (const { key } of ALL_PROFILES) expect(key.from(secret)).toBeUndefined();
  });
});

describe('the table', () => {
  it('gives every sender a route, an envelope name and a secret of its own', () => {
    const own = ALL_PROFILES.flatMap((profile) => [routeKeyOf(profile), profile.name, ...Object.values(profile.stack)]);
    expect(new Set(own).size).toBe(5 * ALL_PROFILES.length);
    expect(ALL_PROFILES.every(({ header }) => header === header.toLowerCase())).toBe(true);
  });
});
