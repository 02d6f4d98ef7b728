/**
 * Hostile requests to the webhook: never accepted without a valid signature, never a 5xx, never a
 * crash.
 */
import { once } from 'node:events';
import { request as httpRequest, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type SigningKey, sign } from '../../lambdas/domain/delivery/signature.ts';
import { bodyKey } from '../../lambdas/domain/event/event-key.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

/** The longest body that is taken: 1 MiB less 16 KiB. */
const BODY_MAX = 1_032_192;

let pipeline: LocalPipelineProcess;
let key: SigningKey;
let url: URL;

beforeAll(async () => {
  pipeline = await LocalPipelineProcess.start({ context: LIMITS_IN_SECONDS });
  key = await pipeline.signingKey();
  url = new URL(pipeline.description.webhookUrl);
});

afterAll(() => pipeline?.dispose());

/** The status that a request gets. Headers may be anything that Node lets through. */
function statusOf(body: Uint8Array, headers: OutgoingHttpHeaders, method = 'POST'): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers: { 'content-length': body.byteLength, ...headers } });
    request.once('error', reject);
    request.once('response', (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode ?? 0));
    });
    request.end(body);
  });
}

function signedStatus(body: Uint8Array, headers: OutgoingHttpHeaders = {}): Promise<number> {
  return statusOf(body, { 'x-genesys-cloud-signature': sign(body, key), ...headers });
}

/** Sends raw bytes to the gateway, and returns its response. */
async function rawAnswer(text: string): Promise<string> {
  const socket = connect(Number(url.port), url.hostname);
  await once(socket, 'connect');
  socket.end(text.replace('host: HOST', `host: ${url.host}`));
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1') as AsyncIterable<string>) answer += chunk;
  return answer.split('\r\n', 1)[0] ?? '';
}

/** Whatever fits into a header's value. */
const headerValue = fc.oneof(
  fc.string({
    maxLength: 200,
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  }),
  fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.constantFrom('', '=', `${'A'.repeat(43)}=`, 'A'.repeat(44), '__proto__', 'A'.repeat(8_000)),
);

const contentType = fc.constantFrom(
  'application/json',
  'text/plain',
  'application/octet-stream',
  'multipart/form-data',
);

const anyBody = fc.oneof(
  fc.uint8Array({ maxLength: 2_000 }),
  fc.json().map((text) => new TextEncoder().encode(text)),
  fc
    .constantFrom(
      '{"__proto__":{"eventBridgeEventId":"p"}}',
      '{"eventBridgeEventId":{"toString":null}}',
      '{"eventBridgeEventId":"a","eventBridgeEventId":"b"}',
      `{"eventBridgeEventId":"${'x'.repeat(10_000)}"}`,
      '{"eventBridgeEventId":"a\\u0000\\r\\n"}',
      `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
      '{"eventTimestamp":1e999,"eventBridgeEventId":"n"}',
      '\ufeff{}',
      'null',
    )
    .map((text) => new TextEncoder().encode(text)),
);

describe('the webhook', () => {
  it('refuses whatever is not signed, as the caller’s fault', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, headerValue, contentType, async (body, signature, type) => {
        const status = await statusOf(body, { 'content-type': type, 'x-genesys-cloud-signature': signature });
        expect(status).toBe(401);
      }),
      { numRuns: 150 },
    );
  });

  it('refuses a signed body of which any one bit has changed', async () => {
    const body = new TextEncoder().encode('{"eventBridgeEventId":"bits","eventType":"interaction.created"}');
    const signature = sign(body, key);
    await fc.assert(
      fc.asyncProperty(fc.nat(body.byteLength * 8 - 1), async (bit) => {
        const changed = Uint8Array.from(body);
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(await statusOf(changed, { 'x-genesys-cloud-signature': signature })).toBe(401);
      }),
      { numRuns: 60 },
    );
  });

  it('accepts whatever is signed and not empty, whatever it says and calls itself, and keeps it', async () => {
    const kept = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        anyBody.filter(({ byteLength }) => byteLength > 0),
        contentType,
        async (body, type) => {
          expect(await signedStatus(body, { 'content-type': type })).toBe(202);
          kept.add(bodyKey(body));
        },
      ),
      { numRuns: 100 },
    );
    // None of these is an event: each is found again, in quarantine, under the digest of its bytes.
    await pipeline.until('all are in quarantine', async () => {
      const rows = await pipeline.rows([...kept]);
      return [...kept].every((rowKey) => rows.get(rowKey)?.status === 'QUARANTINED');
    });
  });

  it.each([
    ['an empty body', new Uint8Array(0), 400],
    ['the longest body that a message holds', new Uint8Array(BODY_MAX).fill(0x20), 202],
    ['one byte more', new Uint8Array(BODY_MAX + 1).fill(0x20), 413],
    // Base64 makes four bytes of three.
    ['the longest body that SQS would corrupt', new Uint8Array((BODY_MAX / 4) * 3).fill(1), 202],
    ['one byte more of that kind', new Uint8Array((BODY_MAX / 4) * 3 + 1).fill(1), 413],
  ])('answers %s as documented', async (_what, body, status) => {
    expect(await signedStatus(body)).toBe(status);
  });

  it('takes the signature from nowhere but its header, and only one', async () => {
    const body = new TextEncoder().encode('{}');
    const signature = sign(body, key);
    expect(await statusOf(body, {})).toBe(401);
    expect(await statusOf(body, { authorization: signature })).toBe(401);
    expect(await statusOf(body, { 'x-genesys-cloud-signature': [signature, signature] })).toBe(401);
    expect(await statusOf(body, { 'x-genesys-cloud-signature': `sha256=${signature}` })).toBe(401);
    expect(await statusOf(body, { 'X-GENESYS-CLOUD-SIGNATURE': signature })).toBe(202);
  });

  it('has no other door', async () => {
    expect(await signedStatus(new TextEncoder().encode('{}'), { 'x-http-method-override': 'GET' })).toBe(202);
    expect(await statusOf(new Uint8Array(0), {}, 'GET')).toBe(404);
    expect(await statusOf(new Uint8Array(0), {}, 'PUT')).toBe(404);
    expect(await rawAnswer('POST /v1/eventbridge/other HTTP/1.1\r\nhost: HOST\r\nconnection: close\r\n\r\n')).toBe(
      'HTTP/1.1 404 Not Found',
    );
  });

  it.each([
    ['no HTTP', 'hello\r\n\r\n', 'HTTP/1.1 400 Bad Request'],
    [
      'headers without end',
      `POST / HTTP/1.1\r\nhost: HOST\r\na: ${'b'.repeat(40_000)}\r\n\r\n`,
      'HTTP/1.1 431 Request Header Fields Too Large',
    ],
    [
      'more than the HTTP API takes',
      'POST /v1/eventbridge/genesys HTTP/1.1\r\nhost: HOST\r\ncontent-length: 10485761\r\n\r\n',
      'HTTP/1.1 413 Payload Too Large',
    ],
    [
      'two lengths',
      'POST /v1/eventbridge/genesys HTTP/1.1\r\nhost: HOST\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab',
      'HTTP/1.1 400 Bad Request',
    ],
  ])('is not impressed by %s', async (_what, text, line) => {
    expect(await rawAnswer(text)).toBe(line);
  });

  it('is still there afterwards', async () => {
    const sent = await pipeline.send('--count', '5', '--json');
    expect(JSON.parse(sent.stdout)).toMatchObject({ exactlyOnce: true });
    for (const { logicalId } of pipeline.description.functions)
      expect(pipeline.functionLog(logicalId)).not.toMatch(/failed by a bug|invocation failed|Task timed out/);
  });
});
