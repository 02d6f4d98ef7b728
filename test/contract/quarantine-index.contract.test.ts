import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbQuarantineIndex } from '../../lambdas/adapters/quarantine-index.dynamodb.ts';
import { itemFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventRow, QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { QuarantineIndex, QuarantineSummaries } from '../../lambdas/ports.ts';
import { startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryQuarantineIndex } from '../harness/fakes/quarantine-index.memory.ts';

interface Subject {
  readonly index: QuarantineIndex & QuarantineSummaries;
  put(rows: Readonly<Record<string, EventRow>>): Promise<void>;
  stop(): Promise<void>;
}

async function memory(): Promise<Subject> {
  const events = new Map<string, EventRow>();
  return {
    index: new MemoryQuarantineIndex(events),
    put: async (rows) => {
      for (const [key, row] of Object.entries(rows)) events.set(key, row);
    },
    stop: async () => {},
  };
}

async function dynamoDb(): Promise<Subject> {
  const { client, tableName, stop } = await startDynamoDbForTest('index');
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 };
  return {
    index: new DynamoDbQuarantineIndex(client, tableName, 'quarantine-by-reason', limits),
    put: async (rows) => {
      const requests = Object.entries(rows).map(([pk, row]) => ({ PutRequest: { Item: itemFrom(pk, row) } }));
      for (let from = 0; from < requests.length; from += 25) {
        await client.send(new BatchWriteCommand({ RequestItems: { [tableName]: requests.slice(from, from + 25) } }));
      }
    },
    stop,
  };
}

function row(reason: QuarantineReason, settledAtMs: number, redrives = 0): EventRow {
  const common = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 0 };
  return { ...common, status: 'QUARANTINED', reason, settledAtMs, redrives };
}

describe.each([
  ['the fake in memory', memory],
  ['the DynamoDB adapter', dynamoDb],
] as const)('the index of quarantine, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
    const { reason: _reason, ...completed } = row('crm_rejected', 150);
    await subject.put({
      'EVENT#a': row('retries_exhausted', 100),
      'EVENT#b': { ...row('retries_exhausted', 300, 5), recoveries: 7, failedBy: 'record' },
      'EVENT#c': { ...completed, status: 'COMPLETED' },
      ...Object.fromEntries(
        Array.from({ length: 130 }, (_, n) => [`EVENT#spent-${n}`, row('behind_newer', 100 + n, 7)]),
      ),
      'EVENT#behind': { ...row('behind_newer', 50), orderingKey: 'digest', position: '1#behind', isReplay: true },
      ...Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`EVENT#open-${n}`, row('circuit_open', 1_000 + n)])),
    });
  });
  afterAll(async () => subject?.stop());

  it('lists what waits for a reason, oldest first, from all partitions', async () => {
    expect(await subject.index.list('retries_exhausted', 10)).toEqual({
      kind: 'listed',
      entries: [
        { reason: 'retries_exhausted', atMs: 100, redrives: 0 },
        { reason: 'retries_exhausted', atMs: 300, redrives: 5, recoveries: 7, failedBy: 'record' },
      ],
      more: false,
    });
  });

  it('lists the position and the contact of what waits for a newer event', async () => {
    expect(await subject.index.list('behind_newer', 1)).toEqual({
      kind: 'listed',
      entries: [
        { reason: 'behind_newer', atMs: 50, redrives: 0, orderingKey: 'digest', position: '1#behind', isReplay: true },
      ],
      more: true,
    });
  });

  it('lists nothing where nothing waits', async () => {
    expect(await subject.index.list('crm_rejected', 10)).toEqual({ kind: 'listed', entries: [], more: false });
  });

  it('spreads an outage over partitions, and counts it whole', async () => {
    expect(await subject.index.summarize('circuit_open')).toEqual({
      kind: 'known',
      count: 40,
      more: false,
      oldestAtMs: 1_000,
    });
    const listed = await subject.index.list('circuit_open', 3);
    expect(listed.kind === 'listed' && listed.entries.map(({ atMs }) => atMs)).toEqual([1_000, 1_001, 1_002]);
  });

  it.each([
    ['retries_exhausted', { count: 2, more: false, oldestAtMs: 100 }],
    ['behind_newer', { count: 131, more: false, oldestAtMs: 50 }],
    ['crm_rejected', { count: 0, more: false }],
  ] as const)('%s in all', async (reason, overview) => {
    expect(await subject.index.summarize(reason)).toEqual({ kind: 'known', ...overview });
  });
});
