/** The pipeline whose events are looked for: a deployed stack, or the one on this machine. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { localDynamoDbClient, localSqsClient } from '../../local/local-clients.ts';
import { findPipeline } from '../../local/pipeline-file.ts';
import { describeStack } from '../stream/deployed-stack.ts';

/** A pipeline whose events are read. */
export interface EventTarget {
  /** For messages: `The stack NAME`. */
  readonly name: string;
  /** True if reading is billed. */
  readonly billed: boolean;
  readonly table: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly sqs: SQSClient;
  readonly deliveryQueueUrl: string;
  close(): void;
}

/** Target for a deployed stack. */
export async function deployedTarget(stackName: string): Promise<EventTarget> {
  const stack = await describeStack(stackName);
  const clients = {
    dynamoDb: new DynamoDBClient({ region: stack.region }),
    sqs: new SQSClient({ region: stack.region }),
  };
  return targetOf(clients, {
    name: `The stack ${stackName}`,
    billed: true,
    tableName: stack.output('StateTableName'),
    deliveryQueueUrl: stack.output('DeliveryQueueUrl'),
  });
}

/** Target for the local pipeline that runs on this data directory. */
export function localTarget(dataDir: string): EventTarget {
  const { endpoints, stateTable, deliveryQueue } = findPipeline(dataDir);
  const clients = { dynamoDb: localDynamoDbClient(endpoints), sqs: localSqsClient(endpoints) };
  return targetOf(clients, {
    name: 'The pipeline on this machine',
    billed: false,
    tableName: stateTable,
    deliveryQueueUrl: deliveryQueue.url,
  });
}

function targetOf(
  { dynamoDb, sqs }: { readonly dynamoDb: DynamoDBClient; readonly sqs: SQSClient },
  facts: Pick<EventTarget, 'name' | 'billed' | 'tableName' | 'deliveryQueueUrl'>,
): EventTarget {
  return {
    ...facts,
    table: DynamoDBDocumentClient.from(dynamoDb),
    sqs,
    close: () => {
      dynamoDb.destroy();
      sqs.destroy();
    },
  };
}
