/**
 * Rows of a mapping on a real server: what the check lets through is stored, so that no event waits
 * for ever for its settlement.
 */
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemChance, systemClock } from '../../lambdas/adapters/clock.system.ts';
import { DynamoDbIdempotencyStore } from '../../lambdas/adapters/idempotency-store.dynamodb.ts';
import { rest } from '../../lambdas/connectors/rest/connector.ts';
import { validateDelivery } from '../../lambdas/domain/crm/validate-mapping.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';

const TABLE = 'user-rows';
const ROW: EventRow = {
  status: 'IN_PROGRESS',
  owner: 'o',
  identity: 'i',
  attempts: 1,
  expiredLeases: 0,
  redrives: 0,
  firstReceivedAtMs: 1,
  leaseExpiresAtMs: 2_000_000_000_000,
};

let server: DynamoDbForTest;
let store: DynamoDbIdempotencyStore;

beforeAll(async () => {
  server = await startDynamoDbForTest(TABLE);
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: 30_000 };
  store = new DynamoDbIdempotencyStore(server.client, TABLE, systemClock, systemChance, limits);
});

afterAll(() => server.stop());

/** Whatever a mapping may come up with, most of it storable. */
const value = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 12 }),
    fc.double(),
    fc.double({ min: -1e15, max: 1e15, noNaN: true }),
    fc.integer(),
    fc.bigInt({ max: 10n ** 40n, min: -(10n ** 40n) }),
    fc.boolean(),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(fc.string({ maxLength: 5 }), { maxLength: 3 }).map((texts) => new Set(texts)),
    fc.array(fc.integer(), { maxLength: 3 }).map((numbers) => new Set(numbers)),
    fc.array(fc.uint8Array({ maxLength: 3 }), { maxLength: 2 }).map((bytes) => new Set(bytes)),
    fc.constantFrom<unknown>(
      null,
      undefined,
      '',
      '\ud800',
      Number.NaN,
      5e-324,
      -1e-130,
      new Date(0),
      new Map(),
      () => 1,
    ),
  ),
  any: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 6 }), tie('any'), { maxKeys: 3 }),
  ),
})).any;

const name = fc.oneof(
  { weight: 6, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'pk', 'reason', 'settledAtMs', 'expiresAt', 'status', 'owner', '__proto__'),
  },
);

describe('a row that the check lets through', () => {
  it('settles with its event', async () => {
    let stored = 0;
    let serial = 0;
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value, { maxKeys: 3 }), async (item) => {
        const key = `k${++serial}`;
        const rows = [{ key, item }];
        const action = { kind: 'request', method: 'POST', path: '/', body: {} } as const;
        if (validateDelivery({ kind: 'deliver', action, orderingKey: null, rows }, rest) !== undefined) return;
        const row = { ...ROW, status: 'COMPLETED' } as const;
        const write = { eventKey: `EVENT#${key}`, expect: 'absent', row, userRows: rows } as const;
        expect(await store.settle(write)).toEqual({ kind: 'settled' });
        const { Item } = await server.client.send(new GetCommand({ TableName: TABLE, Key: { pk: `USER#${key}` } }));
        expect(Object.keys(Item ?? {}).sort()).toEqual(
          ['pk', ...Object.keys(item).filter((attribute) => item[attribute] !== undefined)].sort(),
        );
        stored += 1;
      }),
      { numRuns: 400 },
    );
    expect(stored).toBeGreaterThan(60);
  });
});
