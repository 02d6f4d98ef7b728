/** The processor function: SQS in, CRM out, the state table beside it. Wiring only. */

import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as mappingModule from '#crm-mapping';
import { FirehoseArchive } from '../adapters/archive.firehose.ts';
import { DynamoDbCircuitBreakerStore } from '../adapters/circuit-store.dynamodb.ts';
import { systemChance, systemClock, systemSleep } from '../adapters/clock.system.ts';
import { HttpCrm } from '../adapters/crm.http.ts';
import { SecretsManagerCrmToken } from '../adapters/crm-token.secrets-manager.ts';
import { NodeHttpTransport } from '../adapters/crm-transport.node-http.ts';
import { SecretsManagerDigestKey } from '../adapters/digest-key.secrets-manager.ts';
import { DynamoDbIdempotencyStore } from '../adapters/idempotency-store.dynamodb.ts';
import { publishMetrics } from '../adapters/invocation-metrics.middy.ts';
import { PowertoolsLog } from '../adapters/log.powertools.ts';
import { SqsMessageQueue } from '../adapters/message-queue.sqs.ts';
import { SqsMessageVisibility } from '../adapters/message-visibility.sqs.ts';
import { EmfMetrics } from '../adapters/metrics.powertools.ts';
import { DynamoDbRateStore } from '../adapters/rate-store.dynamodb.ts';
import { HttpTokenEndpoint } from '../adapters/token-endpoint.http.ts';
import { documentClient, firehoseClient, secretsManagerClient, sqsClient } from '../aws-clients.ts';
import { CONNECTORS, type ConnectorName } from '../connectors/connectors.ts';
import { type Connector, type ConnectorSettings, settingsFor } from '../domain/crm/connector.ts';
import { withDefaultCountry } from '../domain/crm/default-country.ts';
import type { MappingModule } from '../domain/crm/mapping.ts';
import { parseRate } from '../domain/crm/request-rate.ts';
import { readProcessorEnvironment, UNSET_CRM_TOKEN } from './env.ts';
import { processBatch } from './process-batch.ts';
import { RateLimiter } from './rate-limiter.ts';
import { SentCopies } from './sent-copies.ts';
import { SettledEventCache } from './settled-event-cache.ts';
import { SharedCircuitBreaker } from './shared-circuit-breaker.ts';
import { batchResponseFrom, sourceRecordsFrom } from './sqs-event.ts';

const environment = readProcessorEnvironment(process.env);
const { limits } = environment;

const bounds = { tries: limits.storeTries, tryMs: limits.storeTryMs };
const sqs = sqsClient(bounds);
const secrets = secretsManagerClient(bounds);
const dynamo = documentClient(bounds);
// A mapping file need not have rules.
const { crmMapping, responseRules = [] }: MappingModule = { ...mappingModule };
const connector: Connector = CONNECTORS[environment.crmConnector as ConnectorName];
const target = {
  baseUrl: environment.crmBaseUrl,
  connector,
  settings: settingsFor(connector, JSON.parse(environment.crmSettings) as Partial<ConnectorSettings>),
  responseRules,
};
const log = new PowertoolsLog('processor');
const token = new SecretsManagerCrmToken(
  secrets,
  {
    secretArn: environment.crmTokenSecretArn,
    placeholder: UNSET_CRM_TOKEN,
    baseUrl: target.baseUrl,
    token: connector.token,
  },
  new HttpTokenEndpoint(),
  systemClock,
  log,
  limits,
);
const metrics = new EmfMetrics('processor', environment.metricsNamespace);
const circuitBreakerStore = new DynamoDbCircuitBreakerStore(dynamo, environment.stateTableName, limits);
const dependencies = {
  store: new DynamoDbIdempotencyStore(dynamo, environment.stateTableName, systemClock, systemChance, limits),
  crm: new HttpCrm(target, token, systemClock, new NodeHttpTransport()),
  circuitBreaker: new SharedCircuitBreaker({
    circuitBreakerStore: circuitBreakerStore,
    clock: systemClock,
    log,
    metrics,
    limits,
  }),
  // The bundler puts `crm.rate` here, and without one leaves the code of the rate limiter out.
  ...(process.env.CRM_RATE === 'none' ? {} : { rateLimiter: newRateLimiter() }),
  // The bundler puts here whether there is an archive, and without one leaves its code out.
  ...(process.env.HAS_ARCHIVE === 'true' ? { archive: newArchive() } : {}),
  settledEvents: new SettledEventCache(),
  quarantine: new SqsMessageQueue(sqs, environment.quarantineUrl, limits.storeBudgetMs),
  sentCopies: new SentCopies(),
  visibility: new SqsMessageVisibility(sqs, environment.deliveryQueueUrl, limits.storeBudgetMs),
  clock: systemClock,
  chance: systemChance,
  log,
  metrics,
  // The bundler puts `crm.defaultCountry` here. Without one the bundle is 120 kB smaller.
  mapping:
    process.env.CRM_DEFAULT_COUNTRY === undefined
      ? crmMapping
      : withDefaultCountry(crmMapping, process.env.CRM_DEFAULT_COUNTRY),
  connector,
  digestKey: new SecretsManagerDigestKey(secrets, environment.digestKeySecretArn, limits.secretTimeoutMs),
  limits,
};

function newRateLimiter(): RateLimiter {
  const rate = parseRate(environment.crmRate);
  if (rate === undefined) throw new Error(`CRM_RATE is no rate: ${environment.crmRate}`);
  const rateStore = new DynamoDbRateStore(dynamo, environment.stateTableName, limits);
  return new RateLimiter({ rate, connector, rateStore, clock: systemClock, sleep: systemSleep });
}

function newArchive(): FirehoseArchive {
  const { archiveStreamName = '' } = environment;
  return new FirehoseArchive(firehoseClient(bounds), archiveStreamName, systemClock, limits.storeBudgetMs);
}

/**
 * Acknowledges what is settled and names what has to come back; throws only for a bug, upon which
 * all come back.
 */
export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(publishMetrics(metrics))
  .handler(async (event, context) => {
    const endsAtMs = systemClock.now() + context.getRemainingTimeInMillis();
    return batchResponseFrom(await processBatch(sourceRecordsFrom(event), endsAtMs, dependencies));
  });
