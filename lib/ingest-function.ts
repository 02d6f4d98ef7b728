/**
 * The ingest function: may read the senders' secrets and send to the delivery queue, nothing else.
 */

import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { type SecretArns, writeIngestEnvironment } from '../lambdas/ingest/env.ts';
import { bundledFunction } from './bundled-function.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import type { SenderSecrets } from './pipeline-secrets.ts';

/** Resources and settings of ingest. */
export interface IngestFunctionProps {
  readonly config: PipelineConfig;
  readonly senderSecrets: SenderSecrets;
  readonly deliveryQueue: IQueue;
}

/** Verifies and persists deliveries. */
export class IngestFunction extends Construct {
  readonly handler: IFunction;
  /** Log group that records the version of the stream secret each delivery was verified with. */
  readonly logGroupName: string;

  constructor(scope: Construct, id: string, { config, senderSecrets, deliveryQueue }: IngestFunctionProps) {
    super(scope, id);
    const arns = Object.entries(senderSecrets).map(([name, { secretArn }]) => [name, secretArn] as const);
    const secretArns = Object.fromEntries(arns) as SecretArns;
    const handler = bundledFunction(this, 'Function', {
      description: 'Verifies the signature of a delivery and persists it before it answers 202',
      entry: 'lambdas/ingest/handler',
      memoryMb: config.ingestMemoryMb,
      timeoutMs: config.limits.ingestFunctionTimeoutMs,
      environment: writeIngestEnvironment(
        { deliveryQueueUrl: deliveryQueue.queueUrl, metricsNamespace: config.stackName, secretArns },
        config.limitOverrides,
      ),
      config,
      ...(config.ingestReservedConcurrency === undefined
        ? {}
        : { reservedConcurrency: config.ingestReservedConcurrency }),
    });
    handler.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deliveryQueue.queueArn] }));
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['secretsmanager:GetSecretValue'],
        resources: arns.map(([, secretArn]) => secretArn),
      }),
    );
    this.logGroupName = handler.logGroup.logGroupName;
    // Provisioned environments belong to a version, which the API must call by an alias.
    this.handler =
      config.ingestProvisionedConcurrency === 0
        ? handler
        : (handler.addAlias('live', {
            provisionedConcurrentExecutions: config.ingestProvisionedConcurrency,
          }) as IFunction);
  }
}
