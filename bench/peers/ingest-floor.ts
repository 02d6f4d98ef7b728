/**
 * The floor: the plain handler with a bare POST over a kept-alive connection in place of the SQS
 * client. Nothing is signed, tried again or timed, so AWS would not take it; nothing that works can
 * need less. A peer of the bench.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { ACCESS_KEY_HEADER } from '../../local/http/access-key.ts';

const key = Buffer.from(process.env.STREAM_SECRET ?? '', 'hex');
const queueUrl = process.env.DELIVERY_QUEUE_URL ?? '';
const { hostname, port } = new URL(queueUrl);
const agent = new Agent({ keepAlive: true });

/** Verifies, sends, answers. */
export async function handler(event: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const body = event.body ?? '';
  const given = Buffer.from(event.headers['x-genesys-cloud-signature'] ?? '', 'base64');
  const wanted = createHmac('sha256', key).update(body).digest();
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return { statusCode: 401 };
  await send(JSON.stringify({ QueueUrl: queueUrl, MessageBody: body }));
  const { eventBridgeEventId } = JSON.parse(body) as { readonly eventBridgeEventId: string };
  return { statusCode: 202, body: JSON.stringify({ status: 'accepted', eventId: eventBridgeEventId }) };
}

function send(payload: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'AmazonSQS.SendMessage',
      'content-length': Buffer.byteLength(payload),
      // In place of a signature: the local SQS also accepts the access key alone.
      [ACCESS_KEY_HEADER]: process.env.AWS_ACCESS_KEY_ID,
    };
    const sent = request({ agent, hostname, port, method: 'POST', path: '/', headers }, (response) => {
      response.resume();
      response.once('end', () => (response.statusCode === 200 ? resolve() : reject(new Error('not sent'))));
    });
    sent.once('error', reject);
    sent.end(payload);
  });
}
