/**
 * The servers that the bench runs on: those of the local pipeline, the queues with nothing on disk.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateQueueCommand, PurgeQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { ConnectorName } from '../lambdas/connectors/connectors.ts';
import { setCrmFaults } from '../local/crm/crm-client.ts';
import { startDynamoDb } from '../local/dynamodb/embedded-dynamodb.ts';
import { newAccessKey } from '../local/http/access-key.ts';
import type { Endpoints } from '../local/lambda/function-environment.ts';
import { localDynamoDbClient, localSqsClient } from '../local/local-clients.ts';
import { startServerProcess } from '../local/processes/server-process.ts';
import { SecretStore } from '../local/secrets/secret-store.ts';
import { serveSecretsManager } from '../local/secrets/secrets-manager.ts';
import { queueUrl } from '../local/sqs/fauxqs-patches.ts';
import type { BenchDirectory } from './bench-directory.ts';

/** Secrets of the bench. */
export const STREAM_SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:bench-stream';
export const CRM_TOKEN_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:bench-crm-token';
export const DIGEST_KEY_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:bench-digest-key';

/** Duration of a request to a CRM. */
const CRM_DELAY_MS = 5;

/** A CRM that a processor is measured with. */
export interface BenchCrm {
  readonly connector: ConnectorName;
  readonly url: string;
}

/** Everything that a handler talks to. */
export interface BenchServers {
  /** Endpoints of the servers; that of DynamoDB changes with each `renewDynamoDb`. */
  readonly endpoints: Endpoints;
  readonly sqs: SQSClient;
  readonly streamSecret: string;
  readonly crm: BenchCrm;
  /** The fake of a CRM that takes three requests for one call. Accepts the same token. */
  readonly hubspot: BenchCrm;
  readonly crmToken: string;
  createQueue(name: string): Promise<string>;
  purge(url: string): Promise<void>;
  /**
   * A DynamoDB that has seen nothing. The embedded one remembers the token of every transaction for
   * ten minutes, as DynamoDB does, but looks through all of them at each: after 17,500 transactions
   * the next takes 1.6 times as long.
   */
  renewDynamoDb(): Promise<void>;
  /** A new, empty table with the state table's key. */
  createTable(name: string): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts all of them. Messages are kept in memory: on disk the queue would be slower than what is
 * measured.
 */
export async function startBenchServers(directory: BenchDirectory): Promise<BenchServers> {
  const { registry, endBecause: onUnexpectedExit } = directory;
  const accessKey = newAccessKey();
  const start = (name: string, script: string, config: object) =>
    startServerProcess({
      name,
      script: new URL(`../local/${script}`, import.meta.url),
      config,
      registry,
      logPath: directory.logPath(name),
      onUnexpectedExit,
    });
  const sqsServer = await start('SQS server', 'sqs/embedded-sqs-server.ts', { accessKey });
  const crmConfig = { accessKey, path: join(directory.path, 'crm.jsonl') };
  const crm = await start('sample CRM', 'crm/sample-crm-server.ts', crmConfig);
  const hubspotConfig = { accessKey, path: join(directory.path, 'hubspot.jsonl'), vendor: 'hubspot', settings: {} };
  const hubspot = await start('fake of HubSpot', 'crm/fake-crm-server.ts', hubspotConfig);
  let dynamoDbs = 0;
  const newDynamoDb = () => {
    const dataDir = join(directory.path, `dynamodb-${++dynamoDbs}`);
    mkdirSync(join(dataDir, 'logs'), { recursive: true });
    return startDynamoDb({ endpoint: undefined, accessKey, dataDir, registry, onUnexpectedExit });
  };
  let dynamoDbServer = await newDynamoDb();
  const streamSecret = randomBytes(32).toString('hex');
  const crmToken = randomBytes(16).toString('hex');
  const secrets = new SecretStore(join(directory.path, 'secrets.json'));
  secrets.ensure(STREAM_SECRET_ARN, 'bench-stream', () => streamSecret);
  secrets.ensure(CRM_TOKEN_ARN, 'bench-crm-token', () => crmToken);
  secrets.ensure(DIGEST_KEY_ARN, 'bench-digest-key', () => randomBytes(32).toString('hex'));
  const secretsManager = await serveSecretsManager(secrets, accessKey);
  for (const server of [crm, hubspot]) {
    server.send({ token: crmToken });
    await setCrmFaults(server.url, accessKey, [{ delayMs: CRM_DELAY_MS }]);
  }
  const endpoints = {
    sqs: sqsServer.url,
    dynamodb: dynamoDbServer.url,
    secretsManager: secretsManager.url,
    accessKey,
  };
  const sqs = localSqsClient(endpoints);
  let dynamoDb = localDynamoDbClient(endpoints);
  return {
    endpoints,
    sqs,
    streamSecret,
    crm: { connector: 'rest', url: crm.url },
    hubspot: { connector: 'hubspot', url: hubspot.url },
    crmToken,
    createQueue: async (name) => {
      const attributes = { VisibilityTimeout: '180' };
      await sqs.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
      return queueUrl(sqsServer.url, name);
    },
    purge: async (url) => {
      await sqs.send(new PurgeQueueCommand({ QueueUrl: url }));
    },
    renewDynamoDb: async () => {
      dynamoDb.destroy();
      await dynamoDbServer.stop();
      dynamoDbServer = await newDynamoDb();
      endpoints.dynamodb = dynamoDbServer.url;
      dynamoDb = localDynamoDbClient(endpoints);
    },
    createTable: async (name) => {
      await dynamoDb.send(
        new CreateTableCommand({
          TableName: name,
          BillingMode: 'PAY_PER_REQUEST',
          KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
          AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
        }),
      );
    },
    stop: async () => {
      sqs.destroy();
      dynamoDb.destroy();
      await Promise.all([sqsServer.stop(), crm.stop(), hubspot.stop(), dynamoDbServer.stop(), secretsManager.close()]);
    },
  };
}
