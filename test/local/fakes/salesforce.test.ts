import { beforeEach, describe, expect, it } from '@jest/globals';
import { salesforceFake } from '../../../local/crm/fakes/salesforce/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../../harness/fake-crm-client.ts';

const SOBJECTS = '/services/data/v68.0/sobjects';
const CONTACT = `${SOBJECTS}/Contact/CrmKey__c/p15550100`;
const TASK = `${SOBJECTS}/Task/ConvId__c/c-42`;
const CALL = {
  Subject: 'Call +15550100',
  Status: 'Completed',
  TaskSubtype: 'Call',
  ActivityDate: '2026-11-26',
  CallType: 'Inbound',
  CallDurationInSeconds: 63,
  CallDisposition: 'Connected',
  Who: { attributes: { type: 'Contact' }, CrmKey__c: 'p15550100' },
};

let client: FakeCrmClient;

beforeEach(() => {
  client = new FakeCrmClient(salesforceFake);
});

const upsert = (body: object, path = CONTACT) => client.call('PATCH', path, body);

describe('the fake of Salesforce', () => {
  it('creates a contact by its external id, then updates it', async () => {
    expect(await upsert({ LastName: 'Doe', Phone: '+15550100' })).toEqual({
      status: 201,
      body: { id: '003000000000001AAA', success: true, errors: [], created: true },
    });
    expect(await upsert({ LastName: 'Roe' })).toEqual({
      status: 200,
      body: { id: '003000000000001AAA', success: true, errors: [], created: false },
    });
    expect(client.crm.records.contacts).toEqual([{ key: 'p15550100', name: 'Roe', phone: '+15550100' }]);
  });

  it('only updates with updateOnly', async () => {
    expect(await upsert({ Phone: '+1' }, `${CONTACT}?updateOnly=true`)).toMatchObject({
      status: 404,
      body: [{ errorCode: 'NOT_FOUND' }],
    });
  });

  it('logs a call once, linked to its contact', async () => {
    await upsert({ LastName: 'Doe' });
    expect((await upsert(CALL, TASK)).status).toBe(201);
    expect((await upsert(CALL, TASK)).status).toBe(200);
    expect(client.crm.records.calls).toEqual([
      { key: 'c-42', contact: 'p15550100', subject: 'Call +15550100', duration: '63 s', direction: 'Inbound' },
    ]);
    expect(client.crm.state).toMatchObject({ calls: 3, applied: 2, repeated: 1, contacts: 1, loggedCalls: 1 });
  });

  it.each([
    [
      'an unknown field',
      CONTACT,
      { LastName: 'Doe', Foo__c: 1 },
      400,
      'INVALID_FIELD',
      "No such column 'Foo__c' on sobject of type Contact",
    ],
    [
      'the key in the body',
      CONTACT,
      { LastName: 'Doe', CrmKey__c: 'p15550100' },
      400,
      'INVALID_FIELD',
      'The CrmKey__c field should not be specified in the sobject data.',
    ],
    [
      'a contact without a name',
      `${CONTACT}1`,
      { Phone: '+1' },
      400,
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [LastName]',
    ],
    [
      'a text that is too long',
      CONTACT,
      { LastName: 'x'.repeat(81) },
      400,
      'STRING_TOO_LONG',
      'LastName: data value too large',
    ],
    [
      'a number as text',
      TASK,
      { ...CALL, CallDurationInSeconds: '63' },
      400,
      'JSON_PARSER_ERROR',
      /CallDurationInSeconds/,
    ],
    [
      'milliseconds',
      TASK,
      { ...CALL, CallDurationInSeconds: 63_000 },
      400,
      'NUMBER_OUTSIDE_VALID_RANGE',
      /CallDurationInSeconds/,
    ],
    [
      'a time instead of a date',
      TASK,
      { ...CALL, ActivityDate: '2026-11-26T10:00:00Z' },
      400,
      'JSON_PARSER_ERROR',
      /ActivityDate/,
    ],
    [
      'a value that is not in the picklist',
      TASK,
      { ...CALL, CallType: 'inbound' },
      400,
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      'CallType: bad value for restricted picklist field: inbound',
    ],
    [
      'a call without its contact',
      TASK,
      { ...CALL, Who: undefined },
      400,
      'REQUIRED_FIELD_MISSING',
      'Required fields are missing: [WhoId]',
    ],
    [
      'a reference without its type',
      TASK,
      { ...CALL, Who: { CrmKey__c: 'p15550100' } },
      400,
      'JSON_PARSER_ERROR',
      /polymorphic/,
    ],
    [
      'a contact that does not exist',
      TASK,
      { ...CALL, Who: { attributes: { type: 'Contact' }, CrmKey__c: 'P2' } },
      400,
      'INVALID_FIELD',
      'Foreign key external ID: p2 not found for field CrmKey__c in entity Contact',
    ],
    [
      'an unknown key field',
      `${SOBJECTS}/Contact/Other__c/p1`,
      { LastName: 'Doe' },
      404,
      'NOT_FOUND',
      'Provided external ID field does not exist or is not accessible: Other__c',
    ],
    [
      'a version that is too old',
      '/services/data/v45.0/sobjects/Contact/CrmKey__c/p1',
      { LastName: 'Doe' },
      404,
      'NOT_FOUND',
      'The requested resource does not exist',
    ],
  ])('refuses %s', async (_what, path, body, status, errorCode, message) => {
    await upsert({ LastName: 'Doe' });
    const expected = typeof message === 'string' ? message : expect.stringMatching(message);
    expect(await upsert(body, path)).toMatchObject({ status, body: [{ errorCode, message: expected }] });
    expect(client.crm.state.loggedCalls).toBe(0);
  });

  it('issues session tokens without an expiry, and names the instance', async () => {
    const form = { grant_type: 'client_credentials', client_id: 'K', client_secret: 'S' };
    expect(await client.form('/services/oauth2/token', form)).toEqual({
      status: 200,
      body: {
        access_token: `fake-token-${FAKE_START_MS}-1`,
        signature: 'c2lnbmF0dXJl',
        scope: 'api',
        instance_url: 'https://crm.example.com',
        id: 'https://crm.example.com/id/00D000000000001EAA/005000000000001AAA',
        token_type: 'Bearer',
        issued_at: String(FAKE_START_MS),
      },
    });
    client.token = `fake-token-${FAKE_START_MS}-1`;
    expect((await upsert({ LastName: 'Doe' })).status).toBe(201);
    client.nowMs += 7_200_000;
    expect(await upsert({ LastName: 'Doe' })).toEqual({
      status: 401,
      body: [{ message: 'Session expired or invalid', errorCode: 'INVALID_SESSION_ID' }],
    });
    expect(await client.form('/services/oauth2/token', { ...form, client_secret: 'X' })).toEqual({
      status: 400,
      body: { error: 'invalid_client', error_description: 'invalid client credentials' },
    });
    const basic = `Basic ${btoa('K:S')}`;
    expect((await client.form('/services/oauth2/token', { grant_type: 'client_credentials' }, basic)).status).toBe(200);
  });

  it('describes what may be written and which field is unique', async () => {
    const { body } = await client.call('GET', `${SOBJECTS}/Task/describe`);
    const field = { name: 'ConvId__c', externalId: true, unique: true, createable: true, updateable: true };
    expect(body).toMatchObject({ name: 'Task', createable: true, fields: expect.arrayContaining([field]) });
    client.setFaults({ fault: 'key-not-unique' }, { fault: 'no-permission' });
    const { body: without } = await client.call('GET', `${SOBJECTS}/Task/describe`);
    expect(without).toMatchObject({
      createable: false,
      fields: expect.arrayContaining([{ ...field, unique: false, createable: false, updateable: false }]),
    });
  });

  it.each([
    ['two-matches', 300, [`${SOBJECTS}/Contact/003000000000001AAA`, `${SOBJECTS}/Contact/003000000000002AAA`]],
    ['lock', 400, [{ errorCode: 'UNABLE_TO_LOCK_ROW', message: 'unable to obtain exclusive access to this record' }]],
    ['quota', 403, [{ errorCode: 'REQUEST_LIMIT_EXCEEDED', message: 'TotalRequests Limit exceeded.' }]],
    [
      'no-permission',
      403,
      [{ errorCode: 'INSUFFICIENT_ACCESS_OR_READONLY', message: 'insufficient access rights on object id' }],
    ],
    [
      'no-key',
      404,
      [
        {
          errorCode: 'NOT_FOUND',
          message: 'Provided external ID field does not exist or is not accessible: CrmKey__c',
        },
      ],
    ],
  ])('answers as Salesforce with the fault %s', async (fault, status, body) => {
    client.setFaults({ fault });
    expect(await upsert({ LastName: 'Doe' })).toEqual({ status, body });
    expect(client.crm.state.contacts).toBe(0);
  });
});
