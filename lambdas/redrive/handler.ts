/** The redrive function: quarantine in, delivery queue out, the state table beside it. Wiring only. */
import middy from '@middy/core';
import { SqsBulkQueue } from '../adapters/bulk-queue.sqs.ts';
import { DynamoDbCircuitStore } from '../adapters/circuit-store.dynamodb.ts';
import { systemChance, systemClock, systemSleep } from '../adapters/clock.system.ts';
import { DynamoDbIdempotencyStore } from '../adapters/idempotency-store.dynamodb.ts';
import { publishing } from '../adapters/invocation-metrics.middy.ts';
import { PowertoolsLog } from '../adapters/log.powertools.ts';
import { EmfMetrics } from '../adapters/metrics.powertools.ts';
import { SqsMoveTasks } from '../adapters/move-tasks.sqs.ts';
import { DynamoDbQuarantineIndex } from '../adapters/quarantine-index.dynamodb.ts';
import { SqsQuarantineQueue } from '../adapters/quarantine-queue.sqs.ts';
import { sqsClient } from '../aws/clients.ts';
import { documentClient } from '../aws/document-client.ts';
import type { RedriveAnswer } from '../domain/redrive-answer.ts';
import { carryOut } from './carry-out.ts';
import { readRedriveEnvironment } from './env.ts';

const environment = readRedriveEnvironment(process.env);
const { limits } = environment;

/** What SQS may take longer for than the processor's calls: a long poll, and ten messages of up to 1 MiB together. */
const BULK_EXTRA_MS = 2_000;

const sqsBudgetMs = limits.storeBudgetMs + BULK_EXTRA_MS;
const sqs = sqsClient(process.env, {
  tries: limits.storeTries,
  tryMs: limits.storeTryMs + BULK_EXTRA_MS,
  budgetMs: sqsBudgetMs,
});
const bounds = { tries: limits.storeTries, tryMs: limits.storeTryMs, budgetMs: limits.storeBudgetMs };
const dynamo = documentClient(process.env, bounds);
const { deliveryQueueUrl, deliveryQueueArn, quarantineUrl, quarantineArn, stateTableName, quarantineIndexName } =
  environment;
const metrics = new EmfMetrics('redrive', environment.metricsNamespace);
const index = new DynamoDbQuarantineIndex(dynamo, stateTableName, quarantineIndexName, limits);
const dependencies = {
  quarantine: new SqsQuarantineQueue(
    sqs,
    quarantineUrl,
    sqsBudgetMs,
    new SqsBulkQueue(sqs, quarantineUrl, sqsBudgetMs),
  ),
  deliveryQueue: new SqsBulkQueue(sqs, deliveryQueueUrl, sqsBudgetMs),
  tasks: new SqsMoveTasks(sqs, { quarantine: quarantineArn, deliveryQueue: deliveryQueueArn }, sqsBudgetMs),
  store: new DynamoDbIdempotencyStore(dynamo, stateTableName, systemClock, systemChance, limits),
  circuit: new DynamoDbCircuitStore(dynamo, stateTableName, limits),
  index,
  overviews: index,
  clock: systemClock,
  sleep: systemSleep,
  log: new PowertoolsLog('redrive'),
  metrics,
  limits,
};

/** Answers what was asked for, what is wrong with the request included; throws only for a bug. */
export const handler = middy<unknown, RedriveAnswer>()
  .use(publishing(metrics))
  .handler((request, context) =>
    carryOut(request, systemClock.now() + context.getRemainingTimeInMillis(), dependencies),
  );
