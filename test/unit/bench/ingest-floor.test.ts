import { createHmac } from 'node:crypto';
import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import { type SqsForTest, startSqsForTest } from '../../harness/sqs-server.ts';

const SECRET = '5d'.repeat(32);

let sqs: SqsForTest;

beforeAll(async () => {
  sqs = await startSqsForTest();
}, 30_000);

afterAll(() => sqs.stop());

describe('the floor of the ingest bench', () => {
  it('sends a signed delivery to the local SQS', async () => {
    const queueUrl = await sqs.createQueue('floor');
    const { accessKeyId } = await sqs.client.config.credentials();
    Object.assign(process.env, { STREAM_SECRET: SECRET, DELIVERY_QUEUE_URL: queueUrl, AWS_ACCESS_KEY_ID: accessKeyId });
    const { handler } = await import('../../../bench/peers/ingest-floor.ts');
    const body = '{"eventBridgeEventId":"e1"}';
    const signature = createHmac('sha256', Buffer.from(SECRET, 'hex')).update(body).digest('base64');
    const delivery = { body, headers: { 'x-genesys-cloud-signature': signature } };
    const response = await handler(delivery as unknown as APIGatewayProxyEventV2);
    expect(response).toMatchObject({ statusCode: 202 });
    const { Messages } = await sqs.client.send(new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 1 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['{"eventBridgeEventId":"e1"}']);
  });
});
