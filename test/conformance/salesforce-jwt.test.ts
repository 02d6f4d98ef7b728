/** The JWT bearer grant against the fake of Salesforce, which checks the assertion. */
import { generateKeyPairSync, sign } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { salesforceFake } from '../../local/crm/fakes/salesforce/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../harness/fake-crm-client.ts';
import { ServedCrm } from './served-crm.ts';
import { CALL, SUBJECTS, type Subject } from './subjects.ts';

const pem = { type: 'pkcs8', format: 'pem' } as const;
const newKey = () => generateKeyPairSync('rsa', { modulusLength: 2_048 }).privateKey.export(pem).toString();
const privateKey = newKey();
const otherKey = newKey();
const secret = { type: 'salesforce-jwt', clientId: 'K', username: 'genesys@example.com', privateKey };
const salesforce = SUBJECTS.find(({ name }) => name === 'salesforce') as Subject;

describe('salesforce-jwt', () => {
  let crm: ServedCrm;
  beforeEach(async () => {
    crm = await ServedCrm.start(salesforce);
    crm.fake.tokens.credentials = secret;
  });
  afterEach(() => crm.stop());

  it.each([
    ['the login host', {}],
    ['the host of a sandbox', { audience: 'https://test.salesforce.com' }],
  ])('gets a token for %s and applies a contact and a call', async (_what, more) => {
    crm.setSecret({ ...secret, ...more });
    expect((await crm.deliver(salesforce.contact)).kind).toBe('success');
    expect((await crm.deliver(CALL)).kind).toBe('success');
    expect(crm.fake.state).toMatchObject({ contacts: 1, loggedCalls: 1, tokens: 1 });
  });

  it('gets another token when the session has ended', async () => {
    crm.setSecret(secret);
    await crm.deliver(salesforce.contact);
    crm.nowMs += 3 * 3_600_000;
    expect((await crm.deliver(CALL)).kind).toBe('success');
    expect(crm.fake.state).toMatchObject({ loggedCalls: 1, tokens: 2 });
  });

  it.each([
    ['another key', { privateKey: otherKey }, 'invalid assertion'],
    ['another client', { clientId: 'X' }, 'client identifier invalid'],
    ['another user', { username: 'x@example.com' }, 'user hasn'],
    ['another audience', { audience: 'https://example.com' }, 'audience is invalid'],
  ])('is refused with %s', async (_what, wrong, description) => {
    crm.setSecret({ ...secret, ...wrong });
    expect(await crm.deliver(salesforce.contact)).toMatchObject({
      kind: 'dependency',
      applied: 'not_applied',
      error: expect.stringMatching(new RegExp(`HTTP 400: invalid_grant.*${description}`)),
    });
    expect(crm.fake.state).toMatchObject({ calls: 0, tokens: 0 });
  });
});

describe('the fake’s check of an assertion', () => {
  const now = Math.floor(FAKE_START_MS / 1_000);
  const claims = { iss: 'K', sub: secret.username, aud: 'https://login.salesforce.com', exp: now + 180 };
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const assertionOf = (payload: object, alg = 'RS256') => {
    const signed = `${part({ alg, typ: 'JWT' })}.${part(payload)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
  };
  const statusOf = async (assertion: string) => {
    const client = new FakeCrmClient(salesforceFake);
    client.crm.tokens.credentials = secret;
    const grant = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion };
    const reply = await client.crm.handle({
      method: 'POST',
      path: '/services/oauth2/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(grant).toString(),
    });
    return typeof reply === 'string' ? 0 : reply.status;
  };

  it.each([
    ['a valid one', assertionOf(claims), 200],
    ['one that has expired', assertionOf({ ...claims, exp: now }), 400],
    ['one that is valid for more than five minutes', assertionOf({ ...claims, exp: now + 301 }), 400],
    ['one without an expiry', assertionOf({ ...claims, exp: undefined }), 400],
    ['one that names no algorithm', assertionOf(claims, 'none'), 400],
    ['one whose claims were changed', assertionOf(claims).replace(/\.[^.]+\./, `.${part({ ...claims, x: 1 })}.`), 400],
    ['one with a fourth part', `${assertionOf(claims)}.x`, 400],
    ['what is no JWT', 'x', 400],
    ['nothing', '', 400],
  ])('answers %s with the right status', async (_what, assertion, status) => {
    expect(await statusOf(assertion)).toBe(status);
  });
});
