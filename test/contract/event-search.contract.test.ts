import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbEventSearch, type SearchOptions } from '../../lambdas/adapters/event-search.dynamodb.ts';
import type { ContactRow } from '../../lambdas/domain/idempotency/contact-row.ts';
import { itemFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { positionOf } from '../../lambdas/domain/idempotency/position.ts';
import { startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryEventSearch } from '../harness/fakes/event-search.memory.ts';

const COMMON = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, redrives: 0 };

function row(firstReceivedAtMs: number, changes: Partial<EventRow>): EventRow {
  return { ...COMMON, status: 'COMPLETED', firstReceivedAtMs, orderingKey: 'c', ...changes };
}

const EVENTS: Readonly<Record<string, EventRow>> = {
  'EVENT#applied': row(1, { interactionId: 'i-1' }),
  'EVENT#stale': row(2, { status: 'STALE' }),
  'EVENT#rejected': row(3, { status: 'QUARANTINED', reason: 'crm_rejected', settledAtMs: 9, interactionId: 'i-1' }),
  'EVENT#other': row(4, { orderingKey: 'd', interactionId: 'i-2' }),
};
const CONTACTS: Readonly<Record<string, ContactRow>> = {
  'CONTACT#c': { newest: positionOf({ timestampMs: 1, id: 'applied' }), unsettled: '' },
};

describe('the search of the table', () => {
  let database: Awaited<ReturnType<typeof startDynamoDbForTest>>;
  let options: SearchOptions;
  beforeAll(async () => {
    database = await startDynamoDbForTest('search');
    const { client, tableName } = database;
    options = { client, tableName, indexName: 'quarantine-by-reason', segments: 2, budgetMs: 30_000 };
    const items = [
      ...Object.entries(EVENTS).map(([pk, event]) => itemFrom(pk, event)),
      ...Object.entries(CONTACTS).map(([pk, contact]) => ({ pk, ...contact })),
      // The user's own, with an attribute that looks like ours.
      { pk: 'USER#mine', orderingKey: 'c' },
    ];
    for (const Item of items) await client.send(new PutCommand({ TableName: tableName, Item }));
  });
  afterAll(async () => database?.stop());

  const memory = new MemoryEventSearch(new Map(Object.entries(EVENTS)), new Map(Object.entries(CONTACTS)));

  it.each([
    ['a contact', { orderingKeys: ['c', 'unknown'] }, ['EVENT#rejected', 'EVENT#stale', 'EVENT#applied']],
    ['an interaction', { orderingKeys: [], interactionId: 'i-1' }, ['EVENT#rejected', 'EVENT#applied']],
    ['either', { orderingKeys: ['d'], interactionId: 'i-1' }, ['EVENT#other', 'EVENT#rejected', 'EVENT#applied']],
    ['nothing', { orderingKeys: ['unknown'], interactionId: 'i-9' }, []],
  ])('finds the events of %s, newest first, as its fake does', async (_what, query, keys) => {
    for (const search of [new DynamoDbEventSearch(options), memory]) {
      const found = await search.search(query, 10);
      if (found.kind !== 'searched') throw new Error(found.cause);
      expect(found.rows.map(({ key }) => key)).toEqual(keys);
      expect(found).toMatchObject({
        count: keys.length,
        isComplete: true,
        contacts: query.orderingKeys.includes('c') ? [CONTACTS['CONTACT#c']] : [],
      });
    }
  });

  it('shows the newest of many', async () => {
    const found = await new DynamoDbEventSearch(options).search({ orderingKeys: ['c'] }, 1);
    expect(found).toMatchObject({ count: 3, rows: [{ key: 'EVENT#rejected' }] });
  });

  it('in a table that it may not read to the end finds what is in quarantine and what the contact’s row names', async () => {
    const { client, tableName } = database;
    const filler = 'x'.repeat(300_000);
    for (let n = 0; n < 12; n += 1)
      await client.send(new PutCommand({ TableName: tableName, Item: { pk: `USER#${n}`, filler } }));
    const found = await new DynamoDbEventSearch({ ...options, segments: 1, pagesMax: 1 }).search(
      { orderingKeys: ['c'] },
      10,
    );
    if (found.kind !== 'searched') throw new Error(found.cause);
    expect(found.isComplete).toBe(false);
    expect(found.rows.map(({ key }) => key)).toEqual(expect.arrayContaining(['EVENT#rejected', 'EVENT#applied']));
  });

  it('is unavailable if the table does not answer in time', async () => {
    const found = await new DynamoDbEventSearch({ ...options, budgetMs: 0 }).search({ orderingKeys: ['c'] }, 10);
    expect(found).toEqual({ kind: 'unavailable', cause: 'DynamoDB: timeout' });
  });
});
