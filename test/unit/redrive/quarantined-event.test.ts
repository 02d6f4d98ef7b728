/** Reading of messages by the redrive function, whatever their source. */
import { describe, expect, it } from '@jest/globals';
import { readQuarantined } from '../../../lambdas/redrive/quarantined-event.ts';

const RECEIVED = Date.parse('2026-01-31T09:30:00Z');

function read(body: unknown, attributes: Readonly<Record<string, string>> = {}) {
  const times = { sentAtMs: RECEIVED, firstReceivedAtMs: RECEIVED };
  const message = { messageId: 'm', body: JSON.stringify(body), attributes, receiveCount: 1, ...times };
  return readQuarantined({ message, receiptHandle: 'h' }).event;
}

describe('a quarantined event', () => {
  it('of the partner bus is known by its topic, and by the key of its row', () => {
    const event = {
      'detail-type': 'v2.detail.events.conversation.{id}.customer.end',
      source: 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts',
      detail: {
        topicName: 'v2.detail.events.conversation.c-1.customer.end',
        eventBody: { eventTime: RECEIVED, participantId: 'p-1', sessionId: 's-1' },
      },
    };
    expect(read(event)).toMatchObject({
      type: 'v2.detail.events.conversation.{id}.customer.end',
      key: `EVENT#v2.detail.events.conversation.c-1.customer.end|p-1|s-1|${RECEIVED}`,
    });
  });

  it('of Open Messaging is known by its id, time, type and status', () => {
    expect(read({ id: 'm-1', type: 'Text' }, { source: 'genesys-open-messaging' })).toMatchObject({
      type: 'open-messaging.Text',
      key: 'EVENT#m-1|Text',
    });
  });
});
