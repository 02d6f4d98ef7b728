import { describe, expect, it } from '@jest/globals';
import { parseEvent } from '../../../lambdas/domain/event/event.ts';
import { identityOf } from '../../../lambdas/domain/event/event-key.ts';
import type { EventStatus, QuarantineReason } from '../../../lambdas/domain/idempotency/event-row.ts';
import { eventBody, START_MS } from '../../harness/processor-on-fakes.ts';
import { many, RedriveOnFakes } from '../../harness/redrive-on-fakes.ts';

const DAY_MS = 86_400_000;
const REFRESH = { action: 'refresh' };

/** The identity of an event as `put` words it. */
function identity(id: string): string {
  const parsed = parseEvent(Buffer.from(eventBody(id, 0)));
  if (parsed.kind !== 'event') throw new Error(parsed.reason);
  return identityOf(parsed.event);
}

describe('refreshing', () => {
  it('sends a message that SQS moved as it is where a note would make it longer than SQS takes', async () => {
    const world = new RedriveOnFakes();
    const envelope = { body: ' '.repeat(1_048_576), attributes: {} };
    world.quarantine.sendNow(envelope);
    world.clock.advance(10 * DAY_MS + 1);
    expect((await world.run(REFRESH)).refreshed.total).toBe(1);
    expect([...world.quarantine.messages.values()].map((message) => message.envelope)).toEqual([envelope]);
  });

  it('sends what nears SQS’s limit to quarantine again as it is, and leaves the young', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(12, 'old', { reason: 'crm_rejected', atMs: 5, redrives: 2 }));
    const before = [...world.quarantine.messages.values()].map(({ envelope }) => envelope);
    world.clock.advance(10 * DAY_MS + 1);
    world.put({ id: 'young', reason: 'crm_rejected' });
    const run = await world.run(REFRESH);
    expect(run).toMatchObject({
      kind: 'refresh',
      refreshed: { total: 12, byReason: { crm_rejected: 12 } },
      skipped: { why: { young: expect.any(Number) } },
      reachedEnd: true,
    });
    const after = [...world.quarantine.messages.values()].filter(
      ({ envelope }) => envelope.attributes.eventId !== 'young',
    );
    expect(after.map(({ envelope }) => envelope)).toEqual(before);
    expect(after.every(({ sentAtMs }) => sentAtMs >= START_MS + 10 * DAY_MS)).toBe(true);
    expect(world.ids('quarantine', 'visible')).toHaveLength(13);
    expect(world.ids('delivery')).toEqual([]);
    expect((await world.run(REFRESH)).refreshed.total).toBe(0);
  });

  it('sends young messages again, hidden until the run ends, beyond those that it may hold', async () => {
    const world = new RedriveOnFakes({ limits: { refreshHeldMax: 100 } });
    world.put(...many(150, 'young', { reason: 'crm_rejected' }));
    world.clock.advance(DAY_MS);
    const run = await world.run(REFRESH);
    expect(run).toMatchObject({ reachedEnd: true, examined: 150 });
    const hidden = 150 - world.ids('quarantine', 'visible').length;
    expect(hidden).toBe(run.refreshed.total);
    expect(hidden).toBeGreaterThanOrEqual(40);
    world.clock.advance(world.limits.refreshRunMs);
    expect(world.ids('quarantine', 'visible')).toHaveLength(150);
  });

  it('gives what SQS has moved the note that it lacks', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'moved' });
    world.clock.advance(11 * DAY_MS);
    await world.run(REFRESH);
    const [message] = world.quarantine.messages.values();
    expect(JSON.parse(message?.envelope.attributes.quarantine ?? '')).toEqual({
      reason: 'dead_lettered',
      at: new Date(START_MS + 11 * DAY_MS + 1).toISOString(),
      attempts: 0,
      redrives: 0,
      lastError: 'SQS moved the message to quarantine after too many receives',
    });
  });

  it.each<[EventStatus, QuarantineReason | undefined, 'same' | 'other', 'dropped' | 'kept']>([
    ['COMPLETED', 'crm_rejected', 'same', 'dropped'],
    ['STALE', 'behind_newer', 'same', 'dropped'],
    ['IGNORED', 'invalid_event', 'same', 'dropped'],
    ['COMPLETED', 'crm_rejected', 'other', 'kept'],
    ['COMPLETED', 'id_reused', 'same', 'kept'],
    ['COMPLETED', undefined, 'same', 'kept'],
    ['QUARANTINED', 'crm_rejected', 'same', 'kept'],
    ['FAILED', 'crm_rejected', 'same', 'kept'],
    ['IN_PROGRESS', 'crm_rejected', 'same', 'kept'],
  ])('a row %s, a message for %s, the %s event: %s', async (status, reason, which, outcome) => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'poison' });
    world.quarantine.messages.clear();
    world.put({ id: 'e', ...(reason === undefined ? {} : { reason }) });
    world.setRow('e', { status, identity: which === 'same' ? identity('e') : 'of another' });
    const run = await world.run(REFRESH);
    expect([run.dropped.total, run.skipped.total]).toEqual(outcome === 'dropped' ? [1, 0] : [0, 1]);
    expect(world.ids('quarantine', 'visible')).toEqual(outcome === 'dropped' ? [] : ['e']);
  });

  it('keeps everything if the table cannot be read, and refreshes anyway', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected' });
    world.setRow('e', { status: 'COMPLETED', identity: identity('e') });
    world.clock.advance(11 * DAY_MS);
    const store = { readAhead: async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) as const };
    expect(await world.run(REFRESH, { store })).toMatchObject({ dropped: { total: 0 }, refreshed: { total: 1 } });
  });

  it('loses nothing where a refreshed message cannot be deleted: it is there twice', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'e', reason: 'crm_rejected' });
    world.clock.advance(11 * DAY_MS);
    const { quarantine } = world.deps;
    const run = await world.run(REFRESH, {
      quarantine: {
        sendBatch: (envelopes) => quarantine.sendBatch(envelopes),
        receive: (holdMs) => quarantine.receive(holdMs),
        release: (handles) => quarantine.release(handles),
        count: () => quarantine.count(),
        remove: async () => ({ positions: new Set(), cause: 'SQS: timeout' }),
      },
    });
    expect(run).toMatchObject({ refreshed: { total: 1 }, copiesLeft: 1 });
    expect(world.ids('quarantine')).toEqual(['e', 'e']);
  });

  it('is no use without sending: it stops, and warns', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(3, 'e', { reason: 'crm_rejected' }));
    world.clock.advance(11 * DAY_MS);
    const { quarantine } = world.deps;
    const run = await world.run(REFRESH, {
      quarantine: {
        sendBatch: async () => ({ positions: new Set(), cause: 'SQS: timeout' }),
        receive: (holdMs) => quarantine.receive(holdMs),
        release: (handles) => quarantine.release(handles),
        count: () => quarantine.count(),
        remove: (handles) => quarantine.remove(handles),
      },
    });
    expect(run).toMatchObject({
      stoppedBecause: 'unavailable',
      cause: 'SQS: timeout',
      skipped: { why: { not_sent: 3 } },
    });
    expect(world.ids('quarantine', 'visible')).toHaveLength(3);
    expect(world.log.entries.at(-1)?.level).toBe('warn');
  });
});
