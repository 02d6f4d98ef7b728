import { describe, expect, it } from '@jest/globals';
import { crmMapping as dataverse } from '../../../lambdas/connectors/dataverse/mapping.ts';
import { crmMapping as hubspot } from '../../../lambdas/connectors/hubspot/mapping.ts';
import { crmMapping as salesforce } from '../../../lambdas/connectors/salesforce/mapping.ts';
import { crmMapping as zendesk } from '../../../lambdas/connectors/zendesk/mapping.ts';
import type { CrmMapping } from '../../../lambdas/domain/crm/mapping.ts';
import { BY_HAND } from '../../../lambdas/domain/delivery/envelope.ts';
import { parseSourceEvent } from '../../../lambdas/domain/event/parse-event.ts';

const MAPPINGS = { salesforce, hubspot, dataverse, zendesk };

function webhook(type: string, interaction: object): Buffer {
  const event = { eventBridgeEventId: 'e-1', eventType: type, eventTimestamp: '2026-11-26T10:01:03Z', interaction };
  return Buffer.from(JSON.stringify(event));
}

function partner(topic: 'start' | 'end', eventBody: object): Buffer {
  const body = {
    eventTime: 1_795_687_263_000,
    conversationId: 'c-42',
    participantId: 'p',
    sessionId: 's',
    ...eventBody,
  };
  return Buffer.from(
    JSON.stringify({
      source: 'aws.partner/genesys.com/cloud/0/x',
      'detail-type': `v2.detail.events.conversation.{id}.customer.${topic}`,
      detail: { topicName: `v2.detail.events.conversation.c-42.customer.${topic}`, eventBody: body },
    }),
  );
}

function mapped(mapping: CrmMapping, body: Buffer, origin = 'genesys-webhook') {
  const parsed = parseSourceEvent(body, body.includes('aws.partner') ? BY_HAND : origin);
  if (parsed.kind === 'invalid') throw new Error(parsed.reason);
  return mapping(parsed.event);
}

describe('the shipped mappings of vendors', () => {
  it.each([
    ['salesforce', { fields: { Phone: '+15550100' }, onCreate: { LastName: '+15550100' } }],
    ['hubspot', { fields: { phone: '+15550100' } }],
    ['dataverse', { fields: { telephone1: '+15550100' }, onCreate: { lastname: '+15550100' } }],
    [
      'zendesk',
      { fields: {}, onCreate: { name: '+15550100', phone: '+15550100', role: 'end-user', skip_verify_email: true } },
    ],
  ] as const)('update the contact when an interaction begins: %s', (name, fields) => {
    const expected = {
      kind: 'deliver',
      action: { kind: 'upsert-contact', key: 'p15550100', ...fields },
      orderingKey: 'contact/p15550100',
    };
    const begins = webhook('interaction.created', { id: 'c-42', to: 'tel:+1 555 0100' });
    expect(mapped(MAPPINGS[name], begins)).toEqual(expected);
    const bus = partner('start', { direction: 'INBOUND', ani: 'tel:+15550100' });
    expect(mapped(MAPPINGS[name], bus)).toEqual(expected);
  });

  it.each(Object.entries(MAPPINGS))(
    'log the call when an interaction ends, in the order of the conversation: %s',
    (_name, mapping) => {
      const inbound = partner('end', {
        direction: 'INBOUND',
        ani: 'tel:+15550100',
        dnis: 'tel:+15550199',
        interactingDurationMs: 63_000,
      });
      expect(mapped(mapping, inbound)).toEqual({
        kind: 'deliver',
        action: {
          kind: 'log-call',
          conversationId: 'c-42',
          contact: 'p15550100',
          startedAt: '2026-11-26T10:00:00.000Z',
          durationMs: 63_000,
          direction: 'inbound',
          from: '+15550100',
          to: '+15550199',
        },
        orderingKey: 'conversation/c-42',
      });
      const outbound = webhook('interaction.ended', { id: 'c-42', to: '+15550100', from: '+15550199' });
      expect(mapped(mapping, outbound)).toMatchObject({
        action: {
          startedAt: '2026-11-26T10:01:03.000Z',
          durationMs: 0,
          direction: 'outbound',
          from: '+15550199',
          to: '+15550100',
        },
      });
      expect(mapped(mapping, webhook('interaction.completed', { id: 'c', to: '+1' }))).toMatchObject({
        action: { kind: 'log-call' },
      });
    },
  );

  it.each(Object.entries(MAPPINGS))('ignore everything else, and say why: %s', (_name, mapping) => {
    expect(mapped(mapping, webhook('agent.login', {}))).toEqual({ kind: 'ignore', cause: 'event_type' });
    expect(mapped(mapping, webhook('interaction.created', { id: 'c', to: 'anonymous' }))).toEqual({
      kind: 'ignore',
      cause: 'withheld',
    });
    expect(mapped(mapping, partner('end', { direction: 'INBOUND' }))).toEqual({ kind: 'ignore', cause: 'no_address' });
    expect(mapped(mapping, Buffer.from('{"id":"m"}'), 'genesys-open-messaging')).toEqual({
      kind: 'ignore',
      cause: 'event_type',
    });
  });

  it.each([
    ['interaction.created', { id: 'c' }, 'interaction.to: must be a string of 1 to 256 characters'],
    [
      'interaction.created',
      { id: 'c', to: 'x'.repeat(257) },
      'interaction.to: must be a string of 1 to 256 characters',
    ],
    ['interaction.ended', { to: '+1' }, 'interaction.id: must be 1 to 256 visible ASCII characters'],
    ['interaction.ended', { id: 'ä', to: '+1' }, 'interaction.id: must be 1 to 256 visible ASCII characters'],
  ])('call %s %j invalid', (type, interaction, reason) => {
    expect(mapped(salesforce, webhook(type, interaction))).toEqual({ kind: 'invalid', reason });
  });

  it('make keys of letters and digits that tell addresses apart', () => {
    const keyOf = (to: string) => mapped(hubspot, webhook('interaction.created', { id: 'c', to }));
    expect(keyOf('5550100')).toMatchObject({ action: { key: 'n5550100', fields: { phone: '5550100' } } });
    expect(keyOf('ann@example.com')).toMatchObject({
      action: { key: 'a71d4f55f72fa128dfb468a1a3901507c', fields: {}, onCreate: { lastname: 'ann@example.com' } },
    });
  });
});
