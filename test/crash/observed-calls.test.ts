import { describe, expect, it } from '@jest/globals';
import { observedCall } from './observed-calls.ts';

const target = (operation: string) => ({ 'x-amz-target': `Service_20120810.${operation}` });
const transaction = (pk: string, status: string) =>
  JSON.stringify({ TransactItems: [{ Put: { Item: { pk: { S: pk }, status: { S: status } } } }, { Update: {} }] });

const AT = { quarantineName: 'quarantine', path: '/' };

describe('a call seen from outside', () => {
  it.each([
    ['IN_PROGRESS', 'claim'],
    ['COMPLETED', 'settle'],
    ['FAILED', 'settle'],
    ['QUARANTINED', 'settle_quarantined'],
  ])('that writes an event as %s is a %s', (status, kind) => {
    const call = observedCall('dynamodb', target('TransactWriteItems'), transaction('EVENT#e.1', status), AT);
    expect(call).toEqual({ kind, eventIds: ['e.1'] });
  });

  it('may write the event’s row alone', () => {
    const body = JSON.stringify({ Item: { pk: { S: 'EVENT#e.1' }, status: { S: 'IGNORED' } } });
    expect(observedCall('dynamodb', target('PutItem'), body, AT)).toEqual({ kind: 'settle', eventIds: ['e.1'] });
  });

  it('is ignored if it reads, or writes another row', () => {
    expect(observedCall('dynamodb', target('BatchGetItem'), '{}', AT)).toBeUndefined();
    expect(
      observedCall('dynamodb', target('TransactWriteItems'), transaction('CIRCUIT#crm', 'OPEN'), AT),
    ).toBeUndefined();
  });

  it.each([
    ['delivery', 'send_to_delivery'],
    ['quarantine', 'send_to_quarantine'],
  ])('that sends to the %s queue is a %s', (queue, kind) => {
    const QueueUrl = `http://127.0.0.1:1/000000000000/${queue}`;
    const body = JSON.stringify({ QueueUrl, MessageAttributes: { eventId: { StringValue: 'e.1' } } });
    expect(observedCall('sqs', target('SendMessage'), body, AT)).toEqual({ kind, eventIds: ['e.1'] });
  });

  it('may send many, as the redrive function does, and deletes without a name', () => {
    const Entries = ['e.1', 'e.2'].map((StringValue) => ({ MessageAttributes: { eventId: { StringValue } } }));
    const body = JSON.stringify({ QueueUrl: 'http://127.0.0.1:1/000000000000/delivery', Entries });
    const call = observedCall('sqs', target('SendMessageBatch'), body, AT);
    expect(call).toEqual({ kind: 'redrive_send', eventIds: ['e.1', 'e.2'] });
    expect(observedCall('sqs', target('DeleteMessageBatch'), '{}', AT)).toEqual({ kind: 'delete', eventIds: [] });
  });

  it('to the CRM is of the event that its key names', () => {
    expect(observedCall('crm', { 'idempotency-key': 'e.1' }, '{}', AT)).toEqual({
      kind: 'crm_call',
      eventIds: ['e.1'],
    });
  });

  it.each([
    ['contacts/batch/upsert', 'crm_call', ['e.1']],
    ['calls/batch/upsert', 'second_crm_request', ['e.1']],
    ['calls/7/associations/default/contacts/8', 'third_crm_request', []],
  ])('to HubSpot at %s is a %s', (end, kind, eventIds) => {
    const body = kind === 'third_crm_request' ? '' : JSON.stringify({ inputs: [{ objectWriteTraceId: 'e.1' }] });
    const path = `/crm/objects/2026-09/${end}`;
    expect(observedCall('crm', {}, body, { ...AT, path })).toEqual({ kind, eventIds });
  });

  it('is ignored if it asks HubSpot for a token', () => {
    expect(observedCall('crm', {}, 'grant_type=x', { ...AT, path: '/oauth/2026-09/token' })).toBeUndefined();
  });
});
