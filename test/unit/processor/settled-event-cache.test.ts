/** Final events that an environment remembers. */
import { describe, expect, it } from '@jest/globals';
import type { EventRow, EventStatus } from '../../../lambdas/domain/idempotency/event-row.ts';
import { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import { eventBody, ProcessorOnFakes } from '../../harness/processor-on-fakes.ts';

function row(status: EventStatus): EventRow {
  return { status, owner: 'o', attempts: 1, expiredLeases: 0, redrives: 0, identity: 'i' } as EventRow;
}

describe('an environment’s memory of final events', () => {
  it.each<[EventStatus, boolean]>([
    ['COMPLETED', true],
    ['STALE', true],
    ['IGNORED', true],
    ['IN_PROGRESS', false],
    ['FAILED', false],
    ['QUARANTINED', false],
  ])('of an event that is %s: %s', (status, remembered) => {
    const settledEvents = new SettledEventCache();
    settledEvents.add('EVENT#a', row(status));
    expect(settledEvents.get('EVENT#a') !== undefined).toBe(remembered);
  });

  it('forgets what was seen longest ago', () => {
    const settledEvents = new SettledEventCache(2);
    for (const key of ['a', 'b', 'a', 'c']) settledEvents.add(key, row('COMPLETED'));
    expect(['a', 'b', 'c'].map((key) => settledEvents.get(key) !== undefined)).toEqual([true, false, true]);
  });
});

describe('a further delivery of what this environment has settled', () => {
  function processorThatCountsReads() {
    const p = new ProcessorOnFakes();
    const reads: number[] = [];
    const readAhead = p.store.readAhead.bind(p.store);
    p.store.readAhead = (keys) => {
      reads.push(keys.events.length + keys.contacts.length);
      return readAhead(keys);
    };
    return { p, reads };
  }

  it('is acknowledged without a look at the table', async () => {
    const { p, reads } = processorThatCountsReads();
    p.send(eventBody('e-1', 0));
    expect(await p.run()).toEqual(['e-1 applied']);
    p.send(eventBody('e-1', 0), eventBody('e-1', 0));
    expect(await p.run()).toEqual(['e-1 duplicate', 'e-1 duplicate']);
    expect(reads).toEqual([3]);
    expect(p.crmCalls).toHaveLength(1);
  });

  it('beside something new costs a read of the new alone', async () => {
    const { p, reads } = processorThatCountsReads();
    p.send(eventBody('e-1', 0, '+1'));
    await p.run();
    p.send(eventBody('e-1', 0, '+1'), eventBody('e-2', 0, '+2'));
    expect((await p.run()).sort()).toEqual(['e-1 duplicate', 'e-2 applied']);
    expect(reads).toEqual([3, 3]);
  });

  it('is still told from another event that has its id', async () => {
    const { p } = processorThatCountsReads();
    p.send(eventBody('e-1', 0));
    await p.run();
    p.send(eventBody('e-1', 1_000));
    expect(await p.run()).toEqual(['e-1 quarantined id_reused']);
  });
});
