import { describe, expect, it } from '@jest/globals';
import { crmMapping } from '../../../lambdas/connectors/rest/mapping.ts';
import type { CrmMapping } from '../../../lambdas/domain/crm/mapping.ts';
import { readQuarantined } from '../../../lambdas/redrive/quarantined-event.ts';
import { namesOf } from '../../harness/digest-key.ts';
import { MemoryArchive } from '../../harness/fakes/archive.memory.ts';
import { VirtualClock } from '../../harness/fakes/clock.virtual.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const DAY_MS = 86_400_000;

/** An archived delivery, sent again. */
const again = (body: string, replay = 'r1') => ({ body, attributes: { schema: '1', replay } });

/** The shipped mapping after a fix: each body says which version made it. */
function versioned(version: { of: number }): CrmMapping {
  return (event) => {
    const mapped = crmMapping(event);
    return mapped.kind === 'deliver'
      ? { ...mapped, action: { kind: 'request', method: 'POST', path: '/x', body: `${event.id} v${version.of}` } }
      : mapped;
  };
}

describe('an event that a replay sends again', () => {
  it('is applied again if it is the newest of its contact, with a key of its own; older ones are stale', async () => {
    const version = { of: 1 };
    const p = new ProcessorOnFakes({ mapping: versioned(version) });
    p.send(eventBody('a', 0), eventBody('b', 1));
    await p.run();
    p.send(eventBody('c', 2));
    await p.run();
    version.of = 2;
    p.send(again(eventBody('c', 2)), again(eventBody('a', 0)), again(eventBody('b', 1)));
    expect(await p.run()).toEqual(['c applied', 'b stale', 'a stale']);
    expect(p.crmCalls.at(-1)).toMatchObject({ key: 'c/r1', body: 'c v2' });
    expect(p.row('c')).toMatchObject({ status: 'COMPLETED', attempts: 1 });
    expect(p.store.events.get('REPLAY#r1#EVENT#c')).toMatchObject({ status: 'COMPLETED', eventId: 'c' });
  });

  it('is applied once in one replay, and once more in the next', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    p.send(again(eventBody('a', 0)), again(eventBody('a', 0)));
    expect(await p.run()).toEqual(['a applied', 'a duplicate']);
    p.send(again(eventBody('a', 0), 'r2'));
    expect(await p.run()).toEqual(['a applied']);
    expect(p.crmCalls.map(({ key }) => key)).toEqual(['a', 'a/r1', 'a/r2']);
  });

  it('is stale behind a live event that came meanwhile', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0), again(eventBody('a', 0)), eventBody('b', 1));
    expect(await p.run()).toEqual(['b applied', 'a stale', 'a stale']);
  });

  it('is applied though its event is older than the time for which final events are remembered', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    p.clock.advance(60 * DAY_MS);
    p.send(again(eventBody('a', 0)));
    expect(await p.run()).toEqual(['a applied']);
    p.send(eventBody('other', 0, '+15550199'));
    expect(await p.run()).toEqual(['other quarantined too_old']);
    p.clock.advance(341 * DAY_MS);
    p.send(again(eventBody('a', 0), 'r2'));
    expect(await p.run()).toEqual(['a quarantined too_old']);
  });

  it('that fails waits in quarantine, and goes on in its replay when it is redriven', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    p.answer = () => ({ kind: 'answered', status: 400, excerpt: 'no' });
    p.send(again(eventBody('a', 0)));
    expect(await p.run()).toEqual(['a quarantined crm_rejected']);
    const [message] = [...p.quarantine.messages.values()];
    const held = {
      message: { ...message?.envelope, messageId: 'm', receiveCount: 1, sentAtMs: 0, firstReceivedAtMs: 0 },
    };
    expect(readQuarantined(held as never).rowKey).toBe('REPLAY#r1#EVENT#a');
    p.answer = () => ({ kind: 'answered', status: 200, excerpt: '' });
    p.redriveAs({ by: 'person' });
    expect(await p.run()).toEqual(['a applied']);
    expect(p.crmCalls.map(({ key }) => key)).toEqual(['a', 'a/r1', 'a/r1']);
  });

  it('is applied under the ordering key of the fixed mapping', async () => {
    const key = { of: 'wrong' };
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: key.of },
        orderingKey: event.contactAddress === undefined ? null : `${key.of} ${event.contactAddress}`,
      }),
    });
    p.send(eventBody('a', 0), eventBody('b', 1));
    await p.run();
    key.of = 'right';
    p.send(again(eventBody('b', 1)), again(eventBody('a', 0)));
    expect(await p.run()).toEqual(['b applied', 'a stale']);
    expect([...p.store.contacts.keys()]).toContain(namesOf('right +15550100').current.key);
  });

  it('that is applied before its delivery leaves nothing to reject to the delivery', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: '+1',
        rows: [{ key: event.id, item: {}, onlyIfAbsent: true }],
      }),
    });
    p.answer = () => ({ kind: 'answered', status: 503, excerpt: '' });
    p.send(eventBody('a', 0));
    await p.run();
    p.answer = () => ({ kind: 'answered', status: 200, excerpt: '' });
    p.clock.advance(DAY_MS);
    const [delivery] = p.queue.receive(10);
    p.send(again(eventBody('a', 0)));
    expect(await p.run()).toEqual(['a applied']);
    p.send(delivery?.message ?? '');
    expect(await p.run()).toEqual(['a stale']);
  });

  it('is not archived again', async () => {
    const clock = new VirtualClock(START_MS);
    const archive = new MemoryArchive(clock);
    const p = new ProcessorOnFakes({ deps: { archive } });
    p.send(again(eventBody('a', 0)));
    await p.run();
    expect(archive.objects.size).toBe(0);
  });

  it('is counted as a message from elsewhere, and not measured again', async () => {
    const p = new ProcessorOnFakes();
    p.send(again(eventBody('a', 0)));
    await p.run();
    expect(p.metrics.sum('MessagesFromElsewhere')).toBe(1);
    expect(p.metrics.values.get('EndToEndLatency')).toBeUndefined();
  });
});

describe('the archive', () => {
  function withArchive() {
    const archive = new MemoryArchive(new VirtualClock(START_MS));
    return { archive, p: new ProcessorOnFakes({ deps: { archive } }) };
  }

  it('has a batch as one object, and a message that comes again once more', async () => {
    const { archive, p } = withArchive();
    p.answer = () => ({ kind: 'answered', status: 500, excerpt: '' });
    p.send(eventBody('a', 0), eventBody('b', 0, '+15550199'));
    await p.run();
    expect([...archive.objects.values()].map((lines) => lines.length)).toEqual([2]);
    p.clock.advance(DAY_MS);
    await p.run();
    expect([...archive.objects.values()].map((lines) => lines.length)).toEqual([2, 2]);
    expect(p.metrics.sum('DeliveriesNotArchived')).toBe(0);
  });

  it('that does not take a batch is counted and logged, and holds nothing up', async () => {
    const { archive, p } = withArchive();
    archive.outage = 'Firehose: ServiceUnavailableException';
    p.send(eventBody('a', 0), eventBody('b', 0, '+15550199'));
    await p.run();
    expect(p.crmCalls).toHaveLength(2);
    expect(p.queue.messages.size).toBe(0);
    expect(p.metrics.sum('DeliveriesNotArchived')).toBe(2);
    expect(p.log.entries.find(({ message }) => message === 'not archived')).toEqual({
      level: 'error',
      message: 'not archived',
      details: {
        cause: 'Firehose: ServiceUnavailableException',
        deliveries: 2,
        messageIds: 'message-1, message-2',
      },
    });
  });
});
