import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crmMapping } from '../../../../lambdas/connectors/rest/mapping.ts';
import { eventIdOf } from '../../../../lambdas/domain/delivery/event-id.ts';
import { parseEvent } from '../../../../lambdas/domain/event/event.ts';

const RECEIVED = Date.parse('2026-01-31T09:30:00Z');
const VALID = {
  eventBridgeEventId: 'e-1',
  eventType: 'interaction.created',
  eventTimestamp: '2026-01-31T10:29:59.5+01:00',
  interaction: { id: 'i-1', type: 'voice', to: '+15550100' },
};

function parse(body: unknown) {
  return parseEvent(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
}

describe('parseEvent', () => {
  it('reads an event, its timestamp in any offset, and keeps unknown fields', () => {
    expect(parse({ ...VALID, extra: { deep: [1] } })).toEqual({
      kind: 'event',
      event: {
        id: 'e-1',
        source: 'genesys-webhook',
        type: 'interaction.created',
        timestamp: '2026-01-31T10:29:59.5+01:00',
        timestampMs: RECEIVED - 500,
        subMillis: '',
        interaction: VALID.interaction,
        contactAddress: '+15550100',
        body: { ...VALID, extra: { deep: [1] } },
      },
    });
  });

  const timestampWanted =
    'eventTimestamp: must be an ISO 8601 date and time from 1970 on with an offset, such as 2026-01-31T09:30:00Z';
  const idWanted = 'eventBridgeEventId: must be 1 to 256 visible ASCII characters';
  it.each([
    ['no JSON', '{"a"', 'the body is not JSON'],
    ['nothing', '', 'the body is not JSON'],
    ['null', 'null', 'the body: must be a JSON object'],
    ['an array', '[]', 'the body: must be a JSON object'],
    ['no id', { ...VALID, eventBridgeEventId: undefined }, idWanted],
    ['an empty id', { ...VALID, eventBridgeEventId: '' }, idWanted],
    ['an id with a space', { ...VALID, eventBridgeEventId: 'a b' }, idWanted],
    ['an id with a control character', { ...VALID, eventBridgeEventId: 'a\u0007' }, idWanted],
    ['an id of 257 characters', { ...VALID, eventBridgeEventId: 'a'.repeat(257) }, idWanted],
    ['a number as id', { ...VALID, eventBridgeEventId: 7 }, idWanted],
    ['no type', { ...VALID, eventType: undefined }, 'eventType: must be a string of 1 to 256 characters'],
    [
      'half a surrogate pair in the type, which the state table could not hold',
      { ...VALID, eventType: 'interaction.\ud83d' },
      'eventType: must not have half a surrogate pair',
    ],
    ['a timestamp without offset', { ...VALID, eventTimestamp: '2026-01-31T09:30:00' }, timestampWanted],
    ['a timestamp that is no date', { ...VALID, eventTimestamp: '2026-02-30T09:30:00Z' }, timestampWanted],
    ['an epoch timestamp', { ...VALID, eventTimestamp: 1_700_000_000_000 }, timestampWanted],
    ['a timestamp before 1970', { ...VALID, eventTimestamp: '1969-12-31T23:59:59Z' }, timestampWanted],
    [
      'no interaction',
      { ...VALID, interaction: undefined },
      'interaction: interaction.created needs an interaction object',
    ],
    ['a string as interaction', { ...VALID, interaction: 'x' }, 'interaction: must be an object'],
    [
      'two things wrong',
      { ...VALID, eventBridgeEventId: '', eventType: '' },
      `${idWanted}; eventType: must be a string of 1 to 256 characters`,
    ],
  ])('refuses %s', (_name, body, reason) => {
    expect(parse(body)).toEqual({ kind: 'invalid', reason });
  });

  it('accepts another type without an interaction', () => {
    expect(parse({ ...VALID, eventType: 'agent.login', interaction: undefined }).kind).toBe('event');
  });

  it('says so for bytes that are not UTF-8', () => {
    expect(parseEvent(Buffer.from([0x22, 0xff, 0x22]))).toEqual({
      kind: 'invalid',
      reason: 'the body is not UTF-8 JSON that can be read',
    });
  });

  it('never throws, for bytes, JSON of any shape, or nesting 500,000 deep', () => {
    fc.assert(fc.property(fc.uint8Array(), (body) => parseEvent(body).kind === 'invalid'));
    fc.assert(fc.property(fc.jsonValue(), (value) => ['event', 'invalid'].includes(parse(value).kind)));
    expect(parse(`${'['.repeat(500_000)}${']'.repeat(500_000)}`)).toEqual({
      kind: 'invalid',
      reason: 'the body: must be a JSON object',
    });
  });
});

describe('eventIdOf', () => {
  it.each([
    ['an id', '{"eventBridgeEventId":"e-1"}', 'e-1'],
    ['the last of two ids, as every JSON reader does', '{"eventBridgeEventId":"a","eventBridgeEventId":"b"}', 'b'],
    ['null for no JSON', 'x', null],
    ['null for null', 'null', null],
    ['null for an array', '[]', null],
    ['null for an id that cannot be one', '{"eventBridgeEventId":"a b"}', null],
    ['null for an id on the prototype only', '{"__proto__":{"eventBridgeEventId":"a"}}', null],
  ])('gives %s', (_name, body, id) => {
    expect(eventIdOf(Buffer.from(body))).toBe(id);
  });
});

describe('the shipped mapping', () => {
  const event = (type: string, to: unknown) => {
    const parsed = parse({ ...VALID, eventType: type, interaction: { to } });
    if (parsed.kind !== 'event') throw new Error(parsed.reason);
    return parsed.event;
  };

  it('sets the last call of the contact, with the timestamp as it came, in the order of the phone number', () => {
    expect(crmMapping(event('interaction.anything', '+15550100'))).toEqual({
      kind: 'deliver',
      action: {
        kind: 'request',
        method: 'POST',
        path: '/api/v1/contacts',
        body: { phone: '+15550100', lastCallTimestamp: '2026-01-31T10:29:59.5+01:00' },
      },
      orderingKey: '+15550100',
    });
  });

  it('ignores every other type', () => {
    expect(crmMapping(event('agent.login', '+15550100'))).toEqual({ kind: 'ignore', cause: 'event_type' });
  });

  it.each([undefined, null, '', 5, 'x'.repeat(257)])('calls an event without a usable address invalid: %j', (to) => {
    expect(crmMapping(event('interaction.created', to))).toEqual({
      kind: 'invalid',
      reason: 'interaction.to: must be a string of 1 to 256 characters',
    });
  });
});
