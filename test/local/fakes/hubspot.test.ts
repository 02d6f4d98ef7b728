import { beforeEach, describe, expect, it } from '@jest/globals';
import { hubspotFake } from '../../../local/crm/fakes/hubspot/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../../harness/fake-crm-client.ts';

const OBJECTS = '/crm/objects/2026-09';
const NOW = '2026-11-26T22:00:00.000Z';
const CALL = {
  hs_timestamp: '2026-11-26T10:00:00Z',
  hs_call_title: 'Call +15550100',
  hs_call_duration: '63000',
  hs_call_direction: 'INBOUND',
  hs_call_status: 'COMPLETED',
  hs_call_from_number: '+15550100',
};

let client: FakeCrmClient;

beforeEach(() => {
  client = new FakeCrmClient(hubspotFake);
});

function contact(properties: object, more: object = {}) {
  const input = { idProperty: 'ext_key', id: 'p15550100', objectWriteTraceId: 't1', properties, ...more };
  return client.call('POST', `${OBJECTS}/contacts/batch/upsert`, { inputs: [input] });
}

function call(properties: object, more: object = {}) {
  const input = { idProperty: 'conv_id', id: 'c-42', objectWriteTraceId: 't1', properties, ...more };
  return client.call('POST', `${OBJECTS}/calls/batch/upsert`, { inputs: [input] });
}

describe('the fake of HubSpot', () => {
  it('upserts a contact by its unique property, with 200 for created and updated alike', async () => {
    const result = (isNew: boolean, properties: object) => ({
      status: 200,
      body: {
        status: 'COMPLETE',
        startedAt: NOW,
        completedAt: NOW,
        results: [
          {
            id: '501',
            new: isNew,
            properties: { ext_key: 'p15550100', ...properties },
            createdAt: NOW,
            updatedAt: NOW,
            archived: false,
            objectWriteTraceId: 't1',
          },
        ],
      },
    });
    expect(await contact({ lastname: 'Doe' })).toEqual(result(true, { lastname: 'Doe' }));
    expect(await contact({ lastname: '', phone: '+1' })).toEqual(result(false, { phone: '+1' }));
  });

  it('updates a contact that exists, and no other', async () => {
    const path = `${OBJECTS}/contacts/p15550100?idProperty=ext_key`;
    expect(await client.call('PATCH', path, { properties: { phone: '+1' } })).toMatchObject({
      status: 404,
      body: { category: 'OBJECT_NOT_FOUND' },
    });
    await contact({});
    expect((await client.call('PATCH', path, { properties: { phone: '+1' } })).status).toBe(200);
    expect(client.crm.records.contacts).toEqual([{ key: 'p15550100', name: '', phone: '+1' }]);
  });

  it('logs a call once, and links it to its contact', async () => {
    await contact({ lastname: 'Doe' });
    await call(CALL);
    expect(client.crm.records.calls).toMatchObject([{ key: 'c-42', contact: null }]);
    const link = `${OBJECTS}/calls/70001/associations/default/contacts/501`;
    expect((await client.call('PUT', link)).status).toBe(200);
    await call(CALL);
    expect((await client.call('PUT', link)).status).toBe(200);
    expect(client.crm.records.calls).toEqual([
      { key: 'c-42', contact: 'p15550100', subject: 'Call +15550100', duration: '63000 ms', direction: 'INBOUND' },
    ]);
    const wrong = `${OBJECTS}/calls/70001/associations/default/contacts/999`;
    expect(await client.call('PUT', wrong)).toMatchObject({ status: 404, body: { category: 'OBJECT_NOT_FOUND' } });
  });

  it.each([
    ['an unknown property', { ...CALL, foo: '1' }, /Property \\"foo\\" does not exist.*PROPERTY_DOESNT_EXIST/],
    ['a number', { ...CALL, hs_call_duration: 63_000 }, /hs_call_duration is not a text/],
    ['seconds', { ...CALL, hs_call_duration: '63' }, /INVALID_VALUE.*hs_call_duration/],
    ['epoch seconds', { ...CALL, hs_timestamp: '1795687200' }, /INVALID_VALUE.*hs_timestamp/],
    ['a time with an offset', { ...CALL, hs_timestamp: '2026-11-26T10:00:00+01:00' }, /INVALID_VALUE.*hs_timestamp/],
    ['an unknown direction', { ...CALL, hs_call_direction: 'Inbound' }, /INVALID_VALUE.*hs_call_direction/],
    ['an unknown disposition', { ...CALL, hs_call_disposition: 'Connected' }, /INVALID_VALUE.*hs_call_disposition/],
    ['a call without its time', { hs_call_title: 'Call' }, /Some required properties were not set: hs_timestamp/],
  ])('refuses %s inside a 207', async (_what, properties, message) => {
    expect(await call(properties)).toMatchObject({
      status: 207,
      body: {
        results: [],
        numErrors: 1,
        errors: [
          {
            status: 'error',
            category: 'VALIDATION_ERROR',
            message: expect.stringMatching(message),
            context: { objectWriteTraceId: ['t1'] },
          },
        ],
      },
    });
    expect(client.crm.state.loggedCalls).toBe(0);
  });

  it('fails the whole batch without trace ids', async () => {
    expect(await contact({ foo: '1' }, { objectWriteTraceId: undefined })).toMatchObject({
      status: 400,
      body: { status: 'error', category: 'VALIDATION_ERROR' },
    });
  });

  it('refuses a key that is not unique, repeated ids and another version', async () => {
    expect(await contact({}, { idProperty: 'phone' })).toMatchObject({ status: 207 });
    const input = { idProperty: 'ext_key', id: 'p1', properties: {} };
    const twice = await client.call('POST', `${OBJECTS}/contacts/batch/upsert`, { inputs: [input, input] });
    expect(twice).toMatchObject({ status: 400, body: { message: 'Duplicate IDs found in batch input' } });
    const path = '/crm/objects/2025-01/contacts/batch/upsert';
    expect(await client.call('POST', path, { inputs: [input] })).toMatchObject({ status: 404 });
  });

  it('renews tokens by the refresh token', async () => {
    const form = { grant_type: 'refresh_token', client_id: 'K', client_secret: 'S', refresh_token: 'R' };
    const { body } = await client.form('/oauth/2026-09/token', form);
    client.token = `fake-token-${FAKE_START_MS}-1`;
    expect(body).toMatchObject({
      access_token: client.token,
      refresh_token: 'R',
      expires_in: 1_800,
      token_type: 'bearer',
    });
    expect((await contact({})).status).toBe(200);
    client.nowMs += 1_800_000;
    expect(await contact({})).toMatchObject({ status: 401, body: { category: 'EXPIRED_AUTHENTICATION' } });
    expect(await client.form('/oauth/2026-09/token', { ...form, refresh_token: 'X' })).toEqual({
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'bad refresh token',
        status: 'BAD_REFRESH_TOKEN',
        message: 'bad refresh token',
      },
    });
  });

  it('returns a property, and the scopes of a token', async () => {
    const property = { name: 'ext_key', label: 'ext_key', type: 'string', fieldType: 'text', hasUniqueValue: true };
    expect(await client.call('GET', '/crm/v3/properties/contacts/ext_key')).toEqual({ status: 200, body: property });
    expect((await client.call('GET', '/crm/v3/properties/contacts/foo')).status).toBe(404);
    client.setFaults({ fault: 'no-permission' });
    expect(
      await client.call('POST', '/oauth/v2/private-apps/get/access-token-info', { tokenKey: 'static' }),
    ).toMatchObject({ body: { scopes: ['crm.objects.contacts.read', 'crm.objects.calls.read'] } });
  });

  it.each([
    ['lock', 423, { message: 'The record is locked.' }],
    ['lost-race', 409, { category: 'CONFLICT' }],
    ['quota', 429, { policyName: 'DAILY', errorType: 'RATE_LIMIT' }],
    [
      'partial',
      207,
      { numErrors: 1, errors: [{ category: 'VALIDATION_ERROR', context: { objectWriteTraceId: ['t1'] } }] },
    ],
    ['no-permission', 403, { category: 'MISSING_SCOPES' }],
    ['token-revoked', 401, { category: 'INVALID_AUTHENTICATION' }],
    ['no-key', 207, { numErrors: 1 }],
  ])('answers as HubSpot with the fault %s', async (fault, status, body) => {
    client.setFaults({ fault });
    expect(await contact({})).toMatchObject({ status, body });
    expect(client.crm.state.contacts).toBe(0);
  });
});
