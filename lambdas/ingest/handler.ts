/** The ingest function: HTTP API in, SQS out. Wiring only. */
import middy from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { systemClock } from '../adapters/clock.system.ts';
import { EventLoopLag } from '../adapters/event-loop-lag.timers.ts';
import { measureInvocation, publishMetrics } from '../adapters/invocation-metrics.middy.ts';
import { MetricsLineLog } from '../adapters/log.metrics-line.ts';
import { PowertoolsLog } from '../adapters/log.powertools.ts';
import { SqsMessageQueue, traceOfInvocation } from '../adapters/message-queue.sqs.ts';
import { EmfMetrics } from '../adapters/metrics.powertools.ts';
import { SecretsManagerStreamSecret } from '../adapters/stream-secret.secrets-manager.ts';
import { secretsManagerClient, sqsClient } from '../aws-clients.ts';
import { ALL_PROFILES, routeKeyOf } from '../domain/delivery/signature-profiles.ts';
import { acceptDelivery } from './accept-delivery.ts';
import { readIngestEnvironment } from './env.ts';
import { deliveryFrom, httpResponseFor } from './http-response.ts';
import { OutcomeReporter } from './report-outcome.ts';

const { limits, deliveryQueueUrl, metricsNamespace, secretArns } = readIngestEnvironment(process.env);
const metrics = new EmfMetrics('ingest', metricsNamespace);
const log = new MetricsLineLog(new PowertoolsLog('ingest'), metrics);
const reporter = new OutcomeReporter({ log, metrics, clock: systemClock });

const sqs = sqsClient({
  tries: limits.ingestSendTries,
  tryMs: limits.ingestSendTryMs,
});
const secrets = secretsManagerClient({
  tries: 2,
  tryMs: limits.secretTimeoutMs,
});
const senders = ALL_PROFILES.flatMap((profile) => {
  const arn = secretArns[profile.name];
  if (arn === undefined) return [];
  return [{ profile, secret: new SecretsManagerStreamSecret(secrets, arn, profile, systemClock, limits) }];
});
const dependencies = {
  deliveryQueue: new SqsMessageQueue(sqs, deliveryQueueUrl, limits.ingestSendBudgetMs, traceOfInvocation),
  clock: systemClock,
  limits,
};

/**
 * Answers as design section 3 lists; throws only for a bug, which the HTTP API answers with 500 and
 * the sender retries.
 */
export const handler = middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2>()
  .use(publishMetrics(metrics))
  .use(measureInvocation(metrics, new EventLoopLag()))
  .handler(async (request) => {
    const sender = senders.find(({ profile }) => request.routeKey === routeKeyOf(profile));
    if (sender === undefined) throw new Error(`The route ${request.routeKey} belongs to no sender that has a secret.`);
    const { profile, secret } = sender;
    const outcome = await acceptDelivery(deliveryFrom(request, profile), { ...dependencies, secret });
    reporter.report(outcome, request.requestContext.requestId);
    return httpResponseFor(outcome);
  });
