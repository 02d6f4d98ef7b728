import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbQuarantineIndex } from '../../lambdas/adapters/quarantine-index.dynamodb.ts';
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
      const requests = Object.entries(rows).map(([pk, row]) => ({ PutRequest: { Item: { pk, ...row } } }));
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
      'EVENT#b': row('retries_exhausted', 300, 5),
      'EVENT#c': { ...completed, status: 'COMPLETED' },
      // More of them than one call of DynamoDB is asked for.
      ...Object.fromEntries(
        Array.from({ length: 130 }, (_, n) => [`EVENT#spent-${n}`, row('behind_newer', 100 + n, 7)]),
      ),
      'EVENT#fresh': row('behind_newer', 900),
    });
  });
  afterAll(async () => subject?.stop());

  it.each([
    ['retries_exhausted', 100, 100, 5, true],
    ['retries_exhausted', 0, 99, 5, false],
    ['retries_exhausted', 101, 299, 5, false],
    ['retries_exhausted', 200, 400, 5, false],
    ['retries_exhausted', 200, 400, 6, true],
    ['crm_rejected', 0, 1_000, 5, false],
    ['behind_newer', 0, 899, 7, false],
    ['behind_newer', 0, Number.MAX_SAFE_INTEGER, 7, true],
  ] as const)(
    '%s between %d and %d, redriven less than %d times: %s',
    async (reason, fromMs, toMs, redrivesBelow, any) => {
      expect(await subject.index.holdsAny({ reason, fromMs, toMs, redrivesBelow })).toEqual({ kind: 'known', any });
    },
  );

  it.each([
    ['retries_exhausted', { count: 2, oldestAtMs: 100 }],
    ['behind_newer', { count: 131, oldestAtMs: 100 }],
    ['crm_rejected', { count: 0 }],
  ] as const)('%s in all', async (reason, overview) => {
    expect(await subject.index.summarize(reason)).toEqual({ kind: 'known', ...overview });
  });
});
