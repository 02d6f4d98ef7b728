/** Each bundle with the first event that it is given after its start. */
import { randomUUID } from 'node:crypto';
import { sign, signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { toSqsEvent } from '../../local/lambda/sqs-event.ts';
import type { Bundle } from '../bundles.ts';
import { functionSpec, functionVariables } from '../function-variables.ts';
import type { IngestSubject } from '../ingest/ingest.ts';
import type { ProcessorSubject } from '../processor.ts';
import type { BenchServers } from '../servers.ts';
import type { ColdStartSubject } from './cold-start.ts';

/** Everything that is started. */
export interface ColdStartBundles {
  readonly bare: Bundle;
  readonly ingest: Readonly<Record<IngestSubject, Bundle>>;
  readonly processor: Readonly<Record<ProcessorSubject, Bundle>>;
}

/** The bare Node, and the others by name. */
export async function coldStartSubjects(
  bundles: ColdStartBundles,
  servers: BenchServers,
): Promise<{ readonly bare: ColdStartSubject; readonly others: Readonly<Record<string, ColdStartSubject>> }> {
  const name = 'cold-start';
  const deliveryQueueUrl = await servers.createQueue(name);
  await servers.createTable(name);
  const places = { deliveryQueueUrl, quarantineUrl: deliveryQueueUrl, stateTableName: name };
  const subject = (bundle: Bundle, event: () => object): ColdStartSubject => ({
    bundle,
    environment: functionVariables(functionSpec(name, bundle.file, servers, places), servers, places),
    event,
  });
  const delivery = () => httpEvent(servers.streamSecret);
  return {
    bare: subject(bundles.bare, () => ({})),
    others: {
      'ingest floor': subject(bundles.ingest.floor, delivery),
      'ingest ours': subject(bundles.ingest.ours, delivery),
      'ingest plain': subject(bundles.ingest.plain, delivery),
      'processor ours': subject(bundles.processor.ours, messageEvent),
      'processor powertools': subject(bundles.processor.powertools, messageEvent),
    },
  };
}

function body(): string {
  const eventBridgeEventId = randomUUID();
  const interaction = { id: randomUUID(), type: 'voice', to: `+1${eventBridgeEventId}` };
  const eventTimestamp = new Date().toISOString();
  return JSON.stringify({ eventBridgeEventId, eventType: 'interaction.created', eventTimestamp, interaction });
}

function httpEvent(streamSecret: string): object {
  const key = signingKeyFrom(streamSecret);
  if (key === undefined) throw new Error('the bench’s own secret is not usable');
  const text = body();
  const headers = { 'content-type': 'application/json', 'x-genesys-cloud-signature': sign(Buffer.from(text), key) };
  return {
    routeKey: 'POST /v1/eventbridge/genesys',
    headers,
    body: text,
    isBase64Encoded: false,
    requestContext: { requestId: randomUUID() },
  };
}

function messageEvent(): object {
  const nowMs = String(Date.now());
  const message = {
    MessageId: randomUUID(),
    ReceiptHandle: randomUUID(),
    Body: body(),
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: nowMs, ApproximateFirstReceiveTimestamp: nowMs },
  };
  return toSqsEvent([message], 'arn:aws:sqs:us-east-1:000000000000:cold-start', 'us-east-1');
}
