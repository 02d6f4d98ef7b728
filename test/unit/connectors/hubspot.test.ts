import { describe, expect, it } from '@jest/globals';
import { hubspot } from '../../../lambdas/connectors/hubspot/connector.ts';
import { drive, meaningOf } from '../../harness/drive-connector.ts';
import { CALL, DESCRIPTION, upsert } from '../../harness/sample-actions.ts';

const OBJECTS = '/crm/objects/2026-09';
const batch = (id: string) => ({ status: 200, body: { status: 'COMPLETE', results: [{ id, new: true }] } });
const error = (category: string) => ({ status: 'error', message: '', category });
const inBatch = (category: string) => ({ status: 'COMPLETE', results: [], numErrors: 1, errors: [error(category)] });
const contactUpsert = (properties: Readonly<Record<string, string>>) => ({
  method: 'POST',
  path: `${OBJECTS}/contacts/batch/upsert`,
  body: { inputs: [{ idProperty: 'ext_key', id: 'p15550100', objectWriteTraceId: 'e-1', properties }] },
});

describe('the HubSpot connector', () => {
  it('upserts a contact by its unique property in one request, with texts as values', async () => {
    const driven = await drive(hubspot, upsert({ phone: '+15550100', calls: 3, vip: true, city: null }), [
      batch('501'),
    ]);
    expect(driven.requests).toEqual([contactUpsert({ phone: '+15550100', calls: '3', vip: 'true', city: '' })]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('only updates a contact that exists, without the properties of a new one', async () => {
    const driven = await drive(hubspot, upsert({ phone: '1' }, { lastname: 'x' }), [{ status: 200, body: {} }]);
    const path = `${OBJECTS}/contacts/p15550100?idProperty=ext_key`;
    expect(driven.requests).toEqual([{ method: 'PATCH', path, body: { properties: { phone: '1' } } }]);
  });

  it('creates a contact that does not exist with all its properties', async () => {
    const missing = { status: 404, body: error('OBJECT_NOT_FOUND') };
    const driven = await drive(hubspot, upsert({ phone: '1' }, { lastname: 'x' }), [missing, batch('501')]);
    expect(driven.requests[1]).toEqual(contactUpsert({ lastname: 'x', phone: '1' }));
    expect(meaningOf(driven)).toBe('success');
  });

  it.each([
    { status: 409, body: error('CONFLICT') },
    { status: 207, body: inBatch('CONFLICT') },
  ])(
    'repeats an upsert once after a conflict ($status), and then gives up: another contact has the value',
    async (lost) => {
      const won = await drive(hubspot, upsert({ email: 'a@b.c' }), [lost, batch('501')]);
      expect([won.requests.length, meaningOf(won)]).toEqual([2, 'success']);
      expect(meaningOf(await drive(hubspot, upsert({}), [lost, lost]))).toBe('ambiguous');
    },
  );

  it('logs a call: contact, call, association', async () => {
    const replies = [batch('501'), batch('77'), { status: 200, body: {} }];
    const driven = await drive(hubspot, CALL, replies);
    expect(driven.requests).toEqual([
      contactUpsert({}),
      {
        method: 'POST',
        path: `${OBJECTS}/calls/batch/upsert`,
        body: {
          inputs: [
            {
              idProperty: 'conv_id',
              id: 'c-42',
              objectWriteTraceId: 'e-1',
              properties: {
                hs_timestamp: '2026-11-26T10:00:00.000Z',
                hs_call_title: 'Call +15550100',
                hs_call_body: DESCRIPTION,
                hs_call_duration: '63000',
                hs_call_direction: 'INBOUND',
                hs_call_status: 'COMPLETED',
                hs_call_disposition: 'f240bbac-87c9-4f6e-bf70-924b57d47db7',
                hs_call_from_number: '+15550100',
                hs_call_to_number: '+15550199',
              },
            },
          ],
        },
      },
      { method: 'PUT', path: `${OBJECTS}/calls/77/associations/default/contacts/501` },
    ]);
    expect(meaningOf(driven)).toBe('success');
  });

  it.each([
    ['no-answer', { hs_call_status: 'NO_ANSWER', hs_call_disposition: '73a0d17f-1163-4015-bdd5-ec830791da20' }],
    ['busy', { hs_call_status: 'BUSY', hs_call_disposition: '9d9162e7-6cf3-4944-bf63-4dff82258764' }],
    ['voicemail', { hs_call_status: 'COMPLETED', hs_call_disposition: 'b2cf5968-551e-4856-9783-52b3da59a7d0' }],
    ['failed', { hs_call_status: 'FAILED' }],
  ] as const)('says how a call ended: %s', async (outcome, properties) => {
    const { requests } = await drive(hubspot, { ...CALL, outcome }, [batch('501'), batch('77'), { status: 200 }]);
    expect(requests[1]?.body).toMatchObject({ inputs: [{ properties }] });
  });

  it('says that a call was partly logged if a later request fails', async () => {
    const { response } = await drive(hubspot, CALL, [batch('501'), { status: 500 }]);
    expect(response).toEqual({ kind: 'answered', status: 500, excerpt: '', isPartlyApplied: true });
  });

  it('takes a success without an id for a fault of the protocol', async () => {
    expect(meaningOf(await drive(hubspot, CALL, [{ status: 200, body: '<html>' }]))).toBe('protocol_error');
  });

  it.each([
    [207, undefined],
    [207, '{"status":"COMPLETE","errors":[{"cat'],
    [200, undefined],
    [200, { status: 'COMPLETE', results: [] }],
  ])('takes an upsert that was answered %i %j for a fault of the protocol, not for applied', async (status, body) => {
    expect(meaningOf(await drive(hubspot, upsert({}), [{ status, body }]))).toBe('protocol_error');
    const lost = { status: 409, body: error('CONFLICT') };
    expect(meaningOf(await drive(hubspot, upsert({}), [lost, { status, body }]))).toBe('protocol_error');
  });

  it('uses the configured version and properties', async () => {
    const settings = { apiVersion: '2026-03', contactKey: 'k' };
    const { requests } = await drive(hubspot, upsert({}), [batch('1')], settings);
    expect(requests[0]).toMatchObject({
      path: '/crm/objects/2026-03/contacts/batch/upsert',
      body: { inputs: [{ idProperty: 'k' }] },
    });
  });

  it.each([
    [207, inBatch('VALIDATION_ERROR'), 'permanent', undefined],
    [207, inBatch('OBJECT_NOT_FOUND'), 'permanent', undefined],
    [207, inBatch('MISSING_SCOPES'), 'permission', undefined],
    [207, inBatch('RATE_LIMITS'), 'throttled', 10_000],
    [207, inBatch('SOMETHING_NEW'), 'transient', undefined],
    [200, inBatch('VALIDATION_ERROR'), 'permanent', undefined],
    [404, error('OBJECT_NOT_FOUND'), 'permanent', undefined],
    [423, undefined, 'conflict', 2_000],
    [429, { ...error('RATE_LIMITS'), policyName: 'DAILY' }, 'throttled', 3_600_000],
    [429, { ...error('RATE_LIMITS'), policyName: 'TEN_SECONDLY_ROLLING' }, 'throttled', 10_000],
    [429, { ...error('RATE_LIMITS'), policyName: 'SECONDLY' }, 'throttled', 1_000],
    [429, 'no JSON', 'throttled', 10_000],
    [477, undefined, 'throttled', 3_600_000],
  ])('gives a %i %j its meaning: %s', async (status, body, kind, waitMs) => {
    const { response } = await drive(hubspot, upsert({}), [{ status, body }]);
    const wait = waitMs === undefined ? {} : { waitMs };
    expect(response).toMatchObject({ meaning: { kind, ...wait } });
  });

  it.each([
    [400, error('VALIDATION_ERROR')],
    [401, error('EXPIRED_AUTHENTICATION')],
    [401, error('INVALID_AUTHENTICATION')],
    [403, error('MISSING_SCOPES')],
    ...[500, 502, 503, 504, 521, 522, 523, 524].map((status) => [status, undefined] as const),
  ])('leaves a %i %j the meaning of its status', async (status, body) => {
    expect(meaningOf(await drive(hubspot, upsert({}), [{ status, body }]))).toBeUndefined();
  });
});
