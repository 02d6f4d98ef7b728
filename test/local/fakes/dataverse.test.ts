import { beforeEach, describe, expect, it } from '@jest/globals';
import { dataverseFake } from '../../../local/crm/fakes/dataverse/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../../harness/fake-crm-client.ts';

const API = '/api/data/v9.2';
const CONTACT = `${API}/contacts(new_extkey='p15550100')`;
const ID = '6fa459ea-ee8a-5ca4-894e-db77e160355e';
const PHONE_CALL = `${API}/phonecalls(${ID})`;
const BIND = "/contacts(new_extkey='p15550100')";
const CALL = {
  subject: 'Call +15550100',
  phonenumber: '+15550100',
  description: 'Inbound call, 63 s\nConversation: c-42',
  directioncode: false,
  actualdurationminutes: 2,
  actualstart: '2026-11-26T10:00:00Z',
  actualend: '2026-11-26T10:01:03Z',
  'regardingobjectid_contact_phonecall@odata.bind': BIND,
  phonecall_activity_parties: [{ 'partyid_contact@odata.bind': BIND, participationtypemask: 1 }],
};
const COMPLETED = { statecode: 1, statuscode: 4 };

let client: FakeCrmClient;

beforeEach(() => {
  client = new FakeCrmClient(dataverseFake, { headers: { 'odata-version': '4.0', 'odata-maxversion': '4.0' } });
});

describe('the fake of Dataverse', () => {
  it('upserts a contact by its alternate key', async () => {
    const entity = `https://crm.example.com${API}/contacts(22222222-0000-0000-0000-000000000001)`;
    const noContent = { status: 204, headers: { 'odata-version': '4.0', 'odata-entityid': entity } };
    expect(await client.call('PATCH', CONTACT, { lastname: 'Doe' })).toEqual(noContent);
    expect(await client.call('PATCH', CONTACT, { telephone1: '+15550100' })).toEqual(noContent);
    expect(client.crm.records.contacts).toEqual([{ key: 'p15550100', name: 'Doe', phone: '+15550100' }]);
  });

  it('only updates with If-Match, and only creates with POST', async () => {
    expect(await client.call('PATCH', CONTACT, { lastname: 'Doe' }, { 'if-match': '*' })).toMatchObject({
      status: 404,
      body: { error: { code: '0x80060891' } },
    });
    const contact = { new_extkey: 'p15550100', lastname: 'Doe' };
    expect((await client.call('POST', `${API}/contacts`, contact)).status).toBe(204);
    expect(await client.call('POST', `${API}/contacts`, contact)).toMatchObject({
      status: 412,
      body: { error: { code: '0x80060892' } },
    });
  });

  it('logs a call by its id and completes it in a second request; a completed call is read-only', async () => {
    await client.call('PATCH', CONTACT, { lastname: 'Doe' });
    expect((await client.call('PATCH', PHONE_CALL, CALL)).status).toBe(204);
    expect(client.crm.records.calls).toEqual([]);
    expect((await client.call('PATCH', PHONE_CALL, COMPLETED)).status).toBe(204);
    expect(client.crm.records.calls).toEqual([
      { key: 'c-42', contact: 'p15550100', subject: 'Call +15550100', duration: '2 min', direction: 'incoming' },
    ]);
    expect(await client.call('PATCH', PHONE_CALL, CALL)).toMatchObject({
      status: 403,
      body: { error: { code: '0x8004022e', message: 'Cannot update Closed or Cancelled Activity' } },
    });
    expect(await client.call('GET', `${PHONE_CALL}?$select=statecode`)).toEqual({
      status: 200,
      body: { activityid: ID, statecode: 1 },
    });
  });

  it.each([
    ['an unknown column', CALL, { foo: 1 }, 400, '0x80048d19'],
    ['a duration in seconds', CALL, { actualdurationminutes: 63 }, 400, '0x80048d19'],
    ['a duration in milliseconds', CALL, { actualdurationminutes: 63_000 }, 400, '0x80048d19'],
    ['half minutes', CALL, { actualdurationminutes: 1.5 }, 400, '0x80048d19'],
    ['a direction as text', CALL, { directioncode: 'incoming' }, 400, '0x80048d19'],
    ['a subject that is too long', CALL, { subject: 'x'.repeat(201) }, 400, '0x80044331'],
    [
      'a call without a contact',
      CALL,
      { 'regardingobjectid_contact_phonecall@odata.bind': undefined },
      400,
      '0x80040203',
    ],
    ['a call without parties', CALL, { phonecall_activity_parties: [] }, 400, '0x80040203'],
    [
      'a contact that does not exist',
      CALL,
      { 'regardingobjectid_contact_phonecall@odata.bind': "/contacts(new_extkey='p2')" },
      404,
      '0x80060891',
    ],
    ['a state together with the call', CALL, COMPLETED, 400, '0x80048408'],
  ])('refuses %s', async (_what, call, change, status, code) => {
    await client.call('PATCH', CONTACT, { lastname: 'Doe' });
    const response = await client.call('PATCH', PHONE_CALL, { ...call, ...change });
    expect(response).toMatchObject({ status, body: { error: { code } } });
  });

  it('refuses a wrong state, the key in the body, a wrong key, other headers and another version', async () => {
    await client.call('PATCH', CONTACT, { lastname: 'Doe' });
    await client.call('PATCH', PHONE_CALL, CALL);
    const code = async (...request: Parameters<FakeCrmClient['call']>) => {
      const { status, body } = await client.call(...request);
      return [status, (body as { error?: { code: string } } | undefined)?.error?.code];
    };
    expect(await code('PATCH', PHONE_CALL, { statecode: 1, statuscode: 1 })).toEqual([400, '0x80048408']);
    expect(await code('PATCH', CONTACT, { new_extkey: 'p1' })).toEqual([400, '0x80048d19']);
    expect(await code('PATCH', `${API}/contacts(phone='1')`, {})).toEqual([400, '0x80060888']);
    expect(await code('PATCH', `${API}/contacts(new_extkey='%2B1')`, {})).toEqual([400, '0x8006088a']);
    expect(await code('PATCH', CONTACT, {}, { 'odata-version': '3.0' })).toEqual([400, '0x80060888']);
    expect(await code('PATCH', CONTACT.replace('v9.2', 'v8.0'), {})).toEqual([404, undefined]);
  });

  it('issues tokens of Entra ID for its own scope', async () => {
    const path = '/11111111-2222-3333-4444-555555555555/oauth2/v2.0/token';
    const scope = 'https://crm.example.com/.default';
    const form = { grant_type: 'client_credentials', client_id: 'K', client_secret: 'S', scope };
    client.token = `fake-token-${FAKE_START_MS}-1`;
    expect(await client.form(path, form)).toEqual({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3_599, access_token: client.token },
    });
    expect((await client.call('PATCH', CONTACT, { lastname: 'Doe' })).status).toBe(204);
    client.nowMs += 3_599_000;
    expect(await client.call('PATCH', CONTACT, { lastname: 'Doe' })).toEqual({ status: 401 });
    expect(await client.form(path, { ...form, client_secret: 'X' })).toMatchObject({
      status: 401,
      body: { error: 'invalid_client', error_codes: [7_000_215] },
    });
    expect(await client.form(path, { ...form, scope: 'x' })).toMatchObject({
      status: 400,
      body: { error: 'invalid_scope' },
    });
  });

  it('returns the alternate keys, and the privileges of its user', async () => {
    const keys = `${API}/EntityDefinitions(LogicalName='contact')/Keys?$select=KeyAttributes,EntityKeyIndexStatus`;
    expect(await client.call('GET', keys)).toEqual({
      status: 200,
      body: { value: [{ LogicalName: 'new_extkey', KeyAttributes: ['new_extkey'], EntityKeyIndexStatus: 'Active' }] },
    });
    const { body } = await client.call('GET', `${API}/WhoAmI`);
    const { UserId } = body as { UserId: string };
    const path = `${API}/systemusers(${UserId})/Microsoft.Dynamics.CRM.RetrieveUserPrivileges()`;
    const privilege = { PrivilegeName: 'prvCreateContact', Depth: 'Global' };
    expect((await client.call('GET', path)).body).toMatchObject({
      RolePrivileges: expect.arrayContaining([privilege]),
    });
    client.setFaults({ fault: 'no-permission' });
    expect((await client.call('GET', path)).body).not.toMatchObject({
      RolePrivileges: expect.arrayContaining([privilege]),
    });
  });

  it.each([
    ['lock', 412, { code: '0x80060882' }],
    ['two-matches', 412, { code: '0x80040333' }],
    ['no-permission', 403, { code: '0x80040220' }],
    ['no-key', 400, { code: '0x80060888' }],
  ])('answers as Dataverse with the fault %s', async (fault, status, error) => {
    client.setFaults({ fault });
    expect(await client.call('PATCH', CONTACT, { lastname: 'Doe' })).toMatchObject({ status, body: { error } });
    expect(client.crm.state.contacts).toBe(0);
  });

  it('says how long to wait when a limit is exceeded', async () => {
    client.setFaults({ fault: 'quota', forSeconds: 90 });
    expect(await client.call('PATCH', CONTACT, {})).toMatchObject({ status: 429, headers: { 'retry-after': '90' } });
  });
});
