/** Events of the partner event bus, as EventBridge puts them into a queue. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crmMapping } from '../../../../lambdas/connectors/rest/mapping.ts';
import type { PipelineEvent } from '../../../../lambdas/domain/event/event.ts';
import { eventKey } from '../../../../lambdas/domain/event/event-key.ts';
import { parseSourceEvent } from '../../../../lambdas/domain/event/parse-event.ts';

const FIXTURES = new URL('../../../fixtures/partner/', import.meta.url);
const CONVERSATION = 'v2.detail.events.conversation';

type Json = Readonly<Record<string, unknown>>;

function parse(body: unknown, origin = 'by-hand') {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return parseSourceEvent(bytes, origin);
}

function eventOf(body: unknown): PipelineEvent {
  const parsed = parse(body);
  if (parsed.kind !== 'event') throw new Error(parsed.reason);
  return parsed.event;
}

function fixture(name: string): unknown {
  return JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'));
}

/** A customer's voice event with these fields changed. */
function customerEvent(eventBody: Json = {}, detail: Json = {}, envelope: Json = {}): Json {
  const own = { eventTime: 1_769_851_800_000, conversationId: 'c-1', participantId: 'p-1', sessionId: 's-1' };
  return {
    id: 'eb-1',
    'detail-type': `${CONVERSATION}.{id}.customer.end`,
    source: 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts',
    time: '2026-01-31T09:30:02Z',
    ...envelope,
    detail: {
      topicName: `${CONVERSATION}.c-1.customer.end`,
      timestamp: '2026-01-31T09:30:01.500Z',
      ...detail,
      eventBody: { ...own, direction: 'INBOUND', ani: 'tel:+15550101', dnis: 'tel:+15550900', ...eventBody },
    },
  };
}

describe('the canonical event of the samples', () => {
  it('is that of a chat’s start, word for word', () => {
    const body = fixture('01-customer-start.json') as Json;
    const topic = `${CONVERSATION}.2f7bf00a-0fc2-4d6a-9b56-92238191433e.customer.start`;
    expect(parse(body)).toEqual({
      kind: 'event',
      event: {
        id: `${topic}|9fb2ca78-8389-4758-b76a-9b0300de1fce|c03d300e-fa79-4353-9695-b97a71322785|1649237444949`,
        source: 'genesys-partner-bus',
        type: `${CONVERSATION}.{id}.customer.start`,
        timestamp: '2022-04-06T09:30:44.949Z',
        timestampMs: 1_649_237_444_949,
        subMillis: '',
        body,
        eventBody: (body.detail as Json).eventBody,
      },
    });
  });

  it.each<[string, string, RegExp, string | undefined]>([
    ['02-customer-end.json', `${CONVERSATION}.{id}.customer.end`, /\|1649237504949$/, undefined],
    [
      '03-audit-user-presence.json',
      'v2.audits.entitytype.{id}.entityid.{id}',
      /^b8775049-2993-450d-97d7-5d7c784d7cc9$/,
      undefined,
    ],
    ['06-user-end.json', `${CONVERSATION}.{id}.user.end`, /\|test-session-id\|1765552507657$/, '+15555550457'],
    ['08-flow-outcome.json', `${CONVERSATION}.{id}.flow.outcome`, /\|test-session-id\|1765551750107$/, '+15555550520'],
  ])('is read of %s, and the shipped mapping ignores it', (name, type, id, contactAddress) => {
    const event = eventOf(fixture(name));
    expect([event.type, event.contactAddress]).toEqual([type, contactAddress]);
    expect(event.id).toMatch(id);
    expect(crmMapping(event)).toEqual({ kind: 'ignore', cause: name.startsWith('02') ? 'no_address' : 'event_type' });
  });

  it('is read of every fixture, each under an id of its own', () => {
    const files = readdirSync(FIXTURES).filter((name) => name.endsWith('.json'));
    const events = files.flatMap((name) => fixture(name)).map(eventOf);
    expect(events.length).toBeGreaterThanOrEqual(25);
    expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
  });
});

describe('the shipped mapping', () => {
  it('calls the CRM for starts and ends of customers that have an address, and ignores the rest', () => {
    const mapped = (fixture('more-events.json') as Json[]).map(eventOf).map((event) => {
      const result = crmMapping(event);
      const family = event.type.replace(`${CONVERSATION}.{id}.`, '');
      return result.kind === 'deliver' ? `${family} → ${result.orderingKey}` : `${family} ${result.kind}`;
    });
    expect(mapped).toEqual([
      'customer.start → +15550101',
      'customer.end → +15550101',
      'customer.start → +15550102',
      'customer.end → jane.doe@customer.example',
      'customer.start → +15550103',
      'customer.start → +15550104',
      'customer.end ignore',
      'acd.start ignore',
      'acd.end ignore',
      'user.start ignore',
      'acw ignore',
      'wrapup ignore',
      'flow.start ignore',
      'flow.end ignore',
      'voicemail.start ignore',
      'attributes ignore',
      'v2.users.{id}.activity ignore',
      'v2.audits.entitytype.{id}.entityid.{id} ignore',
      'v2.conversations.{id}.transcription ignore',
      'v2.something.nobody.has.heard.of.{id} ignore',
    ]);
  });

  it('gives a contact the same key and the same field, whichever way its event came', () => {
    const webhook = eventOf({
      eventBridgeEventId: 'e-1',
      eventType: 'interaction.ended',
      eventTimestamp: '2026-01-31T09:30:00.000Z',
      interaction: { to: '+15550101' },
    });
    expect(crmMapping(eventOf(customerEvent()))).toEqual(crmMapping(webhook));
  });

  it('ignores a topic that is called like the webhook’s types', () => {
    expect(crmMapping(eventOf(customerEvent({}, {}, { 'detail-type': 'interaction.created' })))).toEqual({
      kind: 'ignore',
      cause: 'event_type',
    });
  });

  it('calls an address invalid that is longer than the CRM’s field', () => {
    expect(crmMapping(eventOf(customerEvent({ ani: `tel:${'1'.repeat(257)}` })))).toEqual({
      kind: 'invalid',
      reason: 'the customer’s address: must be a string of 1 to 256 characters',
    });
  });
});

describe('the customer’s address', () => {
  it.each<[string, Json, string | undefined]>([
    ['where the call came from', {}, '+15550101'],
    ['where an outbound call went', { direction: 'OUTBOUND' }, '+15550900'],
    ['found whatever case the direction is in', { direction: 'Outbound' }, '+15550900'],
    ['where an outbound message went', { direction: 'OUTBOUND', dnis: undefined, addressTo: '+1777' }, '+1777'],
    ['where a message came from', { ani: undefined, addressFrom: 'jane@example.com' }, 'jane@example.com'],
    ['dnis before the address of a message', { direction: 'OUTBOUND', addressTo: '+1777' }, '+15550900'],
    ['without sip:', { ani: 'sip:jane@example.com' }, 'jane@example.com'],
    ['without TEL:', { ani: 'TEL:+1777' }, '+1777'],
    ['as it is without a prefix', { ani: '+1777' }, '+1777'],
    ['absent where only the prefix is there', { ani: 'tel:' }, undefined],
    ['absent for a withheld caller', { ani: 'sip:anonymous@anonymous.invalid' }, undefined],
    ['absent where it is no text', { ani: 15550101 }, undefined],
    ['absent without a direction', { direction: undefined }, undefined],
    ['absent in an unknown direction', { direction: 'UNKNOWN' }, undefined],
    ['absent in a direction that every object has', { direction: 'constructor' }, undefined],
  ])('is %s', (_what, changes, expected) => {
    expect(eventOf(customerEvent(changes)).contactAddress).toBe(expected);
  });
});

describe('the time', () => {
  it.each<[string, Json, string]>([
    ['eventTime in milliseconds', customerEvent(), '2026-01-31T09:30:00.000Z'],
    ['eventTime in ISO 8601', customerEvent({ eventTime: '2026-01-31T10:29:59.5+01:00' }), '2026-01-31T09:29:59.500Z'],
    [
      'that of publication where eventTime is missing',
      customerEvent({ eventTime: undefined }),
      '2026-01-31T09:30:01.500Z',
    ],
    [
      'EventBridge’s where nothing else is there',
      customerEvent({ eventTime: undefined }, { timestamp: undefined }),
      '2026-01-31T09:30:02.000Z',
    ],
    [
      'older than everything if there is no time',
      customerEvent({ eventTime: null }, { timestamp: null }, { time: undefined }),
      '1970-01-01T00:00:00.000Z',
    ],
  ])('is %s', (_what, body, expected) => {
    const { timestamp, timestampMs } = eventOf(body);
    expect([new Date(timestamp).toISOString(), timestampMs]).toEqual([expected, Date.parse(expected)]);
  });

  it.each<[Json, string]>([
    [customerEvent({ eventTime: 'soon' }), 'eventBody.eventTime'],
    [customerEvent({ eventTime: 1e30 }), 'eventBody.eventTime'],
    [customerEvent({ eventTime: -1 }), 'eventBody.eventTime'],
    [customerEvent({ eventTime: undefined }, { timestamp: 5e20 }), 'detail.timestamp'],
  ])('is never replaced by another one if it cannot be read: %j', (body, field) => {
    expect(parse(body)).toEqual({
      kind: 'invalid',
      reason: `${field}: must be an ISO 8601 date and time with an offset, or epoch milliseconds`,
    });
  });
});

describe('the identity', () => {
  const TOPIC = `${CONVERSATION}.c-1.customer.end`;

  it('is topic, participant, session and time, whatever EventBridge and the publication say besides', () => {
    const again = customerEvent(
      {},
      { timestamp: '2026-01-31T09:30:09Z' },
      { id: 'eb-2', time: '2026-01-31T09:30:10Z' },
    );
    expect(eventOf(customerEvent()).id).toBe(`${TOPIC}|p-1|s-1|1769851800000`);
    expect(eventOf(again).id).toBe(`${TOPIC}|p-1|s-1|1769851800000`);
  });

  it('is the SHA-256 of that where it has other than visible ASCII, or is too long', () => {
    const jörg = customerEvent({ participantId: 'Jörg', eventTime: 1 });
    // printf '%s' 'v2.detail.events.conversation.c-1.customer.end|Jörg|s-1|1' | openssl dgst
    // -sha256
    expect(eventOf(jörg).id).toBe('e430f116eaace57014a8ee17564025176e7ba0140a477f6046e7b95c5db2b9cc');
    const rest = TOPIC.length + '|p-1||1769851800000'.length;
    expect(eventOf(customerEvent({ sessionId: 's'.repeat(256 - rest) })).id).toHaveLength(256);
    expect(eventOf(customerEvent({ sessionId: 's'.repeat(257 - rest) })).id).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, Json, Json]>([
    ['topic', {}, { topicName: undefined }],
    ['participant', { participantId: '' }, {}],
    ['session', { sessionId: 7 }, {}],
    ['time', { eventTime: undefined }, {}],
  ])('is a digest of what the event says where its %s is missing', (_part, eventBody, detail) => {
    const id = eventOf(customerEvent(eventBody, detail)).id;
    expect(id).toMatch(/^[0-9a-f]{64}$/);
    expect(eventOf(customerEvent(eventBody, detail, { id: 'eb-2', time: '2026-01-31T09:30:10Z' })).id).toBe(id);
    expect(eventOf(customerEvent({ ...eventBody, ani: 'tel:+1778' }, detail)).id).not.toBe(id);
  });

  it('distinguishes events that differ only in an integer beyond 2^53', () => {
    const [one, other] = ['9007199254740993', '9007199254740992'].map((id) =>
      eventOf(
        JSON.stringify(customerEvent({ sessionId: undefined, number: 0 })).replace('"number":0', `"number":${id}`),
      ),
    );
    expect(one?.id).not.toBe(other?.id);
  });

  it('is an audit’s own id, and a digest where it has none', () => {
    const audit = { topicName: 'v2.audits.entitytype.Queue.entityid.q-1' };
    expect(eventOf(customerEvent({ id: 'a-1' }, audit)).id).toBe('a-1');
    expect(eventOf(customerEvent({ id: 'ä' }, audit)).id).toMatch(/^[0-9a-f]{64}$/);
    expect(eventOf(customerEvent({}, audit)).id).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('whatever is in detail', () => {
  const ROW_KEY = /^EVENT#[\x21-\x7e]{1,256}$/;

  it('is an event with a valid row key, which the mapping can decide on', () => {
    const key = fc.constantFrom('topicName', 'timestamp', 'eventBody', 'metadata', '__proto__');
    const bodyKey = fc.constantFrom(
      'eventTime',
      'participantId',
      'sessionId',
      'id',
      'direction',
      'ani',
      'dnis',
      'addressTo',
    );
    const value = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.constantFrom('INBOUND', 'OUTBOUND', 'tel:', 'v2.audits.x', '2026-01-31T09:30:00Z'),
      fc.double(),
    );
    const detail = fc.oneof(fc.jsonValue(), fc.dictionary(key, fc.oneof(value, fc.dictionary(bodyKey, value))));
    const type = fc.constantFrom(`${CONVERSATION}.{id}.customer.start`, 'v2.audits.entitytype.{id}.entityid.{id}', 'é');
    fc.assert(
      fc.property(detail, type, (anything, detailType) => {
        const parsed = parse({ ...customerEvent(), 'detail-type': detailType, detail: anything });
        // Only a time that cannot be read is refused.
        if (parsed.kind === 'invalid')
          return expect(parsed.reason).toMatch(/^(eventBody\.eventTime|detail\.timestamp): must be/);
        expect(eventKey(parsed.event.id)).toMatch(ROW_KEY);
        expect(['deliver', 'ignore', 'invalid']).toContain(crmMapping(parsed.event).kind);
      }),
      { numRuns: 500 },
    );
  });

  it('may be nested deeper than it can be written again', () => {
    const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
    const body = JSON.stringify({ ...customerEvent(), detail: 0 }).replace(/0}$/, `{"eventBody":${deep}}}`);
    expect(eventOf(body).id).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe('the form', () => {
  it('is told by its shape only where the message has no envelope', () => {
    expect(parse(customerEvent(), 'genesys-webhook')).toEqual({
      kind: 'invalid',
      reason: expect.stringMatching(/^eventBridgeEventId: /),
    });
  });

  it.each<[string, Json]>([
    ['of another partner', { source: 'aws.partner/example.com/cloud/o/s' }],
    ['of a source that only begins like it', { source: 'aws.partner/genesys.com.evil/cloud/o/s' }],
    ['without a type', { 'detail-type': undefined }],
    ['with a type longer than EventBridge has', { 'detail-type': 'v'.repeat(257) }],
  ])('is not that of an event %s', (_what, envelope) => {
    expect(parse(customerEvent({}, {}, envelope)).kind).toBe('invalid');
  });

  it('of the webhook is read if a message was put into the queue by hand', () => {
    const bare = { eventBridgeEventId: 'e-1', eventType: 'x', eventTimestamp: '2026-01-31T09:30:00Z' };
    expect(eventOf(bare)).toMatchObject({ id: 'e-1', source: 'genesys-webhook' });
  });
});
