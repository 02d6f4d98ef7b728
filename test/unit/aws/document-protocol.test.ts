/** The functions' document client writes and reads what the SDK's own does, byte for byte and value for value. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  TransactWriteCommand,
} from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { documentClient } from '../../../lambdas/aws/document-client.ts';
import { type LoopbackServer, listenOnLoopback } from '../../../local/loopback.ts';

let server: LoopbackServer;
let ours: DynamoDBDocumentClient;
let theirs: DynamoDBDocumentClient;
/** What the server was sent last, and what it answers. */
let sent: unknown;
let answer: object = {};

beforeAll(async () => {
  server = await listenOnLoopback((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { 'x-amz-target': target, 'content-type': type } = request.headers;
      sent = { target, type, body: JSON.parse(Buffer.concat(chunks).toString('utf8')) };
      response.end(JSON.stringify(answer));
    });
  }, 0);
  const environment = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
  };
  ours = documentClient(environment, { tries: 1, tryMs: 10_000, budgetMs: 10_000 });
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const bare = new DynamoDBClient({ endpoint: server.url, region: 'us-east-1', credentials });
  theirs = DynamoDBDocumentClient.from(bare, { marshallOptions: { removeUndefinedValues: true } });
});

afterAll(async () => {
  ours.destroy();
  theirs.destroy();
  await server.close();
});

/** Commands have no type in common that a client would take. */
interface Sender {
  send(command: object): Promise<{ readonly $metadata: unknown }>;
}

async function requestBy(client: Sender, command: object): Promise<unknown> {
  sent = undefined;
  await client.send(command);
  return sent;
}

async function outputBy(client: Sender, command: object): Promise<object> {
  const { $metadata: _, ...output } = await client.send(command);
  return output;
}

/** Values as a row may have them: what JSON has, bytes, sets, big numbers, and what is left out. */
const value = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 20 }),
    fc.double({ noNaN: true, noDefaultInfinity: true, min: -(2 ** 52), max: 2 ** 52 }),
    fc.integer(),
    fc.bigInt(),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 20 }),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 3 }).map((texts) => new Set(texts)),
    fc.uniqueArray(fc.integer(), { minLength: 1, maxLength: 3 }).map((numbers) => new Set(numbers)),
    fc.array(fc.uint8Array({ maxLength: 5 }), { minLength: 1, maxLength: 3 }).map((bytes) => new Set(bytes)),
    fc.constant(undefined),
  ),
  any: fc.oneof(
    { maxDepth: 3 },
    tie('leaf'),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(fc.string({ maxLength: 8 }), tie('any'), { maxKeys: 3 }),
  ),
})).any;
const item = fc.dictionary(fc.string({ maxLength: 8 }), value, { maxKeys: 4 }).map((rest) => ({ ...rest, pk: 'k' }));

describe('a document client', () => {
  it('sends the items, keys and values of every command as the SDK’s own does', async () => {
    await fc.assert(
      fc.asyncProperty(item, item, async (one, other) => {
        answer = {};
        const check = { TableName: 't', ConditionExpression: 'a = :v', ExpressionAttributeValues: other };
        const put = { ...check, Item: one };
        const update = {
          TableName: 't',
          Key: one,
          UpdateExpression: 'SET a = :v',
          ExpressionAttributeNames: { '#a': 'a' },
          ExpressionAttributeValues: other,
        };
        const token = { ClientRequestToken: 'token' };
        const commands = () => [
          new PutCommand(put),
          new GetCommand({ TableName: 't', Key: one, ConsistentRead: true }),
          new BatchGetCommand({ RequestItems: { t: { Keys: [one, other] }, u: { Keys: [] } } }),
          new QueryCommand({ TableName: 't', Limit: 3, ExclusiveStartKey: one, ExpressionAttributeValues: other }),
          new TransactWriteCommand({ TransactItems: [{ Put: put }, { Update: update }], ...token }),
          new TransactWriteCommand({
            TransactItems: [{ Delete: { TableName: 't', Key: one } }, { ConditionCheck: { ...check, Key: one } }],
            ...token,
          }),
        ];
        const [asOurs, asTheirs] = [commands(), commands()];
        for (const [index, command] of asOurs.entries()) {
          const wanted = await requestBy(theirs, asTheirs[index] as object);
          expect(await requestBy(ours, command)).toEqual(wanted);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('reads items as the SDK’s own does', async () => {
    await fc.assert(
      fc.asyncProperty(item, item, async (one, other) => {
        answer = {};
        // As attribute values on the wire: what a server would hold after it was sent them.
        const put = async (row: object) => {
          await theirs.send(new PutCommand({ TableName: 't', Item: row }));
          return (sent as { readonly body: { readonly Item: object } }).body.Item;
        };
        const [first, second] = [await put(one), await put(other)];
        const answers: [object, () => object][] = [
          [{ Item: first }, () => new GetCommand({ TableName: 't', Key: { pk: 'k' } })],
          [{}, () => new GetCommand({ TableName: 't', Key: { pk: 'k' } })],
          [
            { Items: [first, second], Count: 2, ScannedCount: 3, LastEvaluatedKey: second },
            () => new QueryCommand({ TableName: 't' }),
          ],
          [
            { Responses: { t: [first, second] }, UnprocessedKeys: { t: { Keys: [first], ConsistentRead: true } } },
            () => new BatchGetCommand({ RequestItems: { t: { Keys: [{ pk: 'k' }] } } }),
          ],
          [{ Attributes: first }, () => new PutCommand({ TableName: 't', Item: { pk: 'k' } })],
        ];
        for (const [answered, command] of answers) {
          answer = answered;
          expect(await outputBy(ours, command())).toEqual(await outputBy(theirs, command()));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('refuses a number that DynamoDB would not keep as it is, as the SDK’s own does', async () => {
    const put = (count: number) => new PutCommand({ TableName: 't', Item: { pk: 'k', count } });
    await expect(ours.send(put(2 ** 60))).rejects.toThrow('greater than Number.MAX_SAFE_INTEGER');
    await expect(ours.send(put(Number.NaN))).rejects.toThrow('Special numeric value NaN is not allowed');
  });
});
