import { describe, expect, it } from '@jest/globals';
import { salesforce } from '../../../lambdas/connectors/salesforce/connector.ts';
import { drive, meaningOf } from '../../harness/drive-connector.ts';
import { CALL, DESCRIPTION, upsert } from '../../harness/sample-actions.ts';

const CONTACT = '/services/data/v68.0/sobjects/Contact/CrmKey__c/p15550100';
const TASK = '/services/data/v68.0/sobjects/Task/ConvId__c/c-42';
const OK = { status: 200, body: { id: '003', success: true, errors: [], created: false } };
const CREATED = { status: 201, body: { id: '003', success: true, errors: [], created: true } };
const refusal = (errorCode: string, message = '') => [{ message, errorCode }];
const TASK_BODY = {
  Subject: 'Call +15550100',
  Status: 'Completed',
  TaskSubtype: 'Call',
  ActivityDate: '2026-11-26',
  CallType: 'Inbound',
  CallDurationInSeconds: 63,
  CallDisposition: 'Connected',
  Description: DESCRIPTION,
  Who: { attributes: { type: 'Contact' }, CrmKey__c: 'p15550100' },
};
const MISSING = {
  status: 400,
  body: refusal('INVALID_FIELD', 'Foreign key external ID: p15550100 not found for field CrmKey__c in entity Contact'),
};

describe('the Salesforce connector', () => {
  it('upserts a contact by its external id in one request', async () => {
    const driven = await drive(salesforce, upsert({ Phone: '+15550100' }), [CREATED]);
    expect(driven.requests).toEqual([{ method: 'PATCH', path: CONTACT, body: { Phone: '+15550100' } }]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('only updates a contact that exists, without the fields of a new one', async () => {
    const action = upsert({ Phone: '+15550100' }, { LastName: '+15550100' });
    const driven = await drive(salesforce, action, [OK]);
    expect(driven.requests).toEqual([
      { method: 'PATCH', path: `${CONTACT}?updateOnly=true`, body: { Phone: '+15550100' } },
    ]);
  });

  it.each([
    { status: 404, body: refusal('NOT_FOUND') },
    { status: 400, body: refusal('REQUIRED_FIELD_MISSING', 'Required fields are missing: [LastName]') },
  ])('creates a contact that does not exist ($status)', async (missing) => {
    const action = upsert({ Phone: '+15550100' }, { LastName: '+15550100' });
    const driven = await drive(salesforce, action, [missing, CREATED]);
    expect(driven.requests[1]).toEqual({
      method: 'PATCH',
      path: CONTACT,
      body: { LastName: '+15550100', Phone: '+15550100' },
    });
    expect(meaningOf(driven)).toBe('success');
  });

  it('repeats an upsert once that lost a race', async () => {
    const lost = { status: 400, body: refusal('DUPLICATE_VALUE', 'duplicate value found: CrmKey__c') };
    const won = await drive(salesforce, upsert({}), [lost, OK]);
    expect([won.requests.length, meaningOf(won)]).toEqual([2, 'success']);
    expect(won.requests[1]).toEqual(won.requests[0]);
    expect(meaningOf(await drive(salesforce, upsert({}), [lost, lost]))).toBe('permanent');
  });

  it('logs a call of a contact that exists in one request', async () => {
    const driven = await drive(salesforce, CALL, [CREATED]);
    expect(driven.requests).toEqual([{ method: 'PATCH', path: TASK, body: TASK_BODY }]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('creates the contact of a call if it does not exist', async () => {
    const driven = await drive(salesforce, CALL, [MISSING, CREATED, CREATED]);
    expect(driven.requests).toEqual([
      { method: 'PATCH', path: TASK, body: TASK_BODY },
      { method: 'PATCH', path: CONTACT, body: { LastName: '+15550100', Phone: '+15550100' } },
      { method: 'PATCH', path: TASK, body: TASK_BODY },
    ]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('writes what the call does not have nowhere', async () => {
    const { outcome: _outcome, from: _from, to: _to, queue: _queue, ...bare } = CALL;
    const driven = await drive(salesforce, { ...bare, direction: 'outbound', notes: 'n' }, [MISSING, OK, OK]);
    const { CallDisposition: _disposition, ...rest } = TASK_BODY;
    const Description = 'Outbound call, 63 s\nConversation: c-42\nn';
    expect(driven.requests[0]?.body).toEqual({ ...rest, Subject: 'Call', CallType: 'Outbound', Description });
    expect(driven.requests[1]?.body).toEqual({ LastName: 'p15550100' });
  });

  it('encodes the key as one segment of the path, and uses the configured names', async () => {
    const settings = { apiVersion: 'v67.0', contactKey: 'Ext__c', contactObject: 'Lead', callKey: 'C__c' };
    const contact = await drive(salesforce, { ...upsert({}), key: '+1/ä' }, [OK], settings);
    expect(contact.requests[0]?.path).toBe('/services/data/v67.0/sobjects/Lead/Ext__c/%2B1%2F%C3%A4');
    const call = await drive(salesforce, CALL, [OK], settings);
    expect(call.requests[0]?.path).toBe('/services/data/v67.0/sobjects/Task/C__c/c-42');
    expect(call.requests[0]?.body).toMatchObject({ Who: { attributes: { type: 'Lead' }, Ext__c: 'p15550100' } });
  });

  it('sends a request of the mapping as it is', async () => {
    const action = { kind: 'request', method: 'POST', path: '/x?y=1', headers: { a: 'b' }, body: [1] } as const;
    const { requests } = await drive(salesforce, action, [OK]);
    expect(requests).toEqual([{ method: 'POST', path: '/x?y=1', headers: { a: 'b' }, body: [1] }]);
  });

  it.each([
    [400, refusal('UNABLE_TO_LOCK_ROW'), 'conflict'],
    [500, refusal('UNABLE_TO_LOCK_ROW'), 'conflict'],
    [400, refusal('QUERY_TIMEOUT'), 'transient'],
    [400, refusal('INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY'), 'permission'],
    [400, refusal('INVALID_FIELD_FOR_INSERT_UPDATE'), 'permission'],
    [400, refusal('API_DISABLED_FOR_ORG'), 'permission'],
    [403, refusal('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'), 'throttled'],
    [403, refusal('REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.'), 'transient'],
    [400, refusal('REQUIRED_FIELD_MISSING'), 'permanent'],
    [404, refusal('NOT_FOUND'), 'permanent'],
  ])('gives a %i %j its meaning: %s', async (status, body, meaning) => {
    expect(meaningOf(await drive(salesforce, upsert({}), [{ status, body }]))).toBe(meaning);
  });

  it.each([
    [400, refusal('FIELD_CUSTOM_VALIDATION_EXCEPTION')],
    [400, refusal('INVALID_FIELD', 'No such column')],
    [400, refusal('MALFORMED_ID')],
    [400, refusal('STRING_TOO_LONG')],
    [400, refusal('INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST')],
    [400, refusal('FIELD_INTEGRITY_EXCEPTION')],
    [400, refusal('JSON_PARSER_ERROR')],
    [400, refusal('ENTITY_IS_LOCKED')],
    [401, refusal('INVALID_SESSION_ID')],
    [403, refusal('INSUFFICIENT_ACCESS')],
    [500, refusal('UNKNOWN_EXCEPTION')],
    [503, refusal('SERVER_UNAVAILABLE')],
    [400, undefined],
  ])('leaves a %i %j the meaning of its status', async (status, body) => {
    expect(meaningOf(await drive(salesforce, upsert({}), [{ status, body }]))).toBeUndefined();
  });

  it('never chooses among several contacts, and names them', async () => {
    const paths = ['/services/data/v68.0/sobjects/Contact/0031', '/services/data/v68.0/sobjects/Contact/0032'];
    const several = await drive(salesforce, upsert({}), [{ status: 300, body: paths }]);
    expect(several.response).toMatchObject({ meaning: { kind: 'ambiguous', candidates: paths } });
    const records = [{ record: { Id: '0031' } }, { record: { Id: '0032' } }];
    const body = [{ errorCode: 'DUPLICATES_DETECTED', duplicateResult: { matchResults: [{ matchRecords: records }] } }];
    const duplicates = await drive(salesforce, upsert({}), [{ status: 400, body }]);
    expect(duplicates.response).toMatchObject({ meaning: { kind: 'ambiguous', candidates: ['0031', '0032'] } });
  });

  it('waits half an hour after the quota of the day is used up', async () => {
    const body = refusal('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.');
    const driven = await drive(salesforce, upsert({}), [{ status: 403, body }]);
    expect(driven.response).toMatchObject({ meaning: { kind: 'throttled', waitMs: 1_800_000 } });
  });
});
