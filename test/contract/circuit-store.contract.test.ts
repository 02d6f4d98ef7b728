import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbCircuitBreakerStore } from '../../lambdas/adapters/circuit-store.dynamodb.ts';
import {
  type CircuitBreakerRow,
  claimProbe,
  closeCircuitBreaker,
  openCircuitBreaker,
} from '../../lambdas/domain/crm/circuit-breaker.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { CircuitBreakerStore } from '../../lambdas/ports.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryCircuitBreakerStore } from '../harness/fakes/circuit-store.memory.ts';

/** A store, and a way round its port. */
interface Subject {
  readonly store: CircuitBreakerStore;
  put(stored: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

const SUBJECTS: readonly (readonly [string, () => Promise<Subject>])[] = [
  ['the fake in memory', async () => memorySubject()],
  ['the DynamoDB adapter', dynamoDbSubject],
];

function memorySubject(): Subject {
  const store = new MemoryCircuitBreakerStore();
  const put = async (stored: Readonly<Record<string, unknown>>) => {
    store.stored = stored;
  };
  return { store, put, stop: async () => {} };
}

async function dynamoDbSubject(): Promise<Subject> {
  const server: DynamoDbForTest = await startDynamoDbForTest('circuit');
  const store = new DynamoDbCircuitBreakerStore(server.client, server.tableName, {
    ...DEFAULT_LIMITS,
    storeBudgetMs: 30_000,
  });
  return {
    store,
    put: async (stored) => {
      await server.client.send(new PutCommand({ TableName: server.tableName, Item: { pk: 'CIRCUIT#crm', ...stored } }));
    },
    stop: () => server.stop(),
  };
}

const NOW = 1_000_000;
const CLOSED: CircuitBreakerRow = { state: 'CLOSED', version: 0, outages: [] };
const OPEN = openCircuitBreaker(CLOSED, NOW, DEFAULT_LIMITS);
const PROBED = claimProbe(OPEN, 'a', NOW + 30_000, DEFAULT_LIMITS);

describe.each(SUBJECTS)('the circuit’s row, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
  });
  afterAll(async () => subject?.stop());

  it('is opened once, probed by one, and closed: each write by an attempt that read the current row', async () => {
    const { store } = subject;
    expect(await store.read()).toEqual({ kind: 'absent' });
    expect(await store.write({ ...CLOSED }, OPEN)).toEqual({ kind: 'differs', stored: undefined });
    expect(await store.write(undefined, OPEN)).toEqual({ kind: 'written' });
    expect(await store.read()).toEqual({ kind: 'stored', stored: OPEN });
    expect(await store.write(undefined, openCircuitBreaker(CLOSED, NOW + 1, DEFAULT_LIMITS))).toEqual({
      kind: 'differs',
      stored: OPEN,
    });

    expect(await store.write({ ...OPEN }, PROBED)).toEqual({ kind: 'written' });
    const late = claimProbe(OPEN, 'b', NOW + 30_001, DEFAULT_LIMITS);
    expect(await store.write({ ...OPEN }, late)).toEqual({ kind: 'differs', stored: PROBED });

    const closed = closeCircuitBreaker(PROBED, NOW + 31_000);
    expect(await store.write({ ...PROBED }, closed)).toEqual({ kind: 'written' });
    expect(await store.read()).toEqual({ kind: 'stored', stored: closed });
  });

  it('finds its own write standing where the response was lost', async () => {
    await subject.put({ ...OPEN });
    expect(await subject.store.write({ ...OPEN }, PROBED)).toEqual({ kind: 'written' });
    expect(await subject.store.write({ ...OPEN }, PROBED)).toEqual({ kind: 'written' });
  });

  it.each([
    ['text for numbers', { state: 'OPEN', version: 'one', probeAtMs: 'never' }],
    ['lists and maps', { state: ['OPEN'], version: { n: 1 }, probeOwner: null }],
    ['nothing that is ours', { note: 'by hand' }],
  ])('is replaced where it has %s, but only by who saw it so', async (_what, stored) => {
    await subject.put(stored);
    expect(await subject.store.read()).toEqual({ kind: 'stored', stored });
    expect(await subject.store.write(undefined, OPEN)).toEqual({ kind: 'differs', stored });
    expect(await subject.store.write(stored, OPEN)).toEqual({ kind: 'written' });
    expect(await subject.store.read()).toEqual({ kind: 'stored', stored: OPEN });
  });
});
