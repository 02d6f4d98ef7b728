/**
 * The functions' AWS clients against a server that misbehaves: bounds, retries, and the contents of
 * a request.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { TransactionCanceledException } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, ResourceNotFoundException } from '@aws-sdk/client-secrets-manager';
import { QueueDoesNotExist, SendMessageCommand } from '@aws-sdk/client-sqs';
import { BatchGetCommand, TransactWriteCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { documentClient, secretsManagerClient, sqsClient } from '../../lambdas/aws-clients.ts';
import { withinBudget } from '../../lambdas/within-budget.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';
import { startClosingServer } from '../harness/closing-server.ts';
import { listenWithTls } from '../harness/tls-server.ts';

const TLS = fileURLToPath(new URL('../fixtures/tls/', import.meta.url));

interface Seen {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

type Answer = (
  tries: number,
) => { readonly status: number; readonly body: object | string } | 'hang' | 'drop' | 'half' | 'upgrade';

let server: LoopbackServer | undefined;

const ENVIRONMENT = { ...process.env };

afterEach(async () => {
  await server?.close();
  server = undefined;
  process.env = { ...ENVIRONMENT };
});

/**
 * Starts a server that gives `answer` to the n-th request, and points the SDK at it. Returns the
 * requests received.
 */
async function serve(answer: Answer): Promise<Seen[]> {
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
  Object.assign(process.env, {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL: server.url,
  });
  return seen;
}

const OK = {
  status: 200,
  body: { MessageId: 'm', MD5OfMessageBody: createHash('md5').update('Grüße \u{1f4de}').digest('hex') },
} as const;
const UNAVAILABLE = { status: 503, body: { __type: 'ServiceUnavailable' } } as const;
const THROTTLED = { status: 400, body: { __type: 'com.amazonaws.sqs#RequestThrottled' } } as const;
const SEND = new SendMessageCommand({
  QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/q',
  MessageBody: 'Grüße \u{1f4de}',
  MessageAttributes: { schema: { DataType: 'String', StringValue: '1' } },
});
const GENEROUS = { tries: 3, tryMs: 5_000 };

describe('a client', () => {
  it('sends a signed request with the session token and our user agent, and no trace header', async () => {
    const seen = await serve(() => OK);
    process.env._X_AMZN_TRACE_ID = 'Root=1-0-0;Sampled=1';
    process.env.AWS_LAMBDA_FUNCTION_NAME = 'processor';
    await expect(sqsClient(GENEROUS).send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
    const [{ headers, body } = { headers: {}, body: '' }] = seen;
    expect(headers).toMatchObject({
      host: server?.url.slice('http://'.length),
      'x-amz-target': 'AmazonSQS.SendMessage',
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-security-token': 'token',
    });
    expect(headers['x-amzn-trace-id']).toBeUndefined();
    expect(headers['user-agent']).toContain('genesys-crm-pipeline/');
    expect(headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/sqs\/aws4_request/,
    );
    expect(JSON.parse(body)).toEqual({
      QueueUrl: 'https://sqs.eu-central-1.amazonaws.com/123456789012/q',
      MessageBody: 'Grüße \u{1f4de}',
      MessageAttributes: { schema: { DataType: 'String', StringValue: '1' } },
    });
  });

  it('rejects a confirmation whose MD5 does not match the message', async () => {
    await serve(() => ({ status: 200, body: { MessageId: 'm', MD5OfMessageBody: '0'.repeat(32) } }));
    await expect(sqsClient(GENEROUS).send(SEND)).rejects.toThrow('InvalidChecksumError');
  });

  it('prefers a service’s own endpoint variable to AWS_ENDPOINT_URL', async () => {
    const seen = await serve(() => OK);
    process.env.AWS_ENDPOINT_URL_SQS = process.env.AWS_ENDPOINT_URL;
    process.env.AWS_ENDPOINT_URL = 'http://127.0.0.1:1';
    await sqsClient(GENEROUS).send(SEND);
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['an outage', UNAVAILABLE],
    ['throttling', THROTTLED],
    ['a reset connection', 'drop'],
    ['a 502 page of a proxy', { status: 502, body: '<html>Bad Gateway</html>' }],
  ] as const)('retries after %s', async (_what, trouble) => {
    const seen = await serve((tries) => (tries % 2 === 1 ? trouble : OK));
    const client = sqsClient(GENEROUS);
    await client.send(SEND);
    await client.send(SEND);
    expect(seen).toHaveLength(4);
  });

  it('rejects with the last error after the last permitted try', async () => {
    const seen = await serve(() => UNAVAILABLE);
    await expect(sqsClient(GENEROUS).send(SEND)).rejects.toMatchObject({
      $metadata: { httpStatusCode: 503 },
    });
    expect(seen).toHaveLength(3);
  });

  it('does not retry a client error', async () => {
    const seen = await serve(() => ({
      status: 400,
      body: { __type: 'com.amazonaws.sqs#QueueDoesNotExist', message: 'no' },
    }));
    await expect(sqsClient(GENEROUS).send(SEND)).rejects.toThrow(QueueDoesNotExist);
    expect(seen).toHaveLength(1);
  });

  it.each(['hang', 'half'] as const)('retries when a response is not complete in time: %s', async (trouble) => {
    const seen = await serve((tries) => (tries === 1 ? trouble : OK));
    const client = sqsClient({ tries: 3, tryMs: 200 });
    await expect(client.send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
    expect(seen).toHaveLength(2);
  });

  it('ends all tries with the budget of the call', async () => {
    const seen = await serve(() => 'hang');
    const client = sqsClient({ tries: 50, tryMs: 200 });
    const send = withinBudget(700, (abortSignal) => client.send(SEND, { abortSignal }));
    await expect(send).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length).toBeLessThan(6);
  });

  it('ends with its budget during a pause between two tries', async () => {
    const seen = await serve(() => THROTTLED);
    const client = sqsClient({ tries: 50, tryMs: 5_000 });
    const startedAtMs = Date.now();
    const send = withinBudget(1_000, (abortSignal) => client.send(SEND, { abortSignal }));
    await expect(send).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(Date.now() - startedAtMs).toBeLessThan(3_000);
    const before = seen.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(seen.length).toBe(before);
  });

  it('retries again after a long outage, once calls have succeeded', async () => {
    // 25 failed calls use up the SDK's retry quota; successes refill it.
    let answer: ReturnType<Answer> = UNAVAILABLE;
    const seen = await serve(() => answer);
    const client = sqsClient({ tries: 3, tryMs: 5_000 });
    const calls = Array.from({ length: 25 }, () => client.send(SEND));
    expect((await Promise.allSettled(calls)).every(({ status }) => status === 'rejected')).toBe(true);
    answer = OK;
    for (let call = 0; call < 50; call += 1) await client.send(SEND);
    const before = seen.length;
    answer = UNAVAILABLE;
    const sent = client.send(SEND);
    while (seen.length === before) await new Promise((resolve) => setTimeout(resolve, 1));
    answer = OK;
    await expect(sent).resolves.toMatchObject({ MessageId: 'm' });
    expect(seen.length - before).toBe(2);
  });

  it('retries after 101 Switching Protocols', async () => {
    const seen = await serve((tries) => (tries === 1 ? 'upgrade' : OK));
    await expect(sqsClient(GENEROUS).send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
    expect(seen).toHaveLength(2);
  });

  it('ends at once when it is aborted, without a retry', async () => {
    const seen = await serve(() => 'hang');
    const sent = sqsClient(GENEROUS).send(SEND, { abortSignal: AbortSignal.timeout(150) });
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
    expect(seen).toHaveLength(1);
  });

  it('throws the error classes of Secrets Manager and DynamoDB', async () => {
    const absent = { __type: 'ResourceNotFoundException', Message: 'no' };
    const cancelled = {
      __type: 'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed', Item: { pk: { S: 'a' } } }],
    };
    await serve((tries) => ({ status: 400, body: tries === 1 ? absent : cancelled }));
    const secret = secretsManagerClient(GENEROUS).send(new GetSecretValueCommand({ SecretId: 's' }));
    await expect(secret).rejects.toThrow(ResourceNotFoundException);
    const items = [{ Put: { TableName: 't', Item: { pk: 'a' } } }];
    const write = documentClient(GENEROUS).send(new TransactWriteCommand({ TransactItems: items }));
    await expect(write).rejects.toThrow(TransactionCanceledException);
    await expect(write).rejects.toMatchObject({ CancellationReasons: [{ Item: { pk: { S: 'a' } } }] });
  });

  it('keeps many calls at once apart', async () => {
    const seen = await serve(() => ({ status: 200, body: { Responses: {} } }));
    const client = documentClient(GENEROUS);
    const read = (pk: string) => client.send(new BatchGetCommand({ RequestItems: { table: { Keys: [{ pk }] } } }));
    await Promise.all(Array.from({ length: 20 }, (_, index) => read(`k${index}`)));
    expect(new Set(seen.map(({ body }) => body)).size).toBe(20);
  });

  it('uses version 1.1 of the JSON protocol with Secrets Manager', async () => {
    const answer = { Name: 's', SecretString: 'Grüße', VersionStages: ['AWSCURRENT'] };
    const seen = await serve(() => ({ status: 200, body: answer }));
    const read = secretsManagerClient(GENEROUS).send(
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

  it('names the variable that is missing', async () => {
    await serve(() => OK);
    delete process.env.AWS_ACCESS_KEY_ID;
    expect(() => sqsClient(GENEROUS)).toThrow('AWS_ACCESS_KEY_ID is missing');
  });

  it('succeeds at its first try although ten idle connections are dead', async () => {
    await serve(() => OK);
    const closing = await startClosingServer(10, JSON.stringify(OK.body));
    process.env.AWS_ENDPOINT_URL = closing.url;
    try {
      const client = sqsClient({ tries: 1, tryMs: 5_000 });
      await Promise.all(Array.from({ length: 10 }, () => client.send(SEND)));
      expect(closing.connections).toBe(10);
      await expect(client.send(SEND)).resolves.toMatchObject({ MessageId: 'm' });
      expect(closing.connections).toBe(11);
    } finally {
      closing.close();
    }
  });
});

describe('TLS', () => {
  // The authorities are the process's, which runs other test files after this one.
  const authorities = getCACertificates('default');
  afterAll(() => setDefaultCACertificates(authorities));
  beforeAll(() => {
    setDefaultCACertificates([...authorities, readFileSync(`${TLS}ca.crt`, 'utf8')]);
  });

  it.each([
    ['localhost', undefined],
    ['wrong-name', /does not match certificate's altnames/],
    ['expired', /certificate has expired/],
  ])('with the certificate %s of a private CA: %s', async (certificate, refusal) => {
    const tls = await listenWithTls(certificate, (_request, response) => void response.end(JSON.stringify(OK.body)));
    await serve(() => OK);
    process.env.AWS_ENDPOINT_URL = tls.url;
    try {
      const send = sqsClient({ tries: 1, tryMs: 5_000 }).send(SEND);
      if (refusal === undefined) await expect(send).resolves.toMatchObject({ MessageId: 'm' });
      else await expect(send).rejects.toThrow(refusal);
    } finally {
      await tls.close();
    }
  });
});
