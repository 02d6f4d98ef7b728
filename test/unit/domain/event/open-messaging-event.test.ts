/** Deliveries of Genesys Cloud's Open Messaging webhook. */
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crmMapping } from '../../../../lambdas/connectors/rest/mapping.ts';
import { parseSourceEvent } from '../../../../lambdas/domain/event/parse-event.ts';

const MESSAGE = {
  id: 'm-1',
  type: 'Text',
  text: 'Grüße ☎',
  channel: { platform: 'Open', type: 'Private', to: { id: 'jane' }, time: '2026-01-31T09:30:00.250Z' },
};

function parse(body: unknown) {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return parseSourceEvent(bytes, 'genesys-open-messaging');
}

describe('an Open Messaging event', () => {
  it('has its id, type and time from the message, and is ignored by the shipped mapping', () => {
    const parsed = parse(MESSAGE);
    expect(parsed).toEqual({
      kind: 'event',
      event: {
        id: 'm-1|2026-01-31T09:30:00.250Z|Text',
        source: 'genesys-open-messaging',
        type: 'open-messaging.Text',
        timestamp: '2026-01-31T09:30:00.250Z',
        timestampMs: Date.parse('2026-01-31T09:30:00.250Z'),
        subMillis: '',
        body: MESSAGE,
      },
    });
    expect(parsed.kind === 'event' && crmMapping(parsed.event)).toEqual({ kind: 'ignore', cause: 'event_type' });
  });

  it.each([
    ['no id', { ...MESSAGE, id: undefined }],
    ['an id that no row can have', { ...MESSAGE, id: 'ä' }],
    ['an id that is too long', { ...MESSAGE, id: 'a'.repeat(257) }],
  ])('has a digest for its id where the message has %s, the same for every copy', (_what, body) => {
    const [first, second] = [parse(body), parse(body)];
    expect(first).toMatchObject({ event: { id: expect.stringMatching(/^[0-9a-f]{64}$/) } });
    expect(second).toEqual(first);
  });

  it('is another event than a receipt under the same id, or another receipt in the same millisecond', () => {
    const ids = [
      MESSAGE,
      { ...MESSAGE, type: 'Receipt', status: 'Delivered' },
      { ...MESSAGE, type: 'Receipt', status: 'Read' },
    ]
      .map((body) => parse(body))
      .map((parsed) => (parsed.kind === 'event' ? parsed.event.id : undefined));
    expect(ids).toEqual([
      'm-1|2026-01-31T09:30:00.250Z|Text',
      'm-1|2026-01-31T09:30:00.250Z|Receipt|Delivered',
      'm-1|2026-01-31T09:30:00.250Z|Receipt|Read',
    ]);
  });

  it('counts as older than everything where the message says no time', () => {
    expect(parse({ id: 'm-1' })).toMatchObject({ event: { type: 'open-messaging', timestampMs: 0 } });
  });

  it.each([
    ['no JSON', 'x', 'the body is not JSON'],
    ['no object', '[]', 'the body: must be a JSON object'],
    [
      'of an unreadable time',
      { ...MESSAGE, channel: { time: 'soon' } },
      'channel.time: must be an ISO 8601 date and time with an offset',
    ],
  ])('is refused where the body is %s', (_what, body, reason) => {
    expect(parse(body)).toEqual({ kind: 'invalid', reason });
  });

  it('never fails to be read, whatever the message is', () => {
    fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (body) => parse(body).kind === 'event'));
  });
});
