import { beforeEach, describe, expect, it } from '@jest/globals';
import { zendeskFake } from '../../../local/crm/fakes/zendesk/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../../harness/fake-crm-client.ts';

const USERS = '/api/v2/users/create_or_update.json';
const TICKETS = '/api/v2/tickets.json';
const USER = { external_id: 'p15550100', name: 'Doe', phone: '+15550100', role: 'end-user', skip_verify_email: true };
const TICKET = {
  external_id: 'c-42',
  requester_id: 9,
  subject: 'Call +15550100',
  comment: { body: 'Inbound call, 63 s', public: false },
};

let client: FakeCrmClient;

beforeEach(() => {
  client = new FakeCrmClient(zendeskFake);
});

const user = (fields: object) => client.call('POST', USERS, { user: fields });
const ticket = (fields: object, key = 'c-42') =>
  client.call('POST', TICKETS, { ticket: fields }, { 'idempotency-key': key });

describe('the fake of Zendesk', () => {
  it('creates a user by its external id, then updates it', async () => {
    expect(await user(USER)).toEqual({
      status: 201,
      headers: { location: 'https://crm.example.com/api/v2/users/9.json' },
      body: { user: { id: 9, ...USER } },
    });
    expect(await user({ external_id: 'P15550100', phone: '+1' })).toMatchObject({
      status: 200,
      body: { user: { id: 9 } },
    });
    expect(client.crm.records.contacts).toEqual([{ key: 'p15550100', name: 'Doe', phone: '+1' }]);
  });

  it('creates a ticket once per idempotency key, for two hours', async () => {
    await user(USER);
    const created = { id: 77, status: 'new', external_id: 'c-42', requester_id: 9, subject: 'Call +15550100' };
    expect(await ticket(TICKET)).toEqual({
      status: 201,
      headers: { 'x-idempotency-lookup': 'miss' },
      body: { ticket: created },
    });
    expect(await ticket(TICKET)).toMatchObject({
      headers: { 'x-idempotency-lookup': 'hit' },
      body: { ticket: created },
    });
    expect(await ticket({ ...TICKET, subject: 'Other' })).toMatchObject({
      status: 400,
      body: { error: 'IdempotentRequestError' },
    });
    client.nowMs += 7_200_000;
    expect(await ticket(TICKET)).toMatchObject({ status: 201, body: { ticket: { id: 78 } } });
    expect(await client.call('GET', `${TICKETS}?external_id=c-42`)).toMatchObject({
      status: 200,
      body: { count: 2, tickets: [{ id: 77 }, { id: 78 }] },
    });
  });

  it('shows a ticket as the call of its requester', async () => {
    await user(USER);
    await ticket(TICKET);
    expect(client.crm.records.calls).toEqual([
      { key: 'c-42', contact: 'p15550100', subject: 'Call +15550100', duration: '63 s', direction: 'Inbound' },
    ]);
  });

  it.each([
    ['an unknown field of a user', () => user({ ...USER, foo: 1 }), 'foo', 'InvalidValue'],
    ['a user without a name', () => user({ external_id: 'p2' }), 'name', 'BlankValue'],
    ['an unknown field of a ticket', () => ticket({ ...TICKET, foo: 1 }), 'foo', 'InvalidValue'],
    ['a ticket without a requester', () => ticket({ ...TICKET, requester_id: undefined }), 'requester', 'InvalidValue'],
    ['a requester that does not exist', () => ticket({ ...TICKET, requester_id: 5 }), 'requester', 'InvalidValue'],
    ['a requester as text', () => ticket({ ...TICKET, requester_id: '9' }), 'requester_id', 'InvalidValue'],
    ['a subject that is too long', () => ticket({ ...TICKET, subject: 'x'.repeat(151) }), 'subject', 'InvalidValue'],
    ['a ticket without a comment', () => ticket({ ...TICKET, comment: undefined }), 'comment', 'BlankValue'],
  ])('refuses %s', async (_what, send, field, error) => {
    await user(USER);
    expect(await send()).toMatchObject({
      status: 422,
      body: { error: 'RecordInvalid', details: { [field]: [{ error }] } },
    });
    expect(client.crm.state.loggedCalls).toBe(0);
  });

  it('refuses an unknown endpoint', async () => {
    expect(await client.call('POST', '/api/v1/contacts', {})).toEqual({
      status: 404,
      body: { error: 'InvalidEndpoint', description: 'Not found' },
    });
  });

  it('issues tokens for JSON, with the lifetime that is asked for', async () => {
    const credentials = { grant_type: 'client_credentials', client_id: 'K', client_secret: 'S' };
    client.token = `fake-token-${FAKE_START_MS}-1`;
    expect(
      await client.call('POST', '/oauth/tokens', { ...credentials, expires_in: 300, scope: 'users:write' }),
    ).toEqual({
      status: 201,
      body: { access_token: client.token, token_type: 'bearer', scope: 'users:write', expires_in: 300 },
    });
    expect((await user(USER)).status).toBe(201);
    client.nowMs += 300_000;
    expect(await user(USER)).toMatchObject({ status: 401, body: { error: 'invalid_token' } });
    expect(await client.call('POST', '/oauth/tokens', { ...credentials, client_secret: 'X' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client' },
    });
    expect((await client.form('/oauth/tokens', credentials)).status).toBe(400);
  });

  it('returns the scopes of a token', async () => {
    client.setFaults({ fault: 'no-permission' });
    expect(await client.call('GET', '/api/v2/oauth/tokens/current.json')).toMatchObject({
      body: { token: { scopes: ['users:read', 'tickets:read'] } },
    });
    expect(await user(USER)).toMatchObject({ status: 403, body: { error: 'Forbidden' } });
  });

  it.each([
    ['lock', 409, { error: 'UpdateConflict' }],
    ['two-matches', 422, { error: 'RecordInvalid', details: { email: [{ error: 'DuplicateValue' }] } }],
    ['database-deadlock', 503, { error: 'DatabaseDeadlock' }],
  ])('answers as Zendesk with the fault %s', async (fault, status, body) => {
    client.setFaults({ fault });
    expect(await user(USER)).toMatchObject({ status, body });
    expect(client.crm.state.contacts).toBe(0);
  });

  it('says how long to wait when a limit is exceeded', async () => {
    client.setFaults({ fault: 'quota', forSeconds: 90 });
    expect(await user(USER)).toMatchObject({ status: 429, headers: { 'retry-after': '90' } });
  });
});
