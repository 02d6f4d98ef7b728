/** Gauges of each minute, and counts of redrives. */
import { describe, expect, it } from '@jest/globals';
import { START_MS } from '../../harness/processor-on-fakes.ts';
import { many, RedriveOnFakes } from '../../harness/redrive-on-fakes.ts';

const OBSERVE = { action: 'observe' };
const DAY_MS = 86_400_000;
/** `ask` lets so much time pass before the invocation begins. */
const BEFORE_MS = 1;

describe('observing', () => {
  it('publishes how many events wait by reason, and the age of the oldest', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'crm_rejected', atMs: -8 * DAY_MS }, { id: 'b', reason: 'crm_rejected' });
    world.put({ id: 'c', reason: 'invalid_event', atMs: -DAY_MS });
    expect(await world.ask(OBSERVE)).toEqual({
      kind: 'observed',
      circuitOpenMs: 0,
      quarantine: { byReason: { crm_rejected: 2, invalid_event: 1 }, oldestMs: 8 * DAY_MS + BEFORE_MS },
    });
    expect(world.ids('quarantine', 'visible')).toHaveLength(3);
    expect(Object.fromEntries(world.metrics.values)).toEqual({
      EventsRedriven: [0],
      MessagesInQuarantine: [3],
      ScheduledRuns: [1],
      'ScheduledRuns/observe': [1],
      CircuitOpenTime: [0],
      EventsInQuarantine: [2, 1],
      'EventsInQuarantine/crm_rejected': [2],
      'EventsInQuarantine/invalid_event': [1],
      OldestInQuarantine: [8 * DAY_MS + BEFORE_MS],
    });
  });

  it('uses the time at which an event was quarantined, also after a refresh has sent its message again', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'crm_rejected' });
    world.clock.advance(11 * DAY_MS);
    expect((await world.run({ action: 'refresh' })).refreshed.total).toBe(1);
    await world.ask(OBSERVE);
    const [oldestMs = 0] = world.metrics.values.get('OldestInQuarantine') ?? [];
    expect(oldestMs).toBeGreaterThanOrEqual(11 * DAY_MS);
  });

  it('publishes for how long the circuit breaker has been open', async () => {
    const world = new RedriveOnFakes();
    const openedAtMs = START_MS - 700_000;
    const row = { state: 'OPEN', version: 3, openedAtMs, probeAtMs: START_MS + 1_000, outages: [] } as const;
    world.store.circuit.writeNow(undefined, row);
    await world.ask(OBSERVE);
    expect(world.metrics.values.get('CircuitOpenTime')).toEqual([700_000 + BEFORE_MS]);
  });

  it('publishes zero for an empty quarantine, whatever rows are left of messages that were deleted by hand', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'crm_rejected', atMs: -8 * DAY_MS });
    world.quarantine.messages.clear();
    await world.ask(OBSERVE);
    expect(Object.fromEntries(world.metrics.values)).toEqual({
      EventsRedriven: [0],
      MessagesInQuarantine: [0],
      ScheduledRuns: [1],
      'ScheduledRuns/observe': [1],
      CircuitOpenTime: [0],
      OldestInQuarantine: [0],
    });
  });

  it('counts the dead letters of a partner event bus, where there is one', async () => {
    const world = new RedriveOnFakes();
    const read = async () => ({ kind: 'counted', visible: 2, inFlight: 1, delayed: 0 }) as const;
    await world.ask(OBSERVE, { partnerDeadLetters: { read } });
    expect(world.metrics.values.get('PartnerDeadLetters')).toEqual([3]);
  });

  it('publishes nothing that it cannot read', async () => {
    const world = new RedriveOnFakes();
    world.put({ id: 'a', reason: 'crm_rejected' });
    const away = async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) as const;
    await world.ask(OBSERVE, { circuitBreaker: { read: away }, summaries: { summarize: away } });
    expect([...world.metrics.values.keys()].sort()).toEqual([
      'EventsRedriven',
      'MessagesInQuarantine',
      'ScheduledRuns',
      'ScheduledRuns/observe',
    ]);
  });
});

describe('redriving', () => {
  it('counts what it moved, and not what it would move or refreshed', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(12, 'e', { reason: 'crm_rejected' }));
    await world.run({ filter: { reasons: ['crm_rejected'] }, dryRun: true });
    expect(world.metrics.values.has('EventsRedriven')).toBe(false);
    await world.run({ filter: { reasons: ['crm_rejected'] } });
    expect(world.metrics.sum('EventsRedriven')).toBe(12);
  });
});

describe('scheduled runs', () => {
  it('are counted by action, and a redrive that somebody asks for is not', async () => {
    const world = new RedriveOnFakes();
    for (const action of ['recover', 'refresh', 'observe']) await world.ask({ action });
    await world.ask({ filter: { reasons: ['crm_rejected'] } });
    expect(world.metrics.sum('ScheduledRuns')).toBe(3);
    expect(world.metrics.values.get('ScheduledRuns/recover')).toEqual([1]);
  });

  it('record whether a refresh reached the end of quarantine', async () => {
    const world = new RedriveOnFakes();
    world.put(...many(12, 'e', { reason: 'crm_rejected' }));
    await world.ask({ action: 'refresh' });
    expect(world.metrics.values.get('RefreshUnfinished')).toEqual([0]);
  });
});
