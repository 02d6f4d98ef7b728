/**
 * The redrive function: quarantine in, delivery queue out, the state table beside it. Wiring only.
 */
import middy from '@middy/core';
import { SqsBatchQueue } from '../adapters/bulk-queue.sqs.ts';
import { DynamoDbCircuitBreakerStore } from '../adapters/circuit-store.dynamodb.ts';
import { systemChance, systemClock, systemSleep } from '../adapters/clock.system.ts';
import { DynamoDbIdempotencyStore } from '../adapters/idempotency-store.dynamodb.ts';
import { publishMetrics } from '../adapters/invocation-metrics.middy.ts';
import { PowertoolsLog } from '../adapters/log.powertools.ts';
import { EmfMetrics } from '../adapters/metrics.powertools.ts';
import { SqsMoveTasks } from '../adapters/move-tasks.sqs.ts';
import { DynamoDbPipelineView } from '../adapters/pipeline-view.dynamodb.ts';
import { DynamoDbQuarantineIndex } from '../adapters/quarantine-index.dynamodb.ts';
import { SqsQuarantineQueue } from '../adapters/quarantine-queue.sqs.ts';
import { SqsQueueDepth } from '../adapters/queue-depth.sqs.ts';
import { documentClient, sqsClient } from '../aws-clients.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import { readRedriveEnvironment } from './env.ts';
import { handleRedriveRequest } from './handle-request.ts';

const environment = readRedriveEnvironment(process.env);
const { limits } = environment;

/**
 * Time that SQS may take beyond the processor's calls: for a long poll, and ten messages of up to 1
 * MiB together.
 */
const BULK_EXTRA_MS = 2_000;

const sqsBudgetMs = limits.storeBudgetMs + BULK_EXTRA_MS;
const sqs = sqsClient({
  tries: limits.storeTries,
  tryMs: limits.storeTryMs + BULK_EXTRA_MS,
});
const bounds = { tries: limits.storeTries, tryMs: limits.storeTryMs };
const dynamo = documentClient(bounds);
const { deliveryQueueUrl, deliveryQueueArn, quarantineUrl, quarantineArn, stateTableName, quarantineIndexName } =
  environment;
const metrics = new EmfMetrics('redrive', environment.metricsNamespace);
const index = new DynamoDbQuarantineIndex(dynamo, stateTableName, quarantineIndexName, limits);
const dependencies = {
  quarantine: new SqsQuarantineQueue(
    sqs,
    quarantineUrl,
    sqsBudgetMs,
    new SqsBatchQueue(sqs, quarantineUrl, sqsBudgetMs),
  ),
  deliveryQueue: new SqsBatchQueue(sqs, deliveryQueueUrl, sqsBudgetMs),
  tasks: new SqsMoveTasks(sqs, { quarantine: quarantineArn, deliveryQueue: deliveryQueueArn }, sqsBudgetMs),
  store: new DynamoDbIdempotencyStore(dynamo, stateTableName, systemClock, systemChance, limits),
  circuitBreaker: new DynamoDbCircuitBreakerStore(dynamo, stateTableName, limits),
  index,
  summaries: index,
  view: new DynamoDbPipelineView(dynamo, stateTableName, quarantineIndexName, limits),
  ...(environment.partnerDeadLettersUrl === undefined
    ? {}
    : { partnerDeadLetters: new SqsQueueDepth(sqs, environment.partnerDeadLettersUrl, sqsBudgetMs) }),
  clock: systemClock,
  sleep: systemSleep,
  log: new PowertoolsLog('redrive'),
  metrics,
  limits,
};

/** Answers what was asked for, what is wrong with the request included; throws only for a bug. */
export const handler = middy<unknown, RedriveResult>()
  .use(publishMetrics(metrics))
  .handler((request, context) =>
    handleRedriveRequest(request, systemClock.now() + context.getRemainingTimeInMillis(), dependencies),
  );
