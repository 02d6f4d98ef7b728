/**
 * A processor as AWS Lambda Powertools has one write it: its batch and idempotency utilities, the
 * clients as they come. It promises less: an event twice at once is kept apart, but not two events
 * of one contact, and an attempt that dies in the middle holds its record until that expires. The
 * CRM is called as ours is. A peer of the bench.
 */
import { BatchProcessor, EventType, processPartialResponse } from '@aws-lambda-powertools/batch';
import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency';
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb';
import type { Context, SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { systemClock } from '../../lambdas/adapters/clock.system.ts';
import { HttpCrm } from '../../lambdas/adapters/crm.http.ts';
import { NodeHttpTransport } from '../../lambdas/adapters/crm-transport.node-http.ts';
import { rest } from '../../lambdas/connectors/rest/connector.ts';
import { settingsFor } from '../../lambdas/domain/crm/connector.ts';

interface Event {
  readonly eventBridgeEventId: string;
  readonly eventTimestamp: string;
  readonly interaction: { readonly to: string };
}

const token = { read: async () => ({ kind: 'token', token: process.env.CRM_TOKEN ?? '' }) as const };
const crm = new HttpCrm(
  {
    baseUrl: process.env.CRM_BASE_URL ?? '',
    connector: rest,
    settings: settingsFor(rest, {}),
    responseRules: [],
  },
  token,
  systemClock,
  new NodeHttpTransport(),
);
const persistenceStore = new DynamoDBPersistenceLayer({ tableName: process.env.STATE_TABLE_NAME ?? '', keyAttr: 'pk' });
const config = new IdempotencyConfig({ eventKeyJmesPath: 'eventBridgeEventId', throwOnNoIdempotencyKey: true });
const processor = new BatchProcessor(EventType.SQS);

const applyOnce = makeIdempotent(apply, { persistenceStore, config });

async function apply(event: Event): Promise<{ readonly status: number }> {
  const body = { phone: event.interaction.to, lastCallTimestamp: event.eventTimestamp };
  const call = { idempotencyKey: event.eventBridgeEventId, budgetMs: 5_000, freshToken: false };
  const answer = await crm.deliver({ kind: 'request', method: 'POST', path: '/api/v1/contacts', body }, call);
  if (answer.kind !== 'answered' || answer.status !== 200) throw new Error(answer.kind);
  return { status: answer.status };
}

/** Acknowledges what is applied. */
export async function handler(event: SQSEvent, context: Context): Promise<SQSBatchResponse> {
  config.registerLambdaContext(context);
  return processPartialResponse(event, (record: SQSRecord) => applyOnce(JSON.parse(record.body) as Event), processor, {
    context,
  });
}
