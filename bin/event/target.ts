/** The pipeline whose events are looked for: a deployed stack, or the one on this machine. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { UserError } from '../../cli/user-error.ts';
import { SecretsManagerDigestKey } from '../../lambdas/adapters/digest-key.secrets-manager.ts';
import { localDynamoDbClient, localSecretsManagerClient, localSqsClient } from '../../local/local-clients.ts';
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
  readonly quarantineUrl: string;
  /** Reads the key of the digests of ordering keys. Throws a UserError without it. */
  digestKey(): Promise<Buffer>;
  close(): void;
}

/** Interactive command, so allow a generous timeout. */
const SECRET_BUDGET_MS = 20_000;

/** Target for a deployed stack. */
export async function deployedTarget(stackName: string): Promise<EventTarget> {
  const stack = await describeStack(stackName);
  const clients = {
    dynamoDb: new DynamoDBClient({ region: stack.region }),
    sqs: new SQSClient({ region: stack.region }),
    secrets: new SecretsManagerClient({ region: stack.region }),
  };
  return targetOf(clients, {
    name: `The stack ${stackName}`,
    billed: true,
    tableName: stack.output('StateTableName'),
    deliveryQueueUrl: stack.output('DeliveryQueueUrl'),
    quarantineUrl: stack.output('QuarantineUrl'),
    digestKeySecretArn: () => stack.output('DigestKeySecretArn'),
  });
}

/** Target for the local pipeline that runs on this data directory. */
export function localTarget(dataDir: string): EventTarget {
  const { endpoints, stateTable, deliveryQueue, quarantine, digestKeySecretArn } = findPipeline(dataDir);
  const clients = {
    dynamoDb: localDynamoDbClient(endpoints),
    sqs: localSqsClient(endpoints),
    secrets: localSecretsManagerClient(endpoints),
  };
  return targetOf(clients, {
    name: 'The pipeline on this machine',
    billed: false,
    tableName: stateTable,
    deliveryQueueUrl: deliveryQueue.url,
    quarantineUrl: quarantine.url,
    digestKeySecretArn: () => digestKeySecretArn,
  });
}

interface Clients {
  readonly dynamoDb: DynamoDBClient;
  readonly sqs: SQSClient;
  readonly secrets: SecretsManagerClient;
}

/**
 * `digestKeySecretArn` throws for a stack of before there was one, which other searches do not
 * need.
 */
type Facts = Pick<EventTarget, 'name' | 'billed' | 'tableName' | 'deliveryQueueUrl' | 'quarantineUrl'> & {
  digestKeySecretArn(): string;
};

function targetOf({ dynamoDb, sqs, secrets }: Clients, { digestKeySecretArn, ...facts }: Facts): EventTarget {
  return {
    ...facts,
    table: DynamoDBDocumentClient.from(dynamoDb),
    sqs,
    digestKey: async () => {
      const secretArn = digestKeySecretArn();
      const read = await new SecretsManagerDigestKey(secrets, secretArn, SECRET_BUDGET_MS).read();
      if (read.kind === 'key') return read.key;
      throw new UserError(
        `Contacts are found by the digest key, for which you need secretsmanager:GetSecretValue on ${secretArn}: ${read.cause}`,
      );
    },
    close: () => {
      dynamoDb.destroy();
      sqs.destroy();
      secrets.destroy();
    },
  };
}
