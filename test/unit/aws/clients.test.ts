/** The functions' AWS clients towards a server that misbehaves: bounds, retries, what a request carries. */
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { ListQueuesCommand, QueueDoesNotExist, SendMessageCommand } from '@aws-sdk/client-sqs';
import { BatchGetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterEach, describe, expect, it } from '@jest/globals';
import { secretsManagerClient, sqsClient } from '../../../lambdas/aws/clients.ts';
import { documentClient } from '../../../lambdas/aws/document-client.ts';
import { type LoopbackServer, listenOnLoopback } from '../../../local/loopback.ts';

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (
  tries: number,
) => { readonly status: number; readonly body: object | string } | 'hang' | 'drop' | 'half' | 'upgrade';

let server: LoopbackServer | undefined;

afterEach(async () => {
  await server?.close();
  server = undefined;
  delete process.env._X_AMZN_TRACE_ID;
});

/** A server that answers the n-th request as it is told; what it has seen. */
async function serve(answer: Answer): Promise<{ readonly seen: Seen[]; readonly environment: Record<string, string> }> {
  const seen: Seen[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      seen.push({ headers: request.headers, body: Buffer.concat(chunks).toString('utf8') });
      const told = answer(seen.length);
      if (told === 'drop') response.destroy();
      else if (told === 'upgrade')
        response.socket?.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
      else if (told === 'half') response.writeHead(200, { 'content-length': 100 }).write('{');
      else if (told !== 'hang') {
        response.writeHead(told.status).end(typeof told.body === 'string' ? told.body : JSON.stringify(told.body));
      }
    });
  };
  server = await listenOnLoopback(listener, 0);
  const environment = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL_SQS: server.url,
    AWS_ENDPOINT_URL_DYNAMODB: server.url,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: server.url,
  };
  return { seen, environment };
}

const OK = { status: 200, body: { MessageId: 'm', MD5OfMessageBody: 'not looked at' } } as const;
const UNAVAILABLE = { status: 503, body: { __type: 'ServiceUnavailable' } } as const;
const THROTTLED = { status: 400, body: { __type: 'com.amazonaws.sqs#RequestThrottled' } } as const;
const SEND = new SendMessageCommand({
  QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/q',
  MessageBody: 'Grüße \u{1f4de}',
  MessageAttributes: { schema: { DataType: 'String', StringValue: '1' } },
});
const GENEROUS = { tries: 3, tryMs: 5_000, budgetMs: 15_000 };

describe('a client', () => {
  it('sends what the SDK would: operation, region, session token, trace and body', async () => {
    const { seen, environment } = await serve(() => OK);
    process.env._X_AMZN_TRACE_ID = 'Root=1-0-0;Sampled=1';
    await expect(sqsClient(environment, GENEROUS).send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    expect(headers).toMatchObject({
      host: server?.url.slice('http://'.length),
      'x-amz-target': 'AmazonSQS.SendMessage',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': 'token',
      'x-amzn-trace-id': 'Root=1-0-0;Sampled=1',
    });
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/sqs\/aws4_request/,
    );
    expect(JSON.parse(body)).toEqual({
      QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/q',
      MessageBody: 'Grüße \u{1f4de}',
      MessageAttributes: { schema: { DataType: 'String', StringValue: '1' } },
    });
  });

  it.each([
    ['an outage', UNAVAILABLE],
    ['throttling', THROTTLED],
    ['a connection that is cut', 'drop'],
    ['a proxy’s page', { status: 502, body: '<html>Bad Gateway</html>' }],
  ] as const)(
    'tries again after %s, and keeps its answers apart',
    async (_what, trouble) => {
      const { seen, environment } = await serve((tries) => (tries % 2 === 1 ? trouble : OK));
      const client = sqsClient(environment, GENEROUS);
      await client.send(SEND);
      await client.send(SEND);
      expect(seen).toHaveLength(4);
    },
    20_000,
  );

  it('tries as often as it may, and then says what was wrong', async () => {
    const { seen, environment } = await serve(() => UNAVAILABLE);
    await expect(sqsClient(environment, GENEROUS).send(SEND)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    });
    expect(seen).toHaveLength(3);
  }, 20_000);

  it('does not try again what cannot pass', async () => {
    const { seen, environment } = await serve(() => ({
      status: 400,
      body: { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'no' },
    }));
    await expect(sqsClient(environment, GENEROUS).send(SEND)).rejects.toThrow(QueueDoesNotExist);
    expect(seen).toHaveLength(1);
  });

  it.each(['hang', 'half'] as const)(
    'ends a try that has no whole answer in time: %s',
    async (trouble) => {
      const { seen, environment } = await serve((tries) => (tries === 1 ? trouble : OK));
      const client = sqsClient(environment, { tries: 3, tryMs: 200, budgetMs: 15_000 });
      await expect(client.send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
      expect(seen).toHaveLength(2);
    },
    20_000,
  );

  it('ends all tries with its budget', async () => {
    const { seen, environment } = await serve(() => 'hang');
    const client = sqsClient(environment, { tries: 50, tryMs: 200, budgetMs: 700 });
    await expect(client.send(SEND)).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(6);
  }, 20_000);

  it('tries again after an outage as before it: each success gives back a part of what the outage has used up', async () => {
    // An outage of 25 calls uses up all retries that the SDK's strategy has.
    let answer: ReturnType<Answer> = UNAVAILABLE;
    const { seen, environment } = await serve(() => answer);
    const client = sqsClient(environment, { tries: 3, tryMs: 5_000, budgetMs: 15_000 });
    const calls = Array.from({ length: 25 }, () => client.send(SEND));
    expect((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected')).toBe(true);
    answer = OK;
    for (let call = 0; call < 50; call += 1) await client.send(SEND);
    const before = seen.length;
    answer = 'drop';
    const sent = client.send(SEND);
    while (seen.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    answer = OK;
    await expect(sent).resolves.toMatchObject({ MessageId: 'm' });
    expect(seen.length - before).toBe(2);
  }, 20_000);

  it('ends a pause between two tries when it is aborted', async () => {
    const { seen, environment } = await serve(() => THROTTLED);
    const controller = new AbortController();
    const sent = sqsClient(environment, { tries: 50, tryMs: 5_000, budgetMs: 60_000 }).send(SEND, {
      abortSignal: controller.signal,
    });
    let ended = false;
    sent.catch(() => {
      ended = true;
    });
    // The third pause is two seconds long on average.
    while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    controller.abort();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(true);
    expect(seen).toHaveLength(3);
  }, 20_000);

  it('does not wait for ever for an answer by another protocol', async () => {
    const { seen, environment } = await serve((tries) => (tries === 1 ? 'upgrade' : OK));
    await expect(sqsClient(environment, GENEROUS).send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
    expect(seen).toHaveLength(2);
  }, 20_000);

  it('ends at once when it is aborted, and tries no more', async () => {
    const { seen, environment } = await serve(() => 'hang');
    const sent = sqsClient(environment, GENEROUS).send(SEND, { abortSignal: AbortSignal.timeout(150) });
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toHaveLength(1);
  }, 20_000);

  it('knows the errors of Secrets Manager and DynamoDB by their classes', async () => {
    const absent = { __type: 'ResourceNotFoundException', Message: 'no' };
    const cancelled = {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed', Item: { pk: { S: 'a' } } }],
    };
    const { environment } = await serve((tries) => ({ status: 400, body: tries === 1 ? absent : cancelled }));
    const secret = secretsManagerClient(environment, GENEROUS).send(new GetSecretValueCommand({ SecretId: 's' }));
    await expect(secret).rejects.toThrow(ResourceNotFoundException);
    const items = [{ Put: { TableName: 't', Item: { pk: 'a' } } }];
    const write = documentClient(environment, GENEROUS).send(new TransactWriteCommand({ TransactItems: items }));
    await expect(write).rejects.toThrow(TransactionCanceledException);
    await expect(write).rejects.toMatchObject({ CancellationReasons: [{ Item: { pk: { S: 'a' } } }] });
  });

  it('keeps many calls at once apart', async () => {
    const { seen, environment } = await serve(() => ({ status: 200, body: { Responses: {} } }));
    const client = documentClient(environment, GENEROUS);
    const read = (pk: string) => client.send(new BatchGetCommand({ RequestItems: { table: { Keys: [{ pk }] } } }));
    await Promise.all(Array.from({ length: 20 }, (_, index) => read(`k${index}`)));
    expect(new Set(seen.map(({ body }) => body)).size).toBe(20);
  });

  it('asks Secrets Manager in its own version of the protocol', async () => {
    const answer = { Name: 's', SecretString: 'Grüße', VersionStages: ['AWSCURRENT'] };
    const { seen, environment } = await serve(() => ({ status: 200, body: answer }));
    const read = secretsManagerClient(environment, GENEROUS).send(
      new GetSecretValueCommand({ SecretId: 's', VersionStage: 'AWSCURRENT' }),
    );
    await expect(read).resolves.toMatchObject(answer);
    expect(seen).toMatchObject([
      {
        headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'secretsmanager.GetSecretValue' },
        body: '{"SecretId":"s","VersionStage":"AWSCURRENT"}',
      },
    ]);
    expect(seen[0]?.headers.authorization).toContain('/eu-central-1/secretsmanager/aws4_request');
  });

  it('takes an answer without a body, and one with texts of all languages', async () => {
    const page = { QueueUrls: ['https://sqs.eu-central-1.amazonaws.com/123456789012/ü'], NextToken: '鍵' };
    const { environment } = await serve((tries) => ({ status: 200, body: tries === 1 ? '' : page }));
    const client = sqsClient(environment, GENEROUS);
    await expect(client.send(SEND)).resolves.toMatchObject({ $metadata: { httpStatusCode: 200 } });
    await expect(client.send(new ListQueuesCommand({}))).resolves.toMatchObject(page);
  });

  it('says what it lacks', () => {
    expect(() => sqsClient({ AWS_REGION: 'eu-central-1' }, GENEROUS)).toThrow('AWS_ACCESS_KEY_ID is not set');
  });

  it('goes to AWS’s own endpoint where no other is named', async () => {
    const { AWS_ENDPOINT_URL_SQS: _, ...environment } = (await serve(() => OK)).environment;
    const client = sqsClient(environment, { tries: 1, tryMs: 1, budgetMs: 1 });
    const params = { Region: 'cn-north-1', UseFIPS: false, UseDualStack: false };
    expect(client.config.endpointProvider(params).url.href).toBe('https://sqs.cn-north-1.amazonaws.com.cn/');
    expect(client.config.isCustomEndpoint).toBe(false);
  });
});
