/** Faults that no server can be made to produce; what a server does is in test/contract. */
import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { BatchGetCommand, DynamoDBDocumentClient, PutCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { DynamoDbIdempotencyStore } from '../../../lambdas/adapters/idempotency-store.dynamodb.ts';
import type { EventRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import type { ClaimWrite, SettleWrite } from '../../../lambdas/ports.ts';
import { listenOnLoopback } from '../../../local/http/loopback.ts';

const dynamo = mockClient(DynamoDBDocumentClient);

/**
 * A clock that moves on at each look, so that a budget ends without waiting for it; pauses have no
 * length.
 */
function store(stepMs = 0): DynamoDbIdempotencyStore {
  let nowMs = 0;
  const clock = {
    now: () => {
      nowMs += stepMs;
      return nowMs;
    },
  };
  const chance = { fraction: () => 0, newOwner: () => 'unused' };
  const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
  return new DynamoDbIdempotencyStore(client, 'table', clock, chance, DEFAULT_LIMITS);
}

function row(status: EventRow['status'], owner: string): EventRow {
  return { status, owner, identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 1, redrives: 0 };
}

const CLAIM: ClaimWrite = {
  eventKey: 'EVENT#e',
  expect: 'absent',
  row: { ...row('IN_PROGRESS', 'me'), leaseExpiresAtMs: 140 },
  contact: { key: 'CONTACT#c', position: '5#e', expiresAt: 9_000_000_000 },
  nowMs: 100,
};

const SETTLE: SettleWrite = {
  eventKey: 'EVENT#e',
  expect: { status: 'IN_PROGRESS', owner: 'me' },
  leaseLiveAtMs: 100,
  row: row('COMPLETED', 'me'),
  contact: { key: 'CONTACT#c', position: '5#e', effect: 'applied', staysHeld: false },
  userRows: [{ key: 'u', item: { n: 1 }, onlyIfAbsent: true }],
};

/** A transaction cancelled for these reasons, one an item. */
function cancelled(...reasons: readonly { readonly Code: string; readonly Item?: object }[]) {
  return new TransactionCanceledException({
    $metadata: {},
    message: '',
    CancellationReasons: reasons.map(({ Code, Item }) =>
      Item === undefined ? { Code } : { Code, Item: marshall(Item) },
    ),
  });
}

function named(name: string): Error {
  return Object.assign(new Error('not for the log'), { name });
}

function tokens(): unknown[] {
  return dynamo.commandCalls(TransactWriteCommand).map((call) => call.args[0].input.ClientRequestToken);
}

describe('the DynamoDB adapter', () => {
  beforeEach(() => void dynamo.reset());

  it.each([
    ['a conflict', cancelled({ Code: 'TransactionConflict' }, { Code: 'None' })],
    ['throttling', cancelled({ Code: 'None' }, { Code: 'ThrottlingError' })],
    ['exceeded throughput', cancelled({ Code: 'ProvisionedThroughputExceeded' }, { Code: 'None' })],
    ['its own transaction under way', named('TransactionInProgressException')],
  ])('tries a write again that met %s, with the same token', async (_what, error) => {
    dynamo.on(TransactWriteCommand).rejectsOnce(error).rejectsOnce(error).resolves({});
    expect(await store().claim(CLAIM)).toEqual({ kind: 'claimed' });
    const [first, second, third, ...more] = tokens();
    expect(second).toBe(first);
    expect(third).toBe(first);
    expect(more).toEqual([]);
  });

  it('tries a plain write again that met a conflict', async () => {
    const { contact: _contact, ...alone } = CLAIM;
    dynamo.on(PutCommand).rejectsOnce(named('TransactionConflictException')).resolves({});
    expect(await store().claim(alone)).toEqual({ kind: 'claimed' });
  });

  it('gives a conflict up when the budget is used', async () => {
    dynamo.on(TransactWriteCommand).rejects(cancelled({ Code: 'TransactionConflict' }, { Code: 'None' }));
    expect(await store(1_000).claim(CLAIM)).toEqual({
      kind: 'unavailable',
      cause: 'DynamoDB: TransactionCanceledException TransactionConflict',
    });
    // The clock stands at 1 s as it begins, and at 4 s after the third try: beyond the 2.5 s.
    expect(tokens()).toHaveLength(3);
  });

  it('takes a refusal as such that came along with a conflict', async () => {
    const stands = row('COMPLETED', 'another');
    dynamo
      .on(TransactWriteCommand)
      .rejects(
        cancelled(
          { Code: 'ConditionalCheckFailed', Item: { pk: 'EVENT#e', ...stands } },
          { Code: 'TransactionConflict' },
        ),
      );
    expect(await store().claim(CLAIM)).toEqual({ kind: 'event_differs', event: stands });
  });

  it.each(['TimeoutError', 'ThrottlingException', 'InternalServerError'])(
    'knows nothing of a write that ended in %s, and quotes nothing',
    async (name) => {
      dynamo.on(TransactWriteCommand).rejects(named(name));
      const cause = `DynamoDB: ${name === 'TimeoutError' ? 'timeout' : name}`;
      expect(await store().claim(CLAIM)).toEqual({ kind: 'unavailable', cause });
      expect(await store().settle(SETTLE)).toEqual({ kind: 'unavailable', cause });
    },
  );

  it.each([
    ['ValidationException', named('ValidationException')],
    ['SerializationException', named('SerializationException')],
    ['TransactionCanceledException ValidationError', cancelled({ Code: 'None' }, { Code: 'ValidationError' })],
  ])(
    'blames the mapping’s rows where DynamoDB takes the write for none that it could carry out: %s',
    async (what, error) => {
      dynamo.on(TransactWriteCommand).rejects(error);
      expect(await store().settle(SETTLE)).toEqual({
        kind: 'rows_rejected',
        cause: `a row of the mapping cannot be stored (DynamoDB: ${what})`,
      });
      const unavailable = { kind: 'unavailable', cause: `DynamoDB: ${what}` };
      expect(await store().settle({ ...SETTLE, userRows: [] })).toEqual(unavailable);
      expect(await store().claim(CLAIM)).toEqual(unavailable);
    },
  );

  it('yields to the event loop before it returns an immediate failure', async () => {
    dynamo.on(TransactWriteCommand).rejects(named('AccessDeniedException'));
    let turns = 0;
    const turn = setInterval(() => (turns += 1), 0);
    try {
      for (let time = 0; time < 20; time += 1) await store().settle(SETTLE);
    } finally {
      clearInterval(turn);
    }
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  it('recognises its own claim where the response was lost after the write', async () => {
    const stands = { pk: 'EVENT#e', ...CLAIM.row };
    dynamo
      .on(TransactWriteCommand)
      .rejectsOnce(named('TimeoutError'))
      .rejects(cancelled({ Code: 'ConditionalCheckFailed', Item: stands }, { Code: 'None' }));
    const subject = store();
    expect(await subject.claim(CLAIM)).toMatchObject({ kind: 'unavailable' });
    expect(await subject.claim(CLAIM)).toEqual({ kind: 'claimed' });
  });

  it('recognises its own plain claim where the response was lost after the write', async () => {
    const { contact: _contact, ...alone } = CLAIM;
    const error = new ConditionalCheckFailedException({ $metadata: {}, message: '' });
    error.Item = marshall({ pk: 'EVENT#e', ...CLAIM.row });
    dynamo.on(PutCommand).rejectsOnce(named('TimeoutError')).rejects(error);
    const subject = store();
    expect(await subject.claim(alone)).toMatchObject({ kind: 'unavailable' });
    expect(await subject.claim(alone)).toEqual({ kind: 'claimed' });
  });

  it('recognises its own settlement where the response was lost, which it makes again with the same token', async () => {
    const stands = { pk: 'EVENT#e', ...SETTLE.row };
    dynamo
      .on(TransactWriteCommand)
      .rejectsOnce(named('TimeoutError'))
      .rejects(
        cancelled(
          { Code: 'ConditionalCheckFailed', Item: stands },
          { Code: 'ConditionalCheckFailed' },
          { Code: 'None' },
        ),
      );
    const subject = store();
    expect(await subject.settle(SETTLE)).toMatchObject({ kind: 'unavailable' });
    expect(await subject.settle(SETTLE)).toEqual({ kind: 'settled' });
    const [first, second] = tokens();
    expect(second).toBe(first);
  });

  it('distinguishes an existing user row from a contact that another attempt holds', async () => {
    const refused = { Code: 'ConditionalCheckFailed' };
    dynamo
      .on(TransactWriteCommand)
      .rejectsOnce(cancelled({ Code: 'None' }, { Code: 'None' }, refused))
      .rejectsOnce(cancelled({ Code: 'None' }, refused, refused));
    const subject = store();
    expect(await subject.settle(SETTLE)).toEqual({
      kind: 'rows_rejected',
      cause: 'a row of the mapping was there already',
    });
    expect(await subject.settle(SETTLE)).toEqual({ kind: 'lost' });
  });

  it('simply does not know the keys that a read left unprocessed', async () => {
    const known = row('COMPLETED', 'another');
    dynamo.on(BatchGetCommand).resolves({
      Responses: { table: [{ pk: 'EVENT#a', ...known }] },
      UnprocessedKeys: { table: { Keys: [{ pk: 'EVENT#b' }, { pk: 'CONTACT#b' }, { pk: 'CIRCUIT#crm' }] } },
    });
    const keys = { events: ['EVENT#a', 'EVENT#b'], contacts: ['CONTACT#a', 'CONTACT#b'] };
    expect(await store().readAhead(keys)).toEqual({
      events: new Map([['EVENT#a', known]]),
      contacts: new Map(),
      absentContacts: new Set(['CONTACT#a']),
      circuitBreaker: { kind: 'not_read' },
    });
  });

  it('reads the circuit in the same request as the batch', async () => {
    dynamo.on(BatchGetCommand).resolves({ Responses: { table: [{ pk: 'CIRCUIT#crm', state: 'OPEN', version: 3 }] } });
    expect(await store().readAhead({ events: ['EVENT#a'], contacts: [] })).toMatchObject({
      circuitBreaker: { kind: 'stored', stored: { state: 'OPEN', version: 3 } },
    });
    const [call] = dynamo.commandCalls(BatchGetCommand);
    expect(call?.args[0].input.RequestItems?.table?.Keys).toEqual([{ pk: 'EVENT#a' }, { pk: 'CIRCUIT#crm' }]);
    expect(dynamo.calls()).toHaveLength(1);
  });

  it('knows nothing where the read failed', async () => {
    dynamo.on(BatchGetCommand).rejects(named('ProvisionedThroughputExceededException'));
    expect(await store().readAhead({ events: ['EVENT#a'], contacts: [] })).toEqual({
      kind: 'unavailable',
      cause: 'DynamoDB: ProvisionedThroughputExceededException',
    });
  });
});

describe('the DynamoDB adapter on a server that never answers', () => {
  it('answers within its budget, whatever the SDK would still try', async () => {
    dynamo.restore();
    const server = await listenOnLoopback(() => {}, 0);
    const bare = new DynamoDBClient({
      endpoint: server.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    try {
      const clock = { now: () => 0 };
      const chance = { fraction: () => 0, newOwner: () => 'unused' };
      const limits = { ...DEFAULT_LIMITS, storeBudgetMs: 50 };
      const subject = new DynamoDbIdempotencyStore(DynamoDBDocumentClient.from(bare), 'table', clock, chance, limits);
      const unavailable = { kind: 'unavailable', cause: 'DynamoDB: timeout' };
      expect(await subject.claim(CLAIM)).toEqual(unavailable);
      expect(await subject.settle(SETTLE)).toEqual(unavailable);
      expect(await subject.readAhead({ events: ['EVENT#a'], contacts: [] })).toEqual(unavailable);
    } finally {
      bare.destroy();
      await server.close();
    }
  });
});
