/** Messages of `npm run send -- --partner`. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { buildPartnerEvents } from '../../local/genesys/partner-events.ts';
import { readSendOptions } from '../../local/send/send-options.ts';

const NOW = Date.parse('2026-01-31T09:30:00Z');

function pathOf(name: string): string {
  return fileURLToPath(new URL(`../fixtures/partner/${name}`, import.meta.url));
}

function build(name: string, ...args: readonly string[]) {
  const options = readSendOptions(['--partner', pathOf(name), ...args]);
  return buildPartnerEvents(pathOf(name), options, NOW);
}

interface Published {
  readonly id: string;
  readonly time: string;
  readonly detail: {
    readonly timestamp: string;
    readonly eventBody: Readonly<Record<string, unknown>>;
  };
}

function published(body: Buffer): Published {
  return JSON.parse(body.toString('utf8')) as Published;
}

describe('an event from a file', () => {
  it('happens now, in another session, and is otherwise what it was', () => {
    const before = published(readFileSync(pathOf('02-customer-end.json')));
    const [event] = build('02-customer-end.json');
    const after = published(event?.body ?? Buffer.of());
    expect(after.id).not.toBe(before.id);
    expect([after.time, after.detail.timestamp, after.detail.eventBody.eventTime]).toEqual([
      '2026-01-31T09:30:00.000Z',
      '2026-01-31T09:30:00.000Z',
      NOW,
    ]);
    expect(after.detail.eventBody.sessionId).not.toBe(before.detail.eventBody.sessionId);
    expect({ ...after, id: '', time: '', detail: { ...after.detail, timestamp: '', eventBody: {} } }).toEqual({
      ...before,
      id: '',
      time: '',
      detail: { ...before.detail, timestamp: '', eventBody: {} },
    });
    expect(Object.keys(after.detail.eventBody)).toEqual(Object.keys(before.detail.eventBody));
    expect(event?.rowKey).toBe(`EVENT#${event?.eventId}`);
  });

  it('keeps the form of its time, and an audit becomes another one', () => {
    const [event] = build('03-audit-user-presence.json');
    const { eventBody } = published(event?.body ?? Buffer.of()).detail;
    expect(eventBody.eventTime).toBe('2026-01-31T09:30:00.000Z');
    expect([eventBody.id, event?.eventId]).toEqual([event?.eventId, expect.not.stringMatching(/^b8775049/)]);
  });

  it('is sent as often as asked for, each time as an event of its own', () => {
    const events = build('01-customer-start.json', '--count', '5');
    expect(new Set(events.map(({ rowKey }) => rowKey)).size).toBe(5);
  });

  it('is the file, byte for byte, with --as-is', () => {
    const [event] = build('06-user-end.json', '--as-is');
    expect(event?.body).toEqual(readFileSync(pathOf('06-user-end.json')));
    expect(event?.eventId).toMatch(/\|test-session-id\|1765552507657$/);
  });
});

describe('the options', () => {
  it.each([
    [['--partner', 'a.json', '--file', 'b.json'], /without --file and --contacts/],
    [['--partner', 'a.json', '--contacts', '3'], /without --file and --contacts/],
    [['--partner', 'a.json', '--as-is', '--count', '3'], /--as-is sends the file as one event/],
    [['--as-is'], /needs --file or --partner/],
  ])('are refused where they contradict each other: %j', (args, message) => {
    expect(() => readSendOptions(args)).toThrow(message);
  });
});
