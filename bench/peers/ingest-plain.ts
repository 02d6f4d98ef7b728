/**
 * The ingest handler as one would write it first: HMAC, and the SQS client as it comes. A peer of
 * the bench.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';

const key = Buffer.from(process.env.STREAM_SECRET ?? '', 'hex');
const client = new SQSClient({});

/** Verifies, sends, answers. */
export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const body = event.body ?? '';
  const given = Buffer.from(event.headers['x-genesys-cloud-signature'] ?? '', 'base64');
  const wanted = createHmac('sha256', key).update(body).digest();
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return { statusCode: 401 };
  await client.send(new SendMessageCommand({ QueueUrl: process.env.DELIVERY_QUEUE_URL, MessageBody: body }));
  const { eventBridgeEventId } = JSON.parse(body) as { readonly eventBridgeEventId: string };
  return { statusCode: 202, body: JSON.stringify({ status: 'accepted', eventId: eventBridgeEventId }) };
}
