/** An embedded DynamoDB in memory for one test file. */
import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { documentClient } from '../../lambdas/aws-clients.ts';
import { embeddedBinary } from '../../local/dynamodb/embedded-dynamodb.ts';
import { findFreePort, LOOPBACK } from '../../local/http/loopback.ts';

/** Interval of requests to a server that does not answer yet. */
const READY_TRIES = 200;
const READY_PAUSE_MS = 25;

/** Generous: what is tested is what the server answers, on a machine that may be busy. */
const BOUNDS = { tries: 3, tryMs: 10_000 };

/**
 * A running server with one empty table as the stack has it, and a client for it: the functions'
 * own.
 */
export interface DynamoDbForTest {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  stop(): Promise<void>;
}

/**
 * Starts a server of its own; `DYNAMODB_ENDPOINT` names another instead. Dispose of it with `stop`.
 */
export async function startDynamoDbForTest(tableName: string): Promise<DynamoDbForTest> {
  const own = process.env.DYNAMODB_ENDPOINT === undefined ? await startServer() : undefined;
  const endpoint = own?.url ?? process.env.DYNAMODB_ENDPOINT ?? '';
  // The SDK reads its configuration from the environment.
  Object.assign(process.env, {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  });
  const client = documentClient(BOUNDS);
  const stop = async () => {
    client.destroy();
    await own?.stop();
  };
  try {
    await createTable(client, tableName);
  } catch (error) {
    await stop();
    throw error;
  }
  return { client, tableName, stop };
}

async function startServer(): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const port = await findFreePort();
  const child = spawn(embeddedBinary(), ['--host', LOOPBACK, '--port', String(port)], { stdio: 'ignore' });
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  return {
    url: `http://${LOOPBACK}:${port}`,
    stop: () => {
      process.off('exit', killWithUs);
      return end(child);
    },
  };
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}

async function createTable(client: DynamoDBDocumentClient, tableName: string): Promise<void> {
  const command = new CreateTableCommand({
    TableName: tableName,
    BillingMode: 'PAY_PER_REQUEST',
    KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    AttributeDefinitions: [
      { AttributeName: 'pk', AttributeType: 'S' },
      { AttributeName: 'reason', AttributeType: 'S' },
      { AttributeName: 'settledAtMs', AttributeType: 'N' },
    ],
    GlobalSecondaryIndexes: [
      {
        IndexName: 'quarantine-by-reason',
        KeySchema: [
          { AttributeName: 'reason', KeyType: 'HASH' },
          { AttributeName: 'settledAtMs', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      },
    ],
  });
  for (let tries = 1; ; tries += 1) {
    try {
      await client.send(command);
      return;
    } catch (error) {
      if (tries === READY_TRIES) throw error;
      await pause(READY_PAUSE_MS);
    }
  }
}
