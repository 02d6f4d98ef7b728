/** Erasing a contact, on the embedded DynamoDB and SQS. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { GetCommand, PutCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Erasure, eraseContact } from '../../bin/event/erase.ts';
import type { EventTarget } from '../../bin/event/target.ts';
import { DynamoDbContactErasure } from '../../lambdas/adapters/contact-erasure.dynamodb.ts';
import type { ContactRow } from '../../lambdas/domain/idempotency/contact-row.ts';
import { itemFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { positionOf } from '../../lambdas/domain/idempotency/position.ts';
import { DIGEST_KEY, namesOf } from '../harness/digest-key.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { type SqsForTest, startSqsForTest } from '../harness/sqs-server.ts';

const NOW = Date.now();
const APPLIED = positionOf({ timestampMs: NOW - 60_000, id: 'applied' });

/** Everything that a row of an event may hold. */
const FINAL: EventRow = {
  status: 'COMPLETED',
  owner: 'o',
  identity: 'i',
  attempts: 2,
  expiredLeases: 0,
  redrives: 0,
  firstReceivedAtMs: NOW - 50_000,
  settledAtMs: NOW - 40_000,
  expiresAt: 9_000_000_000,
  eventId: 'applied',
  eventType: 'interaction.created',
  interactionId: 'c-1',
  fields: 'interaction=00000000',
  lastError: 'HTTP 503',
  firstError: 'HTTP 500',
  history: [{ atMs: NOW - 45_000, what: 'failed', detail: 'HTTP 503' }],
};

let dynamo: DynamoDbForTest;
let sqs: SqsForTest;
let target: EventTarget;
let tests = 0;
let phone = '';

beforeAll(async () => {
  [dynamo, sqs] = await Promise.all([startDynamoDbForTest('erasure'), startSqsForTest()]);
});
afterAll(async () => Promise.all([dynamo?.stop(), sqs?.stop()]));

beforeEach(async () => {
  tests += 1;
  phone = `+1555010${tests}`;
  const known = await DIGEST_KEY.read();
  if (known.kind === 'unavailable') throw new Error(known.cause);
  target = {
    name: 'the test',
    billed: false,
    table: dynamo.client,
    tableName: dynamo.tableName,
    sqs: sqs.client,
    deliveryQueueUrl: '',
    quarantineUrl: await sqs.createQueue(`quarantine-${tests}`),
    digestKey: async () => known.key,
    close: () => undefined,
  };
});

async function put(pk: string, row: object): Promise<void> {
  await dynamo.client.send(new PutCommand({ TableName: dynamo.tableName, Item: { ...row, pk } }));
}

async function get(pk: string): Promise<object | undefined> {
  const read = await dynamo.client.send(
    new GetCommand({ TableName: dynamo.tableName, Key: { pk }, ConsistentRead: true }),
  );
  return read.Item;
}

function erase(dryRun = false, contact = phone): Promise<Erasure> {
  return eraseContact(target, { contact, dryRun, segments: 2, quarantineBudgetMs: 20_000 });
}

describe('erasing a contact', () => {
  it('deletes its row and leaves of its events what recognises a repeated delivery', async () => {
    const { current, former } = namesOf(phone);
    await put(current.key, { newest: APPLIED, unsettled: '' });
    await put(`EVENT#new-${tests}`, { ...FINAL, orderingKey: current.digest });
    await put(`EVENT#old-${tests}`, { ...FINAL, orderingKey: former.digest, status: 'STALE' });
    await put(`EVENT#other-${tests}`, { ...FINAL, orderingKey: namesOf('+19990000').current.digest });
    const planned = await erase(true);
    expect(planned).toMatchObject({ outcome: 'dry_run', contacts: [{ key: current.key }], blockers: [] });
    expect(planned.events.map(({ key }) => key).sort()).toEqual([`EVENT#new-${tests}`, `EVENT#old-${tests}`]);
    expect(await get(current.key)).toBeDefined();
    // In any spelling.
    expect(await erase(false, `tel:${phone}`)).toMatchObject({ outcome: 'erased' });
    expect(await get(current.key)).toBeUndefined();
    const { orderingKey, interactionId, fields, lastError, firstError, history, ...kept } = {
      ...FINAL,
      orderingKey: '',
    };
    expect(await get(`EVENT#new-${tests}`)).toEqual({ ...kept, pk: `EVENT#new-${tests}` });
    expect(await get(`EVENT#old-${tests}`)).toEqual({ ...kept, status: 'STALE', pk: `EVENT#old-${tests}` });
    expect(await get(`EVENT#other-${tests}`)).toMatchObject({ interactionId, fields, lastError, firstError, history });
    const { Items = [] } = await dynamo.client.send(new ScanCommand({ TableName: dynamo.tableName }));
    const table = JSON.stringify(Items);
    for (const { digest } of [current, former]) expect(table).not.toContain(digest);
    expect(orderingKey).toBe('');
    expect(await erase()).toMatchObject({ outcome: 'unknown_contact' });
  });

  it('deletes the row that version 0.1.0 created', async () => {
    const { former } = namesOf(phone);
    await put(former.key, { newest: APPLIED });
    expect(await erase()).toMatchObject({ outcome: 'erased', contacts: [{ key: former.key }] });
    expect(await get(former.key)).toBeUndefined();
  });

  it.each([
    ['an attempt holds it', { holder: 'o', leaseExpiresAtMs: NOW + 600_000, unsettled: APPLIED }, undefined, 'held'],
    ['an event has no recorded outcome', { unsettled: APPLIED }, undefined, 'unsettled'],
    ['an event is not settled', { newest: APPLIED }, { status: 'FAILED' }, 'event'],
    ['an event is in quarantine', { newest: APPLIED }, { status: 'QUARANTINED', reason: 'crm_rejected' }, 'event'],
  ] as const)('is refused while %s, and changes nothing', async (_what, contact, event, blocker) => {
    const { current } = namesOf(phone);
    await put(current.key, contact);
    const row = { ...FINAL, ...event, orderingKey: current.digest } as EventRow;
    const key = `EVENT#e-${tests}`;
    await put(key, itemFrom(key, row));
    expect(await erase()).toMatchObject({ outcome: 'refused', blockers: [{ kind: blocker }] });
    expect(await get(current.key)).toEqual({ ...contact, pk: current.key });
    expect(await get(key)).toMatchObject({ orderingKey: current.digest, fields: FINAL.fields });
  });

  it('changes no row that was written since it was read', async () => {
    const erasure = new DynamoDbContactErasure(dynamo.client, dynamo.tableName);
    const { current } = namesOf(phone);
    const before: ContactRow = { newest: APPLIED, unsettled: '' };
    for (const now of [
      { ...before, newest: positionOf({ timestampMs: NOW, id: 'newer' }) },
      { ...before, unsettled: APPLIED, holder: 'o', leaseExpiresAtMs: NOW + 1 },
      { ...before, holder: 'o', leaseExpiresAtMs: NOW + 1 },
    ]) {
      await put(current.key, now);
      expect(await erasure.deleteContact({ key: current.key, row: before }, NOW)).toBe('changed');
    }
    const key = `EVENT#e-${tests}`;
    await put(key, { ...FINAL, owner: 'another' });
    expect(await erasure.eraseEvent({ key, row: FINAL })).toBe('changed');
    expect(await get(key)).toMatchObject({ fields: FINAL.fields });
  });

  it('lists the quarantined messages that contain the number, and releases all', async () => {
    const bodies = [
      `{"eventBridgeEventId":"plain","interaction":{"to":"${phone}"}}`,
      `{"eventBridgeEventId":"spaced","note":"call ${phone.slice(0, 2)} ${phone.slice(2, 5)}-${phone.slice(5)}"}`,
      '{"eventBridgeEventId":"other","interaction":{"to":"+19995550100"}}',
    ];
    for (const MessageBody of bodies)
      await sqs.client.send(new SendMessageCommand({ QueueUrl: target.quarantineUrl, MessageBody }));
    for (let run = 0; run < 2; run += 1) {
      const { quarantine } = await erase(true);
      expect(quarantine.incomplete).toBeUndefined();
      expect(quarantine.messages.map(({ messageId }) => messageId)).toHaveLength(2);
    }
  });
});
