/** The ingest function: may read the stream secret and send to the delivery queue, nothing else. */

import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { writeIngestEnvironment } from '../lambdas/ingest/env.ts';
import { bundledFunction } from './bundled-function.ts';
import type { PipelineConfig } from './pipeline-config.ts';

/** What ingest works with. */
export interface IngestFunctionProps {
  readonly config: PipelineConfig;
  readonly streamSecret: Secret;
  readonly deliveryQueue: IQueue;
}

/** Verifies and persists deliveries. */
export class IngestFunction extends Construct {
  readonly handler: IFunction;

  constructor(scope: Construct, id: string, { config, streamSecret, deliveryQueue }: IngestFunctionProps) {
    super(scope, id);
    const environment = { deliveryQueueUrl: deliveryQueue.queueUrl, streamSecretArn: streamSecret.secretArn };
    const handler = bundledFunction(this, 'Function', {
      description: 'Verifies the signature of a delivery and persists it before it answers 202',
      entry: 'lambdas/ingest/handler.ts',
      memoryMb: config.ingestMemoryMb,
      timeoutMs: config.limits.ingestFunctionTimeoutMs,
      environment: writeIngestEnvironment(environment, config.limitOverrides),
      config,
    });
    handler.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deliveryQueue.queueArn] }));
    handler.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [streamSecret.secretArn] }),
    );
    this.handler = handler;
  }
}
