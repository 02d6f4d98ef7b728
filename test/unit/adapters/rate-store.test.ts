/** Failures of the table under the schedule of requests; the contract tests have the rest. */
import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { DynamoDbRateStore } from '../../../lambdas/adapters/rate-store.dynamodb.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';

const mock = mockClient(DynamoDBDocumentClient);
const client = DynamoDBDocumentClient.from(new DynamoDBClient({ region: 'us-east-1' }));
const WISH = { count: 1, nowMs: 1_000, latestMs: 2_000, spacingMs: 100 };

let store: DynamoDbRateStore;
beforeEach(() => {
  mock.reset();
  store = new DynamoDbRateStore(client, 'table', DEFAULT_LIMITS);
});

describe('the schedule of requests', () => {
  it('is unavailable if the table does not answer within the budget of the caller', async () => {
    mock.on(UpdateCommand).callsFake(() => new Promise(() => undefined));
    const beganAtMs = performance.now();
    expect(await store.take(WISH, 50)).toEqual({ kind: 'unavailable', cause: 'DynamoDB: timeout' });
    expect(performance.now() - beganAtMs).toBeLessThan(1_000);
  });

  it('is unavailable if the table refuses the write', async () => {
    mock.on(UpdateCommand).rejects(Object.assign(new Error('no'), { name: 'AccessDeniedException' }));
    expect(await store.take(WISH, 1_000)).toEqual({ kind: 'unavailable', cause: 'DynamoDB: AccessDeniedException' });
  });

  it('gives up when others change it under every try', async () => {
    let tries = 0;
    mock.on(UpdateCommand).callsFake(() => {
      tries += 1;
      const Item = { nextMs: { N: String(tries % 2 === 0 ? 500 : 1_500) } };
      throw new ConditionalCheckFailedException({ $metadata: {}, message: '', Item });
    });
    expect(await store.take(WISH, 1_000)).toEqual({
      kind: 'unavailable',
      cause: 'DynamoDB: the schedule of requests keeps changing',
    });
    expect(tries).toBe(4);
  });
});
