/** HTTP responses for the outcomes of ingest. They hold only what the sender needs to act on. */
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { SignatureProfile } from '../domain/delivery/signature-profiles.ts';
import type { Delivery, IngestOutcome } from './accept-delivery.ts';

/**
 * Seconds that a sender is asked to wait after a 503: long enough for a throttle to pass, short of
 * its backoff.
 */
const RETRY_AFTER_SECONDS = '5';

/** The delivery in an HTTP API request (payload format 2.0) that came by the profile's route. */
export function deliveryFrom(request: APIGatewayProxyEventV2, profile: SignatureProfile): Delivery {
  const encoding = request.isBase64Encoded ? 'base64' : 'utf8';
  return { profile, body: Buffer.from(request.body ?? '', encoding), signature: request.headers[profile.header] };
}

/** The answer for an outcome. */
export function httpResponseFor(outcome: IngestOutcome): APIGatewayProxyStructuredResultV2 {
  switch (outcome.kind) {
    case 'accepted':
      return json(202, { status: 'accepted', eventId: outcome.eventId });
    case 'empty':
      return json(400, { message: 'The body is empty.' });
    case 'unsigned':
      // One message for all causes: a forger must not learn how far it got.
      return json(401, { message: 'The signature is missing or wrong.' });
    case 'too_large':
      return json(413, { message: 'The body is too large.' });
    case 'secret_unusable':
    case 'not_persisted':
      return json(503, { message: 'Not accepted. Try again.' }, { 'retry-after': RETRY_AFTER_SECONDS });
    default:
      return outcome satisfies never;
  }
}

function json(
  statusCode: number,
  body: Readonly<Record<string, unknown>>,
  headers: Readonly<Record<string, string>> = {},
): APIGatewayProxyStructuredResultV2 {
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
