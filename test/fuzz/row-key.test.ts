/** What the run on the real thing sends has one right end, whenever the clocks of the servers see it. */
import { describe, expect, it } from '@jest/globals';
import type { Envelope } from '../../lambdas/domain/envelope.ts';
import { rowKeyOfMessage, rowKeyThroughout } from './row-key.ts';

const START = '2026-11-25T16:53:50.117Z';

function rowOf(eventTimestamp: string, attributes: Envelope['attributes'] = {}): string | undefined {
  const event = { eventBridgeEventId: 'e-1', eventType: 'interaction.ended', eventTimestamp, interaction: {} };
  const message = { body: JSON.stringify(event), attributes };
  return rowKeyThroughout((atMs) => rowKeyOfMessage(message, atMs), Date.parse(START));
}

describe('the row that a hostile message has throughout a run', () => {
  it('is none for an event that is too far ahead when it is generated, and no longer when it is sent', () => {
    expect(rowOf('2026-11-25T17:03:53.226Z')).toBeUndefined();
  });

  it('is the event’s for one of the past, and for one within the tolerance of ten minutes', () => {
    expect(rowOf('2026-11-25T16:50:00.000Z')).toBe('EVENT#e-1');
    expect(rowOf('2026-11-25T17:03:50.117Z')).toBe('EVENT#e-1');
  });

  it('is the body’s for one that stays too far ahead', () => {
    expect(rowOf('2026-11-25T17:10:00.000Z')).toMatch(/^BODY#[0-9a-f]{64}$/);
  });

  it('follows the time of receipt where the message has one, whenever it is sent', () => {
    const receivedAtMs = String(Date.parse('2026-11-25T16:53:54.000Z'));
    expect(rowOf('2026-11-25T17:03:53.226Z', { schema: '1', receivedAtMs })).toBe('EVENT#e-1');
  });
});
