/**
 * The operations page for CloudWatch dashboards: two functions of the same code, of which one may
 * also redrive. IAM decides what a user may do, by which of the two functions they may invoke.
 */
import { CustomWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { QUARANTINE_INDEX } from '../../lambdas/domain/event/event-key.ts';
import { THIS_FUNCTION, writeOperationsEnvironment } from '../../lambdas/operations/env.ts';
import { bundledFunction } from '../bundled-function.ts';
import type { PipelineConfig } from '../pipeline-config.ts';

/** Resources that the page reads. */
export interface OperationsWidgetProps {
  readonly config: PipelineConfig;
  readonly deliveryQueue: IQueue;
  readonly quarantine: IQueue;
  readonly stateTable: Table;
  readonly digestKey: Secret;
  readonly redrive: IFunction;
}

/** The functions' memory: rendering is little work, but the first look waits for it. */
const MEMORY_MB = 512;
/** Time for reading, besides a redrive that the page waits for. */
const LOOK_MS = 15_000;

/** The functions, and the widget that shows them. */
export class OperationsWidget extends Construct {
  /** Shows the page. */
  readonly view: IFunction;
  /** Shows the page, and redrives. */
  readonly act: IFunction;
  readonly #props: OperationsWidgetProps;

  constructor(scope: Construct, id: string, props: OperationsWidgetProps) {
    super(scope, id);
    this.#props = props;
    this.act = this.#function('Act', 'The operations page, with the right to redrive', THIS_FUNCTION);
    this.act.addToRolePolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [props.redrive.functionArn] }),
    );
    this.view = this.#function('View', 'The operations page, to look at', this.act.functionArn);
  }

  /**
   * The widget for a dashboard, as wide as it goes. It looks again with every refresh of the
   * dashboard.
   */
  widget(height = 16): CustomWidget {
    return new CustomWidget({
      title: 'Operations',
      functionArn: this.view.functionArn,
      width: 24,
      height,
      updateOnRefresh: true,
      updateOnResize: false,
      updateOnTimeRangeChange: false,
    });
  }

  #function(id: string, description: string, actFunctionArn: string): IFunction {
    const { config, deliveryQueue, quarantine, stateTable, digestKey, redrive } = this.#props;
    const handler = bundledFunction(this, id, {
      description,
      entry: 'lambdas/operations/handler',
      memoryMb: MEMORY_MB,
      timeoutMs: Math.min(config.limits.redriveFunctionTimeoutMs + LOOK_MS, 900_000),
      environment: writeOperationsEnvironment(
        {
          deliveryQueueUrl: deliveryQueue.queueUrl,
          quarantineUrl: quarantine.queueUrl,
          stateTableName: stateTable.tableName,
          quarantineIndexName: QUARANTINE_INDEX,
          digestKeySecretArn: digestKey.secretArn,
          redriveFunctionName: redrive.functionName,
          actFunctionArn,
        },
        config.limitOverrides,
      ),
      config,
    });
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['sqs:GetQueueAttributes'],
        resources: [deliveryQueue.queueArn, quarantine.queueArn],
      }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:BatchGetItem', 'dynamodb:GetItem', 'dynamodb:Scan'],
        resources: [stateTable.tableArn],
      }),
    );
    // The search by a contact's number.
    handler.addToRolePolicy(
      new PolicyStatement({ actions: ['secretsmanager:GetSecretValue'], resources: [digestKey.secretArn] }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['dynamodb:Query'],
        resources: [`${stateTable.tableArn}/index/${QUARANTINE_INDEX}`],
      }),
    );
    return handler;
  }
}
