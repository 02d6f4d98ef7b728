import { BatchWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DynamoDbPipelineView } from '../../lambdas/adapters/pipeline-view.dynamodb.ts';
import { itemFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventRow, QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { PipelineView } from '../../lambdas/ports.ts';
import { startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { MemoryPipelineView } from '../harness/fakes/pipeline-view.memory.ts';

interface Subject {
  readonly view: PipelineView;
  put(rows: Readonly<Record<string, EventRow>>): Promise<void>;
  stop(): Promise<void>;
}

async function memory(): Promise<Subject> {
  const events = new Map<string, EventRow>();
  return {
    view: new MemoryPipelineView(events),
    put: async (rows) => {
      for (const [key, row] of Object.entries(rows)) events.set(key, row);
    },
    stop: async () => {},
  };
}

async function dynamoDb(): Promise<Subject> {
  const { client, tableName, stop } = await startDynamoDbForTest('view');
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 };
  return {
    view: new DynamoDbPipelineView(client, tableName, 'quarantine-by-reason', limits),
    put: async (rows) => {
      const requests = Object.entries(rows).map(([pk, row]) => ({ PutRequest: { Item: itemFrom(pk, row) } }));
      for (let from = 0; from < requests.length; from += 25) {
        await client.send(new BatchWriteCommand({ RequestItems: { [tableName]: requests.slice(from, from + 25) } }));
      }
    },
    stop,
  };
}

const COMMON = { owner: 'o', identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 0, redrives: 0 };

function quarantined(reason: QuarantineReason, settledAtMs: number, eventId: string): EventRow {
  return { ...COMMON, status: 'QUARANTINED', reason, settledAtMs, eventId };
}

const BODY = `BODY#${'a'.repeat(64)}`;
const REUSED = `REUSED#${'b'.repeat(64)}`;

describe.each([
  ['the fake in memory', memory],
  ['the DynamoDB adapter', dynamoDb],
] as const)('the view of the table, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
    const rejected = Array.from({ length: 12 }, (_, n) => [
      `EVENT#r${n}`,
      {
        ...quarantined('crm_rejected', 100 + n, `r${n}`),
        lastError: n < 4 ? 'HTTP 404: no such path' : `HTTP 422: field ${n}`,
      },
    ]);
    const { eventId: _none, ...body } = quarantined('invalid_event', 300, '');
    await subject.put({
      ...(Object.fromEntries(rejected) as Record<string, EventRow>),
      [BODY]: body,
      'EVENT#one': { ...COMMON, status: 'COMPLETED', settledAtMs: 400, eventId: 'one' },
      [REUSED]: quarantined('id_reused', 500, 'one'),
    });
  });
  afterAll(async () => subject?.stop());

  it('counts what waits for each reason, says since when, and shows the newest', async () => {
    const seen = await subject.view.quarantine();
    const reasons = seen.kind === 'quarantine' ? seen.reasons : [];
    const told = reasons.map(({ sample, ...rest }) => ({ ...rest, sample: sample.map(({ key }) => key) }));
    expect(told.sort((one, other) => one.oldestAtMs - other.oldestAtMs)).toEqual([
      {
        reason: 'crm_rejected',
        count: 12,
        more: false,
        oldestAtMs: 100,
        newestAtMs: 111,
        errors: [
          { error: 'HTTP 422: field 11', count: 8 },
          { error: 'HTTP 404: no such path', count: 4 },
        ],
        errorsOf: 12,
        sample: ['EVENT#r11', 'EVENT#r10', 'EVENT#r9', 'EVENT#r8', 'EVENT#r7'],
      },
      {
        reason: 'invalid_event',
        count: 1,
        more: false,
        oldestAtMs: 300,
        newestAtMs: 300,
        errors: [],
        errorsOf: 1,
        sample: [BODY],
      },
      {
        reason: 'id_reused',
        count: 1,
        more: false,
        oldestAtMs: 500,
        newestAtMs: 500,
        errors: [],
        errorsOf: 1,
        sample: [REUSED],
      },
    ]);
  });

  it.each([
    ['an event by its id, and those that reused the id', 'one', ['EVENT#one', REUSED]],
    ['a body that is no event by the key of its row', BODY, [BODY]],
    ['one that reused an id by the key of its row', REUSED, [REUSED]],
    ['nothing under an id that is not there', 'nobody', []],
    ['nothing under the key of another kind of row', 'CIRCUIT#crm', []],
  ])('finds %s', async (_what, id, keys) => {
    const found = await subject.view.find(id);
    expect(found.kind === 'found' ? found.rows.map(({ key }) => key) : found).toEqual(keys);
  });
});
