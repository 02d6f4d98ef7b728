import { DeleteCommand, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DynamoDbRateStore } from '../../lambdas/adapters/rate-store.dynamodb.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { RateStore } from '../../lambdas/ports.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryRateStore } from '../harness/fakes/rate-store.memory.ts';

/** Stores of one table, as two environments have them, and a way round their port. */
interface Subject {
  store(): RateStore;
  put(nextMs: number | undefined): Promise<void>;
  nextMs(): Promise<number | undefined>;
  stop(): Promise<void>;
}

const SUBJECTS: readonly (readonly [string, () => Promise<Subject>])[] = [
  ['the fake in memory', async () => memorySubject()],
  ['the DynamoDB adapter', dynamoDbSubject],
];

function memorySubject(): Subject {
  const store = new MemoryRateStore();
  return {
    store: () => store,
    put: async (nextMs) => {
      store.nextMs = nextMs;
    },
    nextMs: async () => store.nextMs,
    stop: async () => {},
  };
}

async function dynamoDbSubject(): Promise<Subject> {
  const server: DynamoDbForTest = await startDynamoDbForTest('rate');
  const { client, tableName: TableName } = server;
  const Key = { pk: 'RATE#crm' };
  return {
    store: () => new DynamoDbRateStore(client, TableName, { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 }),
    put: async (nextMs) => {
      if (nextMs === undefined) await client.send(new DeleteCommand({ TableName, Key }));
      else await client.send(new PutCommand({ TableName, Item: { ...Key, nextMs } }));
    },
    nextMs: async () => (await client.send(new GetCommand({ TableName, Key, ConsistentRead: true }))).Item?.nextMs,
    stop: () => server.stop(),
  };
}

const NOW = 1_790_000_000_000;
const BUDGET_MS = 30_000;
const wish = (count: number, aheadMs = 1_000, nowMs = NOW) => ({
  count,
  nowMs,
  latestMs: nowMs + aheadMs,
  spacingMs: 62.5,
});

describe.each(SUBJECTS)('the schedule of requests, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
  });
  beforeEach(() => subject.put(undefined));
  afterAll(async () => subject?.stop());

  it('gives each slot once to two environments', async () => {
    const [one, other] = [subject.store(), subject.store()];
    expect(await one.take(wish(2), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW });
    expect(await other.take(wish(3), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 125 });
    expect(await one.take(wish(1), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 312.5 });
    expect(await subject.nextMs()).toBe(NOW + 375);
  });

  it('begins again at once where all that were taken have passed', async () => {
    const store = subject.store();
    await store.take(wish(5), BUDGET_MS);
    expect(await store.take(wish(1, 0, NOW + 312), BUDGET_MS)).toEqual({ kind: 'full', nextMs: NOW + 312.5 });
    expect(await store.take(wish(1, 0, NOW + 313), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 313 });
  });

  it('refuses what is too far ahead, and changes nothing', async () => {
    await subject.put(NOW + 1_001);
    expect(await subject.store().take(wish(1), BUDGET_MS)).toEqual({ kind: 'full', nextMs: NOW + 1_001 });
    expect(await subject.store().take(wish(1, 1_001), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 1_001 });
    expect(await subject.nextMs()).toBe(NOW + 1_063.5);
  });

  it('follows what others have taken since it last looked', async () => {
    const store = subject.store();
    await store.take(wish(1), BUDGET_MS);
    await subject.put(NOW + 500);
    expect(await store.take(wish(1, 10_000, NOW + 63), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 500 });
    await subject.put(NOW + 5_000);
    expect(await store.take(wish(1, 1_000, NOW + 100), BUDGET_MS)).toEqual({ kind: 'full', nextMs: NOW + 5_000 });
    await subject.put(undefined);
    expect(await store.take(wish(1, 1_000, NOW + 6_000), BUDGET_MS)).toEqual({ kind: 'taken', firstMs: NOW + 6_000 });
  });

  it('gives no slot twice to many that ask at the same time', async () => {
    const stores = Array.from({ length: 5 }, () => subject.store());
    const taken = await Promise.all(
      stores.flatMap((store) => [store.take(wish(2, 2_000), BUDGET_MS), store.take(wish(2, 2_000), BUDGET_MS)]),
    );
    const firsts = taken.map((decision) => (decision.kind === 'taken' ? decision.firstMs - NOW : decision.kind));
    expect(firsts.sort((a, b) => Number(a) - Number(b))).toEqual(Array.from({ length: 10 }, (_, index) => index * 125));
  });
});
