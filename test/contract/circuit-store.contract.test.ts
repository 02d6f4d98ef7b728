import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbCircuitStore } from '../../lambdas/adapters/circuit-store.dynamodb.ts';
import { type CircuitRow, closedCircuit, openedCircuit, probedCircuit } from '../../lambdas/domain/circuit.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { CircuitStore } from '../../lambdas/ports.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryCircuitStore } from '../harness/twins/circuit-store.memory.ts';

/** A store, and a way round its port. */
interface Subject {
  readonly store: CircuitStore;
  put(stored: Readonly<Record<string, unknown>>): Promise<void>;
  stop(): Promise<void>;
}

const SUBJECTS: readonly (readonly [string, () => Promise<Subject>])[] = [
  ['the twin in memory', async () => memorySubject()],
  ['the DynamoDB adapter', dynamoDbSubject],
];

function memorySubject(): Subject {
  const store = new MemoryCircuitStore();
  const put = async (stored: Readonly<Record<string, unknown>>) => {
    store.stored = stored;
  };
  return { store, put, stop: async () => {} };
}

async function dynamoDbSubject(): Promise<Subject> {
  const server: DynamoDbForTest = await startDynamoDbForTest('circuit');
  const store = new DynamoDbCircuitStore(server.client, server.tableName, { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 });
  return {
    store,
    put: async (stored) => {
      await server.client.send(new PutCommand({ TableName: server.tableName, Item: { pk: 'CIRCUIT#crm', ...stored } }));
    },
    stop: () => server.stop(),
  };
}

const NOW = 1_000_000;
const CLOSED: CircuitRow = { state: 'CLOSED', version: 0, outages: [] };
const OPEN = openedCircuit(CLOSED, NOW, DEFAULT_LIMITS);
const PROBED = probedCircuit(OPEN, 'a', NOW + 30_000, DEFAULT_LIMITS);

describe.each(SUBJECTS)('the circuit’s row, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
  }, 30_000);
  afterAll(async () => subject?.stop());

  it('is opened once, probed by one, and closed: each write by whoever saw the row as it is', async () => {
    const { store } = subject;
    expect(await store.read()).toEqual({ kind: 'absent' });
    expect(await store.write({ ...CLOSED }, OPEN)).toEqual({ kind: 'differs', stored: undefined });
    expect(await store.write(undefined, OPEN)).toEqual({ kind: 'written' });
    expect(await store.read()).toEqual({ kind: 'stored', stored: OPEN });
    expect(await store.write(undefined, openedCircuit(CLOSED, NOW + 1, DEFAULT_LIMITS))).toEqual({
      kind: 'differs',
      stored: OPEN,
    });

    expect(await store.write({ ...OPEN }, PROBED)).toEqual({ kind: 'written' });
    const late = probedCircuit(OPEN, 'b', NOW + 30_001, DEFAULT_LIMITS);
    expect(await store.write({ ...OPEN }, late)).toEqual({ kind: 'differs', stored: PROBED });

    const closed = closedCircuit(PROBED, NOW + 31_000);
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
