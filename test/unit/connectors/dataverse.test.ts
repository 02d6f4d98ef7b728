import { describe, expect, it } from '@jest/globals';
import { dataverse } from '../../../lambdas/connectors/dataverse/connector.ts';
import { drive, meaningOf } from '../../harness/drive-connector.ts';
import { CALL, DESCRIPTION, upsert } from '../../harness/sample-actions.ts';

const ODATA = { 'odata-version': '4.0', 'odata-maxversion': '4.0' };
const CONTACT = "/api/data/v9.2/contacts(new_extkey='p15550100')";
const BIND = "/contacts(new_extkey='p15550100')";
/**
 * The id is the version 5 UUID of `c-42` under the connector's namespace, by Python's `uuid.uuid5`.
 */
const PHONE_CALL = '/api/data/v9.2/phonecalls(feb2c665-1e7a-51db-9a68-88719cdc20ef)';
const DONE = { status: 204 };
const refusal = (code: string, message = '') => ({ error: { code, message } });
const EXISTS = { status: 412, body: refusal('0x80060892', 'Entity Key Key violated. A record with the same value') };
const PHONE_CALL_BODY = {
  subject: 'Call +15550100',
  phonenumber: '+15550100',
  description: DESCRIPTION,
  directioncode: false,
  actualdurationminutes: 2,
  actualstart: '2026-11-26T10:00:00.000Z',
  actualend: '2026-11-26T10:01:03.000Z',
  'regardingobjectid_contact_phonecall@odata.bind': BIND,
  phonecall_activity_parties: [{ 'partyid_contact@odata.bind': BIND, participationtypemask: 1 }],
};
const COMPLETE = { method: 'PATCH', path: PHONE_CALL, headers: ODATA, body: { statecode: 1, statuscode: 4 } };

describe('the Dataverse connector', () => {
  it('upserts a contact by its alternate key in one request', async () => {
    const driven = await drive(dataverse, upsert({ telephone1: '+15550100' }), [DONE]);
    const body = { telephone1: '+15550100' };
    expect(driven.requests).toEqual([{ method: 'PATCH', path: CONTACT, headers: ODATA, body }]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('only updates a contact that exists, without the columns of a new one', async () => {
    const driven = await drive(dataverse, upsert({ telephone1: '1' }, { lastname: 'x' }), [DONE]);
    const headers = { ...ODATA, 'if-match': '*' };
    expect(driven.requests).toEqual([{ method: 'PATCH', path: CONTACT, headers, body: { telephone1: '1' } }]);
  });

  it('creates a contact that does not exist with all its columns', async () => {
    const missing = { status: 404, body: refusal('0x80060891') };
    const driven = await drive(dataverse, upsert({ telephone1: '1' }, { lastname: 'x' }), [missing, DONE]);
    const body = { lastname: 'x', telephone1: '1' };
    expect(driven.requests[1]).toEqual({ method: 'PATCH', path: CONTACT, headers: ODATA, body });
  });

  it('repeats an upsert once that lost a race; then the key is another record’s', async () => {
    const won = await drive(dataverse, upsert({}), [EXISTS, DONE]);
    expect([won.requests.length, meaningOf(won)]).toEqual([2, 'success']);
    expect(meaningOf(await drive(dataverse, upsert({}), [EXISTS, EXISTS]))).toBe('ambiguous');
  });

  it.each([DONE, EXISTS])('logs a call: contact unless it exists ($status), call, state', async (contact) => {
    const driven = await drive(dataverse, CALL, [contact, DONE, DONE]);
    expect(driven.requests).toEqual([
      {
        method: 'POST',
        path: '/api/data/v9.2/contacts',
        headers: ODATA,
        body: { new_extkey: 'p15550100', lastname: '+15550100', telephone1: '+15550100' },
      },
      { method: 'PATCH', path: PHONE_CALL, headers: ODATA, body: PHONE_CALL_BODY },
      COMPLETE,
    ]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('logs an outgoing call as made, to the contact', async () => {
    const call = { ...CALL, direction: 'outbound', from: '+15550199', to: '+15550100' } as const;
    const { requests } = await drive(dataverse, call, [EXISTS, DONE, DONE]);
    expect(requests[1]?.body).toMatchObject({
      directioncode: true,
      phonenumber: '+15550100',
      phonecall_activity_parties: [{ participationtypemask: 2 }],
    });
    expect(requests[2]?.body).toEqual({ statecode: 1, statuscode: 2 });
  });

  it.each([
    { status: 400, body: refusal('0x8004022e') },
    { status: 403, body: refusal('', 'Cannot update Closed or Cancelled Activity') },
  ])('takes a call that is completed already for logged ($status)', async (closed) => {
    const driven = await drive(dataverse, CALL, [EXISTS, closed, { status: 200, body: { statecode: 1 } }]);
    const path = `${PHONE_CALL}?$select=statecode`;
    expect(driven.requests[2]).toEqual({ method: 'GET', path, headers: ODATA });
    expect(meaningOf(driven)).toBe('success');
    const cancelled = await drive(dataverse, CALL, [EXISTS, closed, { status: 200, body: { statecode: 2 } }]);
    expect(meaningOf(cancelled)).toBe('permanent');
  });

  it('writes a quote in a key twice', async () => {
    const { requests } = await drive(dataverse, { ...upsert({}), key: "o'neil ä" }, [DONE], { contactKey: 'k' });
    expect(requests[0]?.path).toBe("/api/data/v9.2/contacts(k='o''neil%20%C3%A4')");
  });

  it('takes no key with a character that breaks a URL', () => {
    expect(['p15550100', '+15550100', 'a/b', 'a&b'].map((key) => dataverse.contactKeyForm?.test(key))).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });

  it.each([
    [404, refusal('0x80060891'), 'permanent'],
    [404, refusal('0x80040217'), 'permanent'],
    [412, refusal('0x80060882'), 'conflict'],
    [412, refusal('0x80040333'), 'ambiguous'],
    [500, refusal('0x80040333'), 'ambiguous'],
    [412, refusal('0x80040237'), 'ambiguous'],
  ])('gives a %i %j its meaning: %s', async (status, body, meaning) => {
    const call = { kind: 'request', method: 'POST', path: '/x' } as const;
    expect(meaningOf(await drive(dataverse, call, [{ status, body }]))).toBe(meaning);
  });

  it.each([
    [400, refusal('0x80040203')],
    [400, refusal('0x8004431a')],
    [400, refusal('0x80060890')],
    [400, refusal('0x80048d19')],
    [400, refusal('0x80040265')],
    [401, undefined],
    [403, refusal('0x80040220')],
    [403, refusal('0x80048306')],
    [403, refusal('0x80040225')],
    [429, refusal('0x80072321')],
    [429, refusal('0x80072322')],
    [429, refusal('0x80072326')],
    [502, undefined],
    [503, undefined],
    [504, undefined],
    [400, refusal('')],
  ])('leaves a %i %j the meaning of its status', async (status, body) => {
    expect(meaningOf(await drive(dataverse, upsert({}), [{ status, body }]))).toBeUndefined();
  });
});
