/** The operations functions: a CloudWatch dashboard in, HTML out. Wiring only. */
import middy from '@middy/core';
import { DynamoDbCircuitBreakerStore } from '../adapters/circuit-store.dynamodb.ts';
import { systemClock } from '../adapters/clock.system.ts';
import { SecretsManagerDigestKey } from '../adapters/digest-key.secrets-manager.ts';
import { DynamoDbEventSearch, PAGE_SEARCH } from '../adapters/event-search.dynamodb.ts';
import { DynamoDbPipelineView } from '../adapters/pipeline-view.dynamodb.ts';
import { SqsQueueDepth } from '../adapters/queue-depth.sqs.ts';
import { LambdaRedriveRuns } from '../adapters/redrive-runs.lambda.ts';
import { documentClient, lambdaClient, secretsManagerClient, sqsClient } from '../aws-clients.ts';
import { readOperationsEnvironment, THIS_FUNCTION } from './env.ts';
import { pageContent } from './page-content.ts';
import { readWidgetRequest, renderWidget, WIDGET_DOCUMENTATION } from './widget.ts';

const environment = readOperationsEnvironment(process.env);
const { limits, stateTableName, quarantineIndexName, actFunctionArn } = environment;

const bounds = { tries: limits.storeTries, tryMs: limits.storeTryMs };
const sqs = sqsClient(bounds);
const dynamo = documentClient(bounds);
const lambda = lambdaClient({ tries: 1, tryMs: limits.redriveFunctionTimeoutMs });
const dependencies = {
  view: new DynamoDbPipelineView(dynamo, stateTableName, quarantineIndexName, limits),
  search: new DynamoDbEventSearch({
    ...PAGE_SEARCH,
    client: dynamo,
    tableName: stateTableName,
    indexName: quarantineIndexName,
  }),
  digestKey: new SecretsManagerDigestKey(
    secretsManagerClient(bounds),
    environment.digestKeySecretArn,
    limits.secretTimeoutMs,
  ),
  circuitBreaker: new DynamoDbCircuitBreakerStore(dynamo, stateTableName, limits),
  deliveryQueue: new SqsQueueDepth(sqs, environment.deliveryQueueUrl, limits.storeBudgetMs),
  quarantine: new SqsQueueDepth(sqs, environment.quarantineUrl, limits.storeBudgetMs),
  redrive: new LambdaRedriveRuns(lambda, environment.redriveFunctionName, limits.redriveFunctionTimeoutMs),
  clock: systemClock,
  limits,
};

/** Answers what is asked for, what could not be read or done included; throws only for a bug. */
export const handler = middy<unknown, string | typeof WIDGET_DOCUMENTATION>().handler(async (event, context) => {
  const asked = readWidgetRequest(event);
  if (asked.kind === 'describe') return WIDGET_DOCUMENTATION;
  const view = context.invokedFunctionArn;
  const act = actFunctionArn === THIS_FUNCTION ? view : actFunctionArn;
  return renderWidget(await pageContent(asked.request, dependencies), asked.theme, { view, act });
});
