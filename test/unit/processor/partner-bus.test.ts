/**
 * The processor with what EventBridge puts into its queue: the whole event as the body, no
 * attributes.
 */
import { describe, expect, it } from '@jest/globals';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import { namesOf } from '../../harness/digest-key.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const TOPIC = 'v2.detail.events.conversation.c-1.customer.end';

/**
 * A customer's end, `atMs` relative to the start of the test; `copy` distinguishes its deliveries.
 */
function partnerBody(session: string, atMs: number, copy = 1): string {
  return JSON.stringify({
    id: `eb-${copy}`,
    'detail-type': 'v2.detail.events.conversation.{id}.customer.end',
    source: 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts',
    time: new Date(START_MS + copy).toISOString(),
    detail: {
      topicName: TOPIC,
      eventBody: {
        eventTime: START_MS + atMs,
        participantId: 'p-1',
        sessionId: session,
        direction: 'INBOUND',
        ani: 'tel:+15550100',
      },
    },
  });
}

function idOf(session: string, atMs: number): string {
  return `${TOPIC}|p-1|${session}|${START_MS + atMs}`;
}

describe('an event of the partner bus', () => {
  it('is applied once, however often and under whatever EventBridge id it comes', async () => {
    const p = new ProcessorOnFakes();
    p.send(partnerBody('s-1', -5_000), partnerBody('s-1', -5_000, 2), partnerBody('s-1', -5_000, 3));
    const id = idOf('s-1', -5_000);
    expect(await p.run()).toEqual([`${id} applied`, `${id} duplicate`, `${id} duplicate`]);
    const body = { phone: '+15550100', lastCallTimestamp: '2026-01-31T09:29:55.000Z' };
    expect(p.crmCalls).toEqual([{ key: id, body, freshToken: false }]);
    expect(p.row(id)).toMatchObject({ status: 'COMPLETED', origin: 'genesys-partner-bus' });
  });

  it('is stale after a newer one of its contact that came by the webhook, and the other way round', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('w-1', -4_000));
    expect(await p.run()).toEqual(['w-1 applied']);
    p.send(partnerBody('s-1', -5_000));
    expect(await p.run()).toEqual([`${idOf('s-1', -5_000)} stale`]);
    p.send(partnerBody('s-2', -2_000));
    await p.run();
    p.send(eventBody('w-2', -3_000));
    expect(await p.run()).toEqual(['w-2 stale']);
    expect([...p.store.contacts.keys()]).toEqual([namesOf('+15550100').current.key]);
  });

  it('is known again when it comes back from quarantine', async () => {
    const p = new ProcessorOnFakes();
    const answers: CrmResponse[] = [
      { kind: 'answered', status: 422, excerpt: '' },
      { kind: 'answered', status: 200, excerpt: '' },
    ];
    p.answer = () => answers.shift() as CrmResponse;
    p.send(partnerBody('s-1', -5_000));
    expect(await p.run()).toEqual([`${idOf('s-1', -5_000)} quarantined crm_rejected`]);
    p.redrive();
    expect(await p.run()).toEqual([`${idOf('s-1', -5_000)} applied`]);
    expect(p.row(idOf('s-1', -5_000))).toMatchObject({ redrives: 1, origin: 'genesys-partner-bus' });
  });

  it('is quarantined as too old, or from the future, as one of the webhook is', async () => {
    const p = new ProcessorOnFakes();
    p.send(partnerBody('s-1', -50 * 86_400_000), partnerBody('s-2', 3_600_000));
    expect((await p.run()).sort()).toEqual(
      [
        `${idOf('s-2', 3_600_000)} quarantined invalid_event`,
        `${idOf('s-1', -50 * 86_400_000)} quarantined too_old`,
      ].sort(),
    );
    expect(p.crmCalls).toEqual([]);
  });
});
