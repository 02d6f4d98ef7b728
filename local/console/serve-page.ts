/** The operations page, connected to a running pipeline. */
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { DynamoDbCircuitBreakerStore } from '../../lambdas/adapters/circuit-store.dynamodb.ts';
import { systemClock } from '../../lambdas/adapters/clock.system.ts';
import { SecretsManagerDigestKey } from '../../lambdas/adapters/digest-key.secrets-manager.ts';
import { DynamoDbEventSearch, PAGE_SEARCH } from '../../lambdas/adapters/event-search.dynamodb.ts';
import { DynamoDbPipelineView } from '../../lambdas/adapters/pipeline-view.dynamodb.ts';
import { SqsQueueDepth } from '../../lambdas/adapters/queue-depth.sqs.ts';
import { LambdaRedriveRuns } from '../../lambdas/adapters/redrive-runs.lambda.ts';
import type { GatewayContent } from '../api-gateway/http-gateway.ts';
import type { Roles } from '../cloudformation/roles.ts';
import type { MetricsTap } from '../lambda/metrics-tap.ts';
import {
  type LocalEndpoints,
  localDynamoDbClient,
  localLambdaClient,
  localSecretsManagerClient,
  localSqsClient,
} from '../local-clients.ts';
import type { LedgerReader } from './ledger.ts';
import { OperationsPage } from './operations-page.ts';
import { PageServer } from './page-server.ts';

/** The running pipeline. */
export interface PageContext {
  readonly endpoints: LocalEndpoints;
  readonly roles: Roles;
  readonly ledger: LedgerReader;
  readonly metrics: MetricsTap;
  readonly sampleCrmUrl: string | undefined;
}

/** A page that can be served. */
export interface ServedPage {
  readonly answer: GatewayContent['page'];
  stop(): void;
}

/** Serves the page. It reads the pipeline every few seconds, even while no browser is connected. */
export function servePage({ endpoints, roles, ledger, metrics, sampleCrmUrl }: PageContext): ServedPage {
  const sqs = localSqsClient(endpoints);
  const dynamoDb = DynamoDBDocumentClient.from(localDynamoDbClient(endpoints));
  const lambda = localLambdaClient(endpoints);
  const secrets = localSecretsManagerClient(endpoints);
  const { limits, stateTable } = roles;
  const page = new OperationsPage({
    view: new DynamoDbPipelineView(dynamoDb, stateTable, roles.quarantineIndex, limits),
    search: new DynamoDbEventSearch({
      ...PAGE_SEARCH,
      client: dynamoDb,
      tableName: stateTable,
      indexName: roles.quarantineIndex,
    }),
    digestKey: new SecretsManagerDigestKey(secrets, roles.digestKeySecretArn, limits.secretTimeoutMs),
    circuitBreaker: new DynamoDbCircuitBreakerStore(dynamoDb, stateTable, limits),
    deliveryQueue: new SqsQueueDepth(sqs, roles.deliveryQueueUrl, limits.storeBudgetMs),
    quarantine: new SqsQueueDepth(sqs, roles.quarantineUrl, limits.storeBudgetMs),
    redrive: new LambdaRedriveRuns(lambda, roles.redrive.name, limits.redriveFunctionTimeoutMs),
    clock: systemClock,
    limits,
    metrics,
    ledger,
    sampleCrmUrl,
    accessKey: endpoints.accessKey,
  });
  const server = new PageServer(page);
  return {
    answer: (request, response) => server.respond(request, response),
    stop: () => {
      page.stop();
      for (const client of [sqs, dynamoDb, lambda, secrets]) client.destroy();
    },
  };
}
