import { describe, expect, it } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import {
  type SigningKey,
  type StagedKey,
  sign,
  signingKeyFrom,
  textSigningKeyFrom,
} from '../../../lambdas/domain/delivery/signature.ts';
import { SIGNATURE_PROFILES, type SignatureProfile } from '../../../lambdas/domain/delivery/signature-profiles.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { acceptDelivery } from '../../../lambdas/ingest/accept-delivery.ts';
import { deliveryFrom, httpResponseFor } from '../../../lambdas/ingest/http-response.ts';
import { OutcomeReporter } from '../../../lambdas/ingest/report-outcome.ts';
import type { MessageQueue, StreamSecret } from '../../../lambdas/ports.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';
import { UNSEEN_METRICS } from '../../harness/fakes/metrics.memory.ts';

const KEY = signingKeyFrom('ab'.repeat(32)) as SigningKey;
const NEW_KEY = signingKeyFrom('cd'.repeat(32)) as SigningKey;
const NOW = 1_700_000_000_000;
const CURRENT: StagedKey = { stage: 'AWSCURRENT', key: KEY };
const OTHER: StagedKey = { stage: 'AWSCURRENT', key: NEW_KEY };
const PENDING: StagedKey = { stage: 'AWSPENDING', key: NEW_KEY };
const { 'genesys-webhook': WEBHOOK, 'genesys-open-messaging': OPEN_MESSAGING } = SIGNATURE_PROFILES;

type Keys = Awaited<ReturnType<StreamSecret['keys']>>;
const known = (...keys: StagedKey[]): Keys => ({ kind: 'keys', keys, malformed: [], fresh: false });

interface Setting {
  readonly first?: Keys;
  readonly afterMismatch?: Keys;
  readonly send?: Awaited<ReturnType<MessageQueue['send']>>;
}

/** One request through the use case and the HTTP table; `sent` is what reached the queue. */
async function post(
  request: Partial<APIGatewayProxyEventV2>,
  setting: Setting = {},
  profile: SignatureProfile = WEBHOOK,
) {
  const sent: unknown[] = [];
  const reads: boolean[] = [];
  const outcome = await acceptDelivery(
    deliveryFrom({ headers: {}, isBase64Encoded: false, ...request } as APIGatewayProxyEventV2, profile),
    {
      secret: {
        keys: async ({ afterMismatch }) => {
          reads.push(afterMismatch);
          return afterMismatch ? (setting.afterMismatch ?? known(CURRENT)) : (setting.first ?? known(CURRENT));
        },
      },
      deliveryQueue: {
        send: async (envelope) => {
          sent.push(envelope);
          return setting.send ?? { kind: 'sent' };
        },
      },
      clock: { now: () => NOW },
      limits: DEFAULT_LIMITS,
    },
  );
  const { statusCode, body, headers } = httpResponseFor(outcome);
  return {
    status: statusCode,
    body: JSON.parse(body ?? ''),
    retryAfter: headers?.['retry-after'],
    sent,
    reads,
    outcome,
  };
}

function signed(body: string | Buffer, key = KEY): Partial<APIGatewayProxyEventV2> {
  const bytes = Buffer.from(body);
  return {
    body: typeof body === 'string' ? body : bytes.toString('base64'),
    isBase64Encoded: typeof body !== 'string',
    headers: { 'x-genesys-cloud-signature': sign(bytes, key) },
  };
}

const REFUSED = { message: 'The signature is missing or wrong.' };
const TRY_AGAIN = { message: 'Not accepted. Try again.' };

describe('ingest', () => {
  it('persists a signed event and answers 202 with its id', async () => {
    const body = '{"eventBridgeEventId":"e-1","x":"é"}';
    const { status, body: answer, sent } = await post(signed(body));
    expect([status, answer]).toEqual([202, { status: 'accepted', eventId: 'e-1' }]);
    expect(sent).toEqual([
      {
        body,
        attributes: {
          schema: '1',
          encoding: 'utf8',
          source: 'genesys-webhook',
          receivedAtMs: String(NOW),
          eventId: 'e-1',
        },
      },
    ]);
  });

  it('verifies the raw bytes of a body that HTTP brought as Base64', async () => {
    const { status, sent } = await post(signed(Buffer.from([0xff, 0x00, 0x41])));
    expect(status).toBe(202);
    expect(sent).toEqual([
      expect.objectContaining({ body: '/wBB', attributes: expect.objectContaining({ encoding: 'base64' }) }),
    ]);
  });

  it.each([
    ['no JSON', 'no JSON', null],
    ['JSON without an id', '{}', null],
    ['an id of 10,000 characters', `{"eventBridgeEventId":"${'a'.repeat(10_000)}"}`, null],
    ['another __proto__', '{"__proto__":{"eventBridgeEventId":"x"}}', null],
    ['a lone surrogate in JSON', '{"eventBridgeEventId":"\\ud800"}', null],
  ])('accepts a signed body that is %s: the processor will quarantine it', async (_name, body, eventId) => {
    const { status, body: answer, sent } = await post(signed(body));
    expect([status, answer]).toEqual([202, { status: 'accepted', eventId }]);
    expect(sent).toHaveLength(1);
  });

  it.each<[string, Partial<APIGatewayProxyEventV2>]>([
    ['missing', { body: '{}' }],
    ['empty', { body: '{}', headers: { 'x-genesys-cloud-signature': '' } }],
    ['not Base64', { body: '{}', headers: { 'x-genesys-cloud-signature': '\u0000\ud800%' } }],
    ['too short', { body: '{}', headers: { 'x-genesys-cloud-signature': 'AAAA' } }],
    ['wrong', { ...signed('{}'), body: '{ }' }],
    [
      'sent twice',
      {
        body: '{}',
        headers: { 'x-genesys-cloud-signature': `${sign(Buffer.from('{}'), KEY)},${sign(Buffer.from('{}'), KEY)}` },
      },
    ],
    ['wrong, with no body', { headers: { 'x-genesys-cloud-signature': sign(Buffer.from('x'), KEY) } }],
  ])('answers 401, with one message, to a signature that is %s', async (_name, request) => {
    const { status, body, sent } = await post(request);
    expect([status, body]).toEqual([401, REFUSED]);
    expect(sent).toEqual([]);
  });

  it('does not read the secret for a header that cannot be a signature', async () => {
    expect((await post({ body: '{}', headers: { 'x-genesys-cloud-signature': 'x' } })).reads).toEqual([]);
  });

  it.each([
    ['no signature', {}],
    ['a header that cannot be one', { 'x-genesys-cloud-signature': 'x' }],
  ])('does not look at a body with %s', async (_name, headers) => {
    // Longer than a message may be once it is in Base64: to know that it must have been encoded.
    const body = Buffer.alloc(774_147, 0).toString('base64');
    expect((await post({ body, isBase64Encoded: true, headers })).status).toBe(401);
  });

  it('answers 400 to a signed empty body', async () => {
    const { status, sent } = await post({ headers: { 'x-genesys-cloud-signature': sign(Buffer.from(''), KEY) } });
    expect([status, sent]).toEqual([400, []]);
  });

  it.each([
    ['the largest text', Buffer.alloc(1_032_192, 'a'), 202],
    ['a byte more', Buffer.alloc(1_032_193, 'a'), 413],
    ['the most that Base64 can carry', Buffer.alloc(774_144, 0), 202],
    ['more than that, though shorter than the limit', Buffer.alloc(774_147, 0), 413],
  ])('takes %s', async (_name, body, expected) => {
    const { status, reads, sent } = await post(signed(body));
    expect(status).toBe(expected);
    expect(sent).toHaveLength(expected === 202 ? 1 : 0);
    // Refused before the secret is read, and so before any hashing.
    expect(reads).toHaveLength(expected === 202 ? 1 : 0);
  });

  it('accepts every live version of the secret', async () => {
    const { status } = await post(signed('{}', NEW_KEY), { first: known(CURRENT, PENDING) });
    expect(status).toBe(202);
  });

  it('reads the secret again after a mismatch, and accepts a newer version', async () => {
    const { status, reads } = await post(signed('{}', NEW_KEY), {
      afterMismatch: { kind: 'keys', keys: [CURRENT, PENDING], malformed: [], fresh: true },
    });
    expect([status, reads]).toEqual([202, [false, true]]);
  });

  it('does not read it a second time when it has just been read', async () => {
    const { status, reads } = await post(signed('{}', NEW_KEY), {
      first: { kind: 'keys', keys: [CURRENT], malformed: [], fresh: true },
    });
    expect([status, reads]).toEqual([401, [false]]);
  });

  it('takes Open Messaging by its own header and key, and names it in the envelope and the log', async () => {
    const key = textSigningKeyFrom('a token as it stands') as SigningKey;
    const body = '{"id":"m-1","type":"Text","text":"é"}';
    const signature = sign(Buffer.from(body), key);
    const setting = { first: known({ stage: 'AWSPREVIOUS', key }) };
    const request = (headers: Record<string, string>) => post({ body, headers }, setting, OPEN_MESSAGING);
    const { status, body: answer, sent, outcome } = await request({ 'x-hub-signature-256': `sha256=${signature}` });
    expect([status, answer]).toEqual([202, { status: 'accepted', eventId: 'm-1' }]);
    expect(sent).toMatchObject([{ body, attributes: { source: 'genesys-open-messaging', eventId: 'm-1' } }]);
    const log = new MemoryLog();
    new OutcomeReporter({ log, metrics: UNSEEN_METRICS, clock: { now: () => NOW } }).report(outcome, 'r-1');
    expect(log.entries).toMatchObject([
      {
        level: 'info',
        message: 'delivery accepted',
        details: { requestId: 'r-1', eventId: 'm-1', source: 'genesys-open-messaging', secretStage: 'AWSPREVIOUS' },
      },
    ]);
    // The route has chosen: neither the bare signature nor the other sender's header is looked at.
    expect((await request({ 'x-hub-signature-256': signature })).status).toBe(401);
    expect((await request({ 'x-genesys-cloud-signature': signature })).status).toBe(401);
  });

  it.each<[string, Setting, string]>([
    [
      'unreachable with none known',
      { first: { kind: 'unavailable', cause: 'Secrets Manager: TimeoutError' } },
      'Secrets Manager: TimeoutError',
    ],
    ['not there', { first: { kind: 'keys', keys: [], malformed: [], fresh: true } }, 'the stream secret has no value'],
    [
      'not 64 hex digits',
      { first: { kind: 'keys', keys: [], malformed: ['AWSCURRENT'], fresh: true } },
      'the stream secret is not 64 hex digits: AWSCURRENT',
    ],
    [
      'unreachable, so that the sender may have used a version that is not known',
      {
        first: known(OTHER),
        afterMismatch: { ...known(OTHER), unreachable: 'Secrets Manager: TimeoutError' } as Keys,
      },
      'Secrets Manager: TimeoutError',
    ],
    [
      'broken in the version that the sender may have used',
      {
        first: { kind: 'keys', keys: [OTHER], malformed: ['AWSPENDING'], fresh: true },
      },
      'the stream secret is not 64 hex digits: AWSPENDING',
    ],
  ])(
    'asks the sender to try again while the secret is %s, and says why in the log only',
    async (_name, setting, cause) => {
      const { status, body, retryAfter, sent, outcome } = await post(signed('{}'), setting);
      expect([status, body, retryAfter]).toEqual([503, TRY_AGAIN, '5']);
      expect(sent).toEqual([]);
      expect(outcome).toEqual({ kind: 'secret_unusable', cause });
    },
  );

  it('asks the sender to try again when SQS does not confirm', async () => {
    const { status, body, retryAfter } = await post(signed('{}'), {
      send: { kind: 'unavailable', cause: 'SQS: TimeoutError' },
    });
    expect([status, body, retryAfter]).toEqual([503, TRY_AGAIN, '5']);
  });
});
