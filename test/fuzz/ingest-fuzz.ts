/** Ingest's use case under hostile requests, in the form in which the HTTP API hands them over. */
import assert from 'node:assert/strict';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import fc from 'fast-check';
import { decodeEnvelope, type Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import { type SigningKey, signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { SIGNATURE_PROFILES } from '../../lambdas/domain/delivery/signature-profiles.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { acceptDelivery } from '../../lambdas/ingest/accept-delivery.ts';
import { deliveryFrom, httpResponseFor } from '../../lambdas/ingest/http-response.ts';
import { expectedStatus, type HostileRequest, hostileRequest } from './hostile-requests.ts';
import { asSqsCarries, problemWithMessage } from './storable.ts';

/** When the requests come. */
const NOW_MS = Date.parse('2026-01-31T09:30:00Z');

const KEYS = ['ab', 'cd'].map((digits) => signingKeyFrom(digits.repeat(32)) as SigningKey);
const STAGED_KEYS = KEYS.map((key, index) => ({ key, stage: index === 0 ? 'AWSCURRENT' : 'AWSPREVIOUS' }) as const);

/** Number of responses by status. */
export type Tally = Map<string, number>;

/** One more of `what`. */
export function count(tally: Tally, what: string): void {
  tally.set(what, (tally.get(what) ?? 0) + 1);
}

/** The property; `tally` is told what was answered. */
export function ingestProperty(tally: Tally) {
  const requests = fc.tuple(hostileRequest(KEYS, NOW_MS), fc.boolean());
  return fc.asyncProperty(requests, async ([request, asText]) => {
    const { status, answer, sent } = await post(request, asText);
    count(tally, String(status));
    assert.equal(status, expectedStatus(request, KEYS));
    assert.equal(sent.length, status === 202 ? 1 : 0);
    for (const envelope of sent) {
      assert.equal(problemWithMessage(envelope), undefined);
      assert.ok(Buffer.from(bytesAfterSqs(envelope)).equals(request.body), 'the body comes back byte for byte');
      assert.equal(envelope.attributes.eventId ?? null, answer.eventId);
    }
    if (status === 202) assert.deepEqual(Object.keys(answer), ['status', 'eventId']);
    else assert.deepEqual(Object.keys(answer), ['message']);
  });
}

/** `asText`: where the bytes are text, as the HTTP API hands over text; otherwise in Base64. */
async function post(request: HostileRequest, asText: boolean) {
  const sent: Envelope[] = [];
  const outcome = await acceptDelivery(
    deliveryFrom(httpApiEvent(request, asText), SIGNATURE_PROFILES['genesys-webhook']),
    {
      secret: { keys: async () => ({ kind: 'keys', keys: STAGED_KEYS, malformed: [], fresh: true }) },
      deliveryQueue: {
        send: async (envelope) => {
          sent.push(envelope);
          return { kind: 'sent' };
        },
      },
      clock: { now: () => NOW_MS },
      limits: DEFAULT_LIMITS,
    },
  );
  const { statusCode, body } = httpResponseFor(outcome);
  return { status: statusCode, answer: JSON.parse(body ?? '') as Readonly<Record<string, unknown>>, sent };
}

function httpApiEvent({ body, signature, headers }: HostileRequest, asText: boolean): APIGatewayProxyEventV2 {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const isText = asText && Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
  return {
    headers: { ...headers, ...(signature === undefined ? {} : { 'x-genesys-cloud-signature': signature }) },
    isBase64Encoded: !isText,
    // An empty body is not there at all.
    ...(bytes.byteLength === 0 ? {} : { body: bytes.toString(isText ? 'utf8' : 'base64') }),
  } as APIGatewayProxyEventV2;
}

/**
 * The delivery's bytes as the processor reads them from the message that SQS makes of the envelope.
 */
function bytesAfterSqs({ body, attributes }: Envelope): Uint8Array {
  const carried = Object.entries(attributes).map(([name, value]) => [name, asSqsCarries(value)]);
  return decodeEnvelope({
    body: asSqsCarries(body),
    attributes: Object.fromEntries(carried),
    sentAtMs: NOW_MS,
  }).bytes;
}
