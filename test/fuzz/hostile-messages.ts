/**
 * Messages as anybody who may write into the delivery queue can word them, and as versions to come
 * may.
 */
import fc from 'fast-check';
import { type Envelope, encodeBody, encodeEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import { eventIdOf } from '../../lambdas/domain/delivery/event-id.ts';
import type { Verified } from '../../lambdas/domain/delivery/signature.ts';
import { hostileBody, hostileText } from './hostile-bodies.ts';
import { asSqsCarries, problemWithMessage } from './storable.ts';

const attributeName = fc.oneof(
  fc.constantFrom('schema', 'encoding', 'source', 'receivedAtMs', 'eventId', 'quarantine'),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'x', 'Quarantine', 'SCHEMA', 'a.b-c_d', 'n'.repeat(256)),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/),
);

const QUARANTINE_NOTES = [
  '{}',
  'null',
  '[]',
  'no JSON',
  '{"reason":"circuit_open","at":"2026-01-31T09:00:00.000Z","attempts":0,"redrives":3}',
  '{"reason":"no such reason","at":0,"attempts":"1","redrives":-1}',
  '{"reason":"__proto__","redrives":1e999}',
];

const attributeValue = fc.oneof(
  hostileText,
  fc.constantFrom('0', '1', '2', 'utf8', 'base64', 'gzip', 'UTF8', '-1', '1e3', '999999999999999', '9'.repeat(30)),
  fc.constantFrom(...QUARANTINE_NOTES),
);

const attributes = fc
  .array(fc.tuple(attributeName, attributeValue), { maxLength: 10 })
  .map((pairs) => Object.fromEntries(pairs) as Record<string, string>);

/** A delivery's body in its envelope, as ingest makes it. */
function sealed(body: Uint8Array, receivedAtMs: number): Envelope {
  const verified = encodeBody(body) as Verified<ReturnType<typeof encodeBody>>;
  return encodeEnvelope(verified, { source: 'genesys-webhook', receivedAtMs, eventId: eventIdOf(body) });
}

/** A message as it is in SQS: what SQS would have refused, or replaced, is not in it. */
export function hostileMessage(nowMs: number): fc.Arbitrary<Envelope> {
  const body = hostileBody(nowMs).filter(({ byteLength }) => byteLength > 0);
  const envelope = body.map((bytes) => sealed(bytes, nowMs));
  const bare = body.map((bytes) => ({ body: Buffer.from(bytes).toString('utf8'), attributes: {} }));
  return fc
    .oneof(
      { weight: 4, arbitrary: envelope },
      { weight: 3, arbitrary: bare },
      { weight: 3, arbitrary: changed(envelope) },
      { weight: 3, arbitrary: changed(bare) },
    )
    .map(carried)
    .filter((message) => problemWithMessage(message) === undefined);
}

/** With other attributes put over, and some left out. */
function changed(messages: fc.Arbitrary<Envelope>): fc.Arbitrary<Envelope> {
  return fc.tuple(messages, attributes, fc.boolean()).map(([message, others, keep]) => ({
    body: message.body,
    attributes: keep ? { ...message.attributes, ...others } : others,
  }));
}

function carried({ body, attributes }: Envelope): Envelope {
  const kept = Object.entries(attributes)
    .filter(([, value]) => value !== '')
    .slice(0, 10)
    .map(([name, value]) => [name, asSqsCarries(value)]);
  return { body: asSqsCarries(body), attributes: Object.fromEntries(kept) };
}
