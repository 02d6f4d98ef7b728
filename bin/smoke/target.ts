/** The pipeline that a smoke test examines: a deployed stack, or the pipeline on this machine. */
import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { DynamoDbPipelineView } from '../../lambdas/adapters/pipeline-view.dynamodb.ts';
import { SqsQueueDepth } from '../../lambdas/adapters/queue-depth.sqs.ts';
import { QUARANTINE_INDEX } from '../../lambdas/domain/event/event-key.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import type { PipelineView, QueueDepth } from '../../lambdas/ports.ts';
import { findPipeline } from '../../local/pipeline-file.ts';
import { dataDirFrom } from '../../local/settings.ts';
import { deployedTarget, localTarget } from '../event/target.ts';
import { askAws } from '../stream/aws-failure.ts';
import { describeStack, findDeployedPipeline } from '../stream/deployed-stack.ts';
import { findLocalPipeline } from '../stream/local-pipeline.ts';
import type { SecretVersions } from '../stream/secret/secret-versions.ts';

const READ_BUDGET_MS = 10_000;

/** Parts of a pipeline that a smoke test reads and writes. */
export interface SmokeTarget {
  /** As printed: `the stack NAME`, or `the pipeline on this machine`. */
  readonly name: string;
  readonly webhookUrl: string;
  readonly secrets: Pick<SecretVersions, 'read'>;
  readonly view: Pick<PipelineView, 'find'>;
  readonly deliveryQueue: QueueDepth;
  readonly quarantine: QueueDepth;
  /** Names of the alarms that fire. Undefined: this pipeline has no alarms. */
  readonly firingAlarms?: () => Promise<readonly string[]>;
  close(): void;
}

/** Finds the target. Throws a user error if it does not exist or the stack lacks an output. */
export async function findSmokeTarget(
  stackName: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<SmokeTarget> {
  const dataDir = dataDirFrom(environment);
  const events = stackName === undefined ? localTarget(dataDir) : await deployedTarget(stackName);
  const pipeline = stackName === undefined ? findLocalPipeline(environment) : await findDeployedPipeline(stackName);
  const quarantineUrl =
    stackName === undefined
      ? findPipeline(dataDir).quarantine.url
      : (await describeStack(stackName)).output('QuarantineUrl');
  const alarms = stackName === undefined ? {} : { firingAlarms: () => readFiringAlarms(stackName) };
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: READ_BUDGET_MS };
  return {
    name: pipeline.name,
    webhookUrl: pipeline.webhookUrl,
    secrets: pipeline.secrets,
    view: new DynamoDbPipelineView(events.table, events.tableName, QUARANTINE_INDEX, limits),
    deliveryQueue: new SqsQueueDepth(events.sqs, events.deliveryQueueUrl, READ_BUDGET_MS),
    quarantine: new SqsQueueDepth(events.sqs, quarantineUrl, READ_BUDGET_MS),
    ...alarms,
    close: () => {
      events.close();
      pipeline.close();
    },
  };
}

/** The stack's alarms have its name as prefix; a dashboard's region is the client's. */
async function readFiringAlarms(stackName: string): Promise<readonly string[]> {
  const client = new CloudWatchClient({});
  try {
    const { MetricAlarms = [] } = await askAws('read the alarms', 'cloudwatch:DescribeAlarms', () =>
      client.send(
        new DescribeAlarmsCommand({ AlarmNamePrefix: `${stackName}-`, StateValue: 'ALARM', MaxRecords: 100 }),
      ),
    );
    return MetricAlarms.flatMap(({ AlarmName }) => (AlarmName === undefined ? [] : [AlarmName]));
  } finally {
    client.destroy();
  }
}
