/** The redrive function, its schedules and its grants. */

import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { type CfnFunction, type IFunction, RecursiveLoop } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { QUARANTINE_INDEX } from '../lambdas/domain/event/event-key.ts';
import { writeRedriveEnvironment } from '../lambdas/redrive/env.ts';
import { bundledFunction } from './bundled-function.ts';
import type { PipelineConfig } from './pipeline-config.ts';

/** From the end of a refresh to the function's timeout. */
const REFRESH_MARGIN_MS = 60_000;

/** Resources and settings of redrive. */
export interface RedriveFunctionProps {
  readonly config: PipelineConfig;
  readonly deliveryQueue: IQueue;
  readonly quarantine: IQueue;
  readonly stateTable: Table;
  /** Events that the partner event bus, if any, could not put into the delivery queue. */
  readonly partnerDeadLetters?: IQueue;
}

/**
 * Moves events from quarantine back to the delivery queue: on request, and by schedule what an
 * outage put there.
 */
export class RedriveFunction extends Construct {
  readonly handler: IFunction;

  constructor(scope: Construct, id: string, props: RedriveFunctionProps) {
    super(scope, id);
    const { config, deliveryQueue, quarantine, stateTable, partnerDeadLetters } = props;
    const handler = bundledFunction(this, 'Function', {
      description: 'Moves events from quarantine back to the delivery queue',
      entry: 'lambdas/redrive/handler',
      memoryMb: config.redriveMemoryMb,
      timeoutMs: Math.max(config.limits.redriveFunctionTimeoutMs, config.limits.refreshRunMs + REFRESH_MARGIN_MS),
      environment: writeRedriveEnvironment(
        {
          deliveryQueueUrl: deliveryQueue.queueUrl,
          deliveryQueueArn: deliveryQueue.queueArn,
          quarantineUrl: quarantine.queueUrl,
          quarantineArn: quarantine.queueArn,
          stateTableName: stateTable.tableName,
          quarantineIndexName: QUARANTINE_INDEX,
          metricsNamespace: config.stackName,
        },
        config.limitOverrides,
        partnerDeadLetters?.queueUrl,
      ),
      config,
    });
    // Its messages pass the processor and quarantine and come back here, which Lambda might take
    // for a runaway loop. docs/architecture.md, "What ends a loop", has the limit of each path.
    (handler.node.defaultChild as CfnFunction).recursiveLoop = RecursiveLoop.ALLOW;
    for (const statement of grants(deliveryQueue, quarantine, stateTable)) handler.addToRolePolicy(statement);
    if (partnerDeadLetters !== undefined)
      handler.addToRolePolicy(
        new PolicyStatement({ actions: ['sqs:GetQueueAttributes'], resources: [partnerDeadLetters.queueArn] }),
      );
    // A scheduled run that fails is not tried again: the next one is due anyway.
    handler.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(1) });
    this.handler = handler;
    this.#schedule('Recovery', 'Takes back what an outage of the CRM put into quarantine', 1, 'recover');
    this.#schedule('Observation', 'Publishes the gauges of quarantine and circuit breaker', 1, 'observe');
    this.#schedule('Refresh', 'Sends to quarantine again what SQS would soon delete', 6 * 60, 'refresh');
  }

  #schedule(id: string, description: string, everyMinutes: number, action: string): void {
    const target = new LambdaFunction(this.handler, {
      event: RuleTargetInput.fromObject({ action }),
      retryAttempts: 0,
      maxEventAge: Duration.minutes(1),
    });
    const schedule = Schedule.rate(Duration.minutes(everyMinutes));
    new Rule(this, id, { description, schedule, targets: [target] });
  }
}

function grants(deliveryQueue: IQueue, quarantine: IQueue, stateTable: Table): PolicyStatement[] {
  return [
    new PolicyStatement({
      actions: [
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:GetQueueAttributes',
        'sqs:SendMessage',
        'sqs:StartMessageMoveTask',
        'sqs:ListMessageMoveTasks',
      ],
      resources: [quarantine.queueArn],
    }),
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deliveryQueue.queueArn] }),
    new PolicyStatement({ actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem'], resources: [stateTable.tableArn] }),
    new PolicyStatement({
      actions: ['dynamodb:Query'],
      resources: [`${stateTable.tableArn}/index/${QUARANTINE_INDEX}`],
    }),
  ];
}
