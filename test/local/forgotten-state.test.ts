/** State of an earlier start that a changed template does not name any more. */
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { refuseForgottenTables, type TableSpec } from '../../local/dynamodb/embedded-dynamodb.ts';
import { type QueueSpec, refuseForgottenMessages } from '../../local/sqs/embedded-sqs.ts';
import { type DynamoDbForTest, startDynamoDbForTest } from '../harness/dynamodb-server.ts';
import { type SqsForTest, startSqsForTest } from '../harness/sqs-server.ts';

let sqs: SqsForTest;
let dynamoDb: DynamoDbForTest;

beforeAll(async () => {
  [sqs, dynamoDb] = await Promise.all([startSqsForTest(), startDynamoDbForTest('state-of-before')]);
});

afterAll(async () => {
  await Promise.all([sqs?.stop(), dynamoDb?.stop()]);
});

describe('a start after names have changed', () => {
  it('refuses messages in a queue that it would not read', async () => {
    const url = await sqs.createQueue('delivery-of-before');
    const queues = [{ name: 'delivery', url: await sqs.createQueue('delivery') }] as QueueSpec[];
    await expect(refuseForgottenMessages(sqs.client, queues)).resolves.toBeUndefined();
    await sqs.client.send(new SendMessageCommand({ QueueUrl: url, MessageBody: '{}' }));
    await expect(refuseForgottenMessages(sqs.client, queues)).rejects.toThrow(
      /^1 messages wait in the queue delivery-of-before of DATA_DIR, which the stack has no more: were names\.\*/,
    );
    const known = { name: 'delivery-of-before', url: 'http://127.0.0.1:1/000000000000/delivery-of-before' };
    // The port is another one at each start.
    await expect(refuseForgottenMessages(sqs.client, [...queues, known as QueueSpec])).resolves.toBeUndefined();
  });

  it('refuses rows in a table that it would not read', async () => {
    const { client, tableName } = dynamoDb;
    const tables = [{ name: 'state' }] as TableSpec[];
    await expect(refuseForgottenTables(client, tables)).resolves.toBeUndefined();
    await client.send(new PutCommand({ TableName: tableName, Item: { pk: 'EVENT#1' } }));
    await expect(refuseForgottenTables(client, tables)).rejects.toThrow(/^The table state-of-before of DATA_DIR has/);
    await expect(refuseForgottenTables(client, [{ name: tableName } as TableSpec])).resolves.toBeUndefined();
  });
});
