import { describe, expect, it } from '@jest/globals';
import { zendesk } from '../../../lambdas/connectors/zendesk/connector.ts';
import { drive, meaningOf } from '../../harness/drive-connector.ts';
import { CALL, DESCRIPTION, upsert } from '../../harness/sample-actions.ts';

const USERS = '/api/v2/users/create_or_update.json';
const USER = { status: 200, body: { user: { id: 9, external_id: 'p15550100' } } };
const NO_TICKET = { status: 200, body: { tickets: [], count: 0 } };
const TICKET_CREATED = { status: 201, body: { ticket: { id: 77 } } };
const invalid = (details: unknown) => ({ error: 'RecordInvalid', description: 'Record validation errors', details });
const NAMELESS = { status: 422, body: invalid({ name: [{ description: 'Name: is too short' }] }) };
const userUpsert = (user: object) => ({ method: 'POST', path: USERS, body: { user } });
const CREATE_TICKET = {
  method: 'POST',
  path: '/api/v2/tickets.json',
  headers: { 'idempotency-key': 'c-42' },
  body: {
    ticket: {
      external_id: 'c-42',
      requester_id: 9,
      subject: 'Call +15550100',
      comment: { body: DESCRIPTION, public: false },
    },
  },
};

describe('the Zendesk connector', () => {
  it('creates or updates a user by the external id in one request', async () => {
    const driven = await drive(zendesk, upsert({ phone: '+15550100' }), [USER]);
    expect(driven.requests).toEqual([userUpsert({ external_id: 'p15550100', phone: '+15550100' })]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('leaves the name of a user that exists alone', async () => {
    const driven = await drive(zendesk, upsert({ phone: '1' }, { name: 'x' }), [USER]);
    expect(driven.requests).toEqual([userUpsert({ external_id: 'p15550100', phone: '1' })]);
  });

  it('names a user that does not exist', async () => {
    const driven = await drive(zendesk, upsert({ phone: '1' }, { name: 'x' }), [NAMELESS, { ...USER, status: 201 }]);
    expect(driven.requests[1]).toEqual(userUpsert({ external_id: 'p15550100', name: 'x', phone: '1' }));
  });

  it('logs a call of a user that exists as a ticket, after a look-up', async () => {
    const driven = await drive(zendesk, CALL, [USER, NO_TICKET, TICKET_CREATED]);
    expect(driven.requests).toEqual([
      userUpsert({ external_id: 'p15550100' }),
      { method: 'GET', path: '/api/v2/tickets.json?external_id=c-42' },
      CREATE_TICKET,
    ]);
    expect(meaningOf(driven)).toBe('success');
  });

  it('creates no second ticket for a conversation', async () => {
    const found = { status: 200, body: { tickets: [{ id: 77 }], count: 1 } };
    const driven = await drive(zendesk, CALL, [USER, found]);
    expect([driven.requests.length, meaningOf(driven)]).toEqual([2, 'success']);
  });

  it('creates the user of a call if it does not exist', async () => {
    const driven = await drive(zendesk, CALL, [NAMELESS, { ...USER, status: 201 }, TICKET_CREATED]);
    expect(driven.requests).toEqual([
      userUpsert({ external_id: 'p15550100' }),
      userUpsert({
        external_id: 'p15550100',
        name: '+15550100',
        phone: '+15550100',
        role: 'end-user',
        skip_verify_email: true,
      }),
      CREATE_TICKET,
    ]);
  });

  it('comes back later where another event of the conversation creates the ticket at the same time', async () => {
    const used = { status: 400, body: { error: 'IdempotentRequestError' } };
    expect(meaningOf(await drive(zendesk, CALL, [USER, NO_TICKET, used]))).toBe('conflict');
  });

  it.each([[[{ status: 200, body: '<html>' }]], [[USER, { status: 200, body: { tickets: null } }]]])(
    'takes a success without the promised content for a fault of the protocol',
    async (replies) => {
      expect(meaningOf(await drive(zendesk, CALL, replies))).toBe('protocol_error');
    },
  );

  it.each([
    [422, invalid({ email: [{ description: 'is used', error: 'DuplicateValue' }] }), 'ambiguous'],
    [422, invalid({ name: [{ description: 'is too short' }] }), 'permanent'],
    [400, { error: 'IdempotentRequestError' }, 'permanent'],
  ])('gives a %i %j its meaning: %s', async (status, body, meaning) => {
    expect(meaningOf(await drive(zendesk, upsert({}), [{ status, body }]))).toBe(meaning);
  });

  it.each([
    [422, invalid({ phone: [{ description: 'is invalid' }] })],
    [404, { error: 'RecordNotFound' }],
    [401, { error: 'invalid_token' }],
    [401, { error: "Couldn't authenticate you" }],
    [403, { error: 'Forbidden' }],
    [403, { error: { title: 'Forbidden', message: 'You do not have access' } }],
    [409, { error: 'DatabaseConflict' }],
    [409, { error: 'UpdateConflict' }],
    [429, undefined],
    [503, { error: 'DatabaseDeadlock' }],
  ])('leaves a %i %j the meaning of its status', async (status, body) => {
    expect(meaningOf(await drive(zendesk, upsert({}), [{ status, body }]))).toBeUndefined();
  });
});
