/** The processor function, its event source and its grants. */

import { Duration, Validations } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { type IFunction, RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { formatRate } from '../lambdas/domain/crm/request-rate.ts';
import { writeProcessorEnvironment } from '../lambdas/processor/env.ts';
import { bundledFunction } from './bundled-function.ts';
import { mappingAliases } from './mapping-file.ts';
import type { PipelineConfig } from './pipeline-config.ts';

/** Resources and settings of the processor. */
export interface ProcessorFunctionProps {
  readonly config: PipelineConfig;
  readonly deliveryQueue: IQueue;
  readonly quarantine: IQueue;
  readonly stateTable: Table;
  readonly crmToken: Secret;
  readonly digestKey: Secret;
  /** Takes every delivery for the archive, if there is one. */
  readonly archive?: CfnDeliveryStream;
}

/** Applies events to the CRM. */
export class ProcessorFunction extends Construct {
  readonly handler: IFunction;

  constructor(scope: Construct, id: string, props: ProcessorFunctionProps) {
    super(scope, id);
    const { config, deliveryQueue, quarantine, stateTable, crmToken, digestKey, archive } = props;
    const { limits } = config;
    const handler = bundledFunction(this, 'Function', {
      description: 'Applies events to the CRM: claim, deliver, settle',
      entry: 'lambdas/processor/handler',
      aliases: mappingAliases(config.crm),
      define: {
        'process.env.CRM_DEFAULT_COUNTRY': JSON.stringify(config.crm.defaultCountry) ?? 'undefined',
        'process.env.CRM_RATE': JSON.stringify(formatRate(config.crm.rate)),
        'process.env.HAS_ARCHIVE': JSON.stringify(String(archive !== undefined)),
      },
      memoryMb: config.processorMemoryMb,
      timeoutMs: limits.processorFunctionTimeoutMs,
      environment: writeProcessorEnvironment(
        {
          deliveryQueueUrl: deliveryQueue.queueUrl,
          quarantineUrl: quarantine.queueUrl,
          stateTableName: stateTable.tableName,
          crmBaseUrl: config.crm.baseUrl,
          crmConnector: config.crm.connector,
          crmSettings: JSON.stringify(config.crm.settings),
          crmRate: formatRate(config.crm.rate),
          crmTokenSecretArn: crmToken.secretArn,
          digestKeySecretArn: digestKey.secretArn,
          metricsNamespace: config.stackName,
        },
        config.limitOverrides,
        archive?.ref,
      ),
      config,
    });
    if (config.processorNetwork !== undefined) connect(handler, config.processorNetwork);
    // An event may pass quarantine, and so this function, more than the 16 times after which Lambda
    // takes it for a runaway loop and drops it. docs/architecture.md, "What ends a loop", has the
    // limit of each path instead.
    (handler.node.defaultChild as CfnFunction).recursiveLoop = RecursiveLoop.ALLOW;
    handler.addEventSource(
      new SqsEventSource(deliveryQueue, {
        batchSize: limits.batchSize,
        maxBatchingWindow: Duration.seconds(config.processorBatchWindowSeconds),
        // Not reserved concurrency, with which pollers are throttled and burn receives.
        maxConcurrency: limits.processorConcurrency,
        reportBatchItemFailures: true,
      }),
    );
    handler.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [quarantine.queueArn] }));
    handler.addToRolePolicy(
      new PolicyStatement({
        // An OAuth endpoint may give another refresh token with each access token.
        actions: ['secretsmanager:GetSecretValue', 'secretsmanager:PutSecretValue'],
        resources: [crmToken.secretArn],
      }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [digestKey.secretArn] }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({
        // A TransactWriteItems needs the permissions of the writes in it, and no more.
        actions: ['dynamodb:BatchGetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
        resources: [stateTable.tableArn],
      }),
    );
    if (archive !== undefined)
      handler.addToRolePolicy(new PolicyStatement({ actions: ['firehose:PutRecord'], resources: [archive.attrArn] }));
    this.handler = handler;
  }
}

/**
 * Lambda makes and removes the function's network interfaces with its role; these actions know no
 * resources.
 */
function connect(handler: IFunction, network: NonNullable<PipelineConfig['processorNetwork']>): void {
  (handler.node.defaultChild as CfnFunction).vpcConfig = network;
  handler.addToRolePolicy(
    new PolicyStatement({
      actions: [
        'ec2:CreateNetworkInterface',
        'ec2:DeleteNetworkInterface',
        'ec2:DescribeNetworkInterfaces',
        'ec2:DescribeSubnets',
        'ec2:AssignPrivateIpAddresses',
        'ec2:UnassignPrivateIpAddresses',
      ],
      resources: ['*'],
    }),
  );
  if (handler.role !== undefined)
    Validations.of(handler.role).acknowledge({
      id: 'AwsSolutions-IAM5[Resource::*]',
      reason: 'The actions by which Lambda makes network interfaces in a VPC know no resources.',
    });
}
