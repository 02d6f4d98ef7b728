/**
 * The two stores that are held to one contract: the fake in memory, and the adapter on an embedded
 * DynamoDB.
 */
import { GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { systemChance, systemClock } from '../../lambdas/adapters/clock.system.ts';
import { DynamoDbIdempotencyStore } from '../../lambdas/adapters/idempotency-store.dynamodb.ts';
import { userRowKey } from '../../lambdas/domain/event/event-key.ts';
import type { ContactRow } from '../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { IdempotencyStore } from '../../lambdas/ports.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryIdempotencyStore } from '../harness/fakes/idempotency-store.memory.ts';

/** Parts of a user's row. */
export type UserItem = Readonly<Record<string, unknown>>;

/** A store and a way round its port, to put rows there and to see what it left behind. */
export interface StoreSubject {
  readonly store: IdempotencyStore;
  putEvent(key: string, row: EventRow): Promise<void>;
  putContact(key: string, row: ContactRow): Promise<void>;
  event(key: string): Promise<EventRow | undefined>;
  contact(key: string): Promise<ContactRow | undefined>;
  userRow(key: string): Promise<UserItem | undefined>;
  stop(): Promise<void>;
}

/** The subjects by name; each test file starts its own. */
export const STORE_SUBJECTS: readonly (readonly [string, () => Promise<StoreSubject>])[] = [
  ['the fake in memory', async () => memorySubject()],
  ['the DynamoDB adapter', dynamoDbSubject],
];

/** The fake. */
export function memorySubject(): StoreSubject {
  const store = new MemoryIdempotencyStore();
  return {
    store,
    putEvent: async (key, row) => void store.events.set(key, row),
    putContact: async (key, row) => void store.contacts.set(key, row),
    event: async (key) => store.events.get(key),
    contact: async (key) => store.contacts.get(key),
    userRow: async (key) => store.userRows.get(key),
    stop: async () => {},
  };
}

/** The adapter on a server of its own. */
export async function dynamoDbSubject(): Promise<StoreSubject> {
  const server = await startDynamoDbForTest('contract');
  // A busy machine is not what is tested here.
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 };
  const store = new DynamoDbIdempotencyStore(server.client, server.tableName, systemClock, systemChance, limits);
  return {
    store,
    putEvent: (key, row) => put(server, { ...row, pk: key }),
    putContact: (key, row) => put(server, { ...row, pk: key }),
    event: (key) => get<EventRow>(server, key),
    contact: (key) => get<ContactRow>(server, key),
    userRow: (key) => get<UserItem>(server, userRowKey(key)),
    stop: () => server.stop(),
  };
}

async function put(server: DynamoDbForTest, Item: Record<string, unknown>): Promise<void> {
  await server.client.send(new PutCommand({ TableName: server.tableName, Item }));
}

async function get<Row>(server: DynamoDbForTest, pk: string): Promise<Row | undefined> {
  const command = new GetCommand({ TableName: server.tableName, Key: { pk }, ConsistentRead: true });
  const { Item } = await server.client.send(command);
  if (Item === undefined) return undefined;
  const { pk: _key, ...row } = Item;
  return row as Row;
}
