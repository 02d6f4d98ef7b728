/** The local pipeline as a child process, for tests that send, kill, restart and look. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { readEventRows } from '../../lambdas/adapters/event-rows.dynamodb.ts';
import { type SigningKey, sign, signingKeyFrom } from '../../lambdas/domain/delivery/signature.ts';
import { partitionsOf, rowFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { QuarantineReason } from '../../lambdas/domain/idempotency/event-row.ts';
import type { RedriveResult } from '../../lambdas/domain/quarantine/redrive-result.ts';
import { readCrmCalls, readCrmState, setCrmFaults } from '../../local/crm/crm-client.ts';
import type { FaultRule } from '../../local/crm/crm-faults.ts';
import type { CrmCall, CrmState } from '../../local/crm/sample-crm.ts';
import { ACCESS_KEY_HEADER } from '../../local/http/access-key.ts';
import {
  localDynamoDbClient,
  localLambdaClient,
  localSecretsManagerClient,
  localSqsClient,
} from '../../local/local-clients.ts';
import { findPipeline, type PipelineDescription } from '../../local/pipeline-file.ts';
import { ChildRegistry, type RegisteredChild } from '../../local/processes/child-registry.ts';
import type { EventOutcome } from '../../local/send/event-outcomes.ts';
import { countMessages, type QueueCounts } from '../../local/sqs/embedded-sqs.ts';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const MAPPING = join(PROJECT_DIR, 'lambdas/connectors/rest/mapping.ts');
/**
 * A wait that takes longer fails, and says what it waited for. Less than jest's `testTimeout`,
 * which would not.
 */
export const PATIENCE_MS = 240_000;
const LOOK_EVERY_MS = 50;

/** Settings of a start. */
export interface LocalPipelineOptions {
  /** CDK context, for example `{'limits.visibilityMs': '6000'}`. */
  readonly context?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * Script to run instead of `npm start`: it starts the same pipeline with something put in
   * between.
   */
  readonly script?: string;
}

/** A command's end. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One pipeline on a data directory of its own, which lasts over kills and restarts. */
export class LocalPipelineProcess {
  readonly dataDir = mkdtempSync(join(tmpdir(), 'local-pipeline-'));
  readonly #options: LocalPipelineOptions;
  readonly #registry = new ChildRegistry(join(this.dataDir, 'processes.jsonl'));
  #child: ChildProcess | undefined;
  #output = '';
  #clients: { readonly sqs: SQSClient; readonly table: DynamoDBDocumentClient } | undefined;

  constructor(options: LocalPipelineOptions = {}) {
    this.#options = options;
  }

  /** Starts a pipeline on a new data directory. */
  static async start(options: LocalPipelineOptions = {}): Promise<LocalPipelineProcess> {
    const pipeline = new LocalPipelineProcess(options);
    try {
      await pipeline.start();
      return pipeline;
    } catch (error) {
      await pipeline.dispose();
      throw error;
    }
  }

  /**
   * Starts, or starts again after a kill, and resolves when it is ready. `context` goes before that
   * of the options.
   */
  async start(context: Readonly<Record<string, string>> = {}): Promise<void> {
    // Not lambdas/crm-mapping.ts: that file is the user's to edit.
    const all = { 'mapping.file': MAPPING, ...this.#options.context, ...context };
    const options = Object.entries(all).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    this.#output = '';
    const child = this.#spawn(this.#options.script ?? 'bin/start.ts', options);
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => (this.#output += chunk.toString('utf8')));
    await this.until('the pipeline is ready', () => {
      if (child.exitCode !== null) throw new Error(`the pipeline ended with code ${child.exitCode}:\n${this.#output}`);
      return /^ready /m.test(this.#output);
    });
    this.#connect();
  }

  /** Output since its start. */
  get output(): string {
    return this.#output;
  }

  /** The supervisor's process id. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** Description of the running pipeline. */
  get description(): PipelineDescription {
    return findPipeline(this.dataDir);
  }

  /** The processes that it has started and that run. */
  processes(): RegisteredChild[] {
    return this.#registry.running();
  }

  /** Ends it as Ctrl-C does; answers its exit code. */
  async stop(): Promise<number | null> {
    return this.#end('SIGINT');
  }

  /** Kills the supervisor alone; its processes have to notice by themselves. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Kills every process at once, as a power switch would. */
  async killEverything(): Promise<void> {
    const others = this.processes();
    const ended = this.#end('SIGKILL');
    for (const { pid } of others) killIfRunning(pid);
    await ended;
  }

  /** Kills the environments of the function whose logical id begins so. */
  killEnvironments(logicalIdPrefix: string): number {
    const environments = this.processes().filter(({ name }) => name.startsWith(`function ${logicalIdPrefix}`));
    for (const { pid } of environments) killIfRunning(pid);
    return environments.length;
  }

  /** Ends everything and removes the data directory. For `finally`. */
  async dispose(): Promise<void> {
    await this.#end('SIGINT');
    for (const { pid } of this.processes()) killIfRunning(pid);
    rmSync(this.dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }

  /** Posts a body, signed with the stream secret unless a signature is given. */
  async post(body: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const post = await this.poster();
    return post(body, headers);
  }

  /** `post` for many bodies: where to and the key are looked up once. */
  async poster(): Promise<
    (body: string | Uint8Array, headers?: Readonly<Record<string, string>>) => Promise<Response>
  > {
    const { webhookUrl } = this.description;
    const key = await this.signingKey();
    return (body, headers = {}) => {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      const signature = { 'content-type': 'application/json', 'x-genesys-cloud-signature': sign(bytes, key) };
      return fetch(webhookUrl, { method: 'POST', body: Buffer.from(bytes), headers: { ...signature, ...headers } });
    };
  }

  /** The stream secret's current key. */
  async signingKey(): Promise<SigningKey> {
    const { endpoints, streamSecretArn } = this.description;
    const client = localSecretsManagerClient(endpoints);
    const { SecretString = '' } = await client.send(new GetSecretValueCommand({ SecretId: streamSecretArn }));
    client.destroy();
    const key = signingKeyFrom(SecretString);
    if (key === undefined) throw new Error('the stream secret is not usable');
    return key;
  }

  /** Runs `npm run send` with these arguments, to its end. */
  send(...args: readonly string[]): Promise<CommandResult> {
    return this.#run('bin/send.ts', args);
  }

  /** Runs `npm run redrive` with these arguments, to its end. */
  redrive(...args: readonly string[]): Promise<CommandResult> {
    return this.#run('bin/redrive.ts', args);
  }

  /** Runs `npm run replay` with these arguments, to its end. */
  replay(...args: readonly string[]): Promise<CommandResult> {
    return this.#run('bin/replay.ts', args);
  }

  /** Runs `npm run crm` with these arguments, to its end. */
  crm(...args: readonly string[]): Promise<CommandResult> {
    return this.#run('bin/crm.ts', args);
  }

  /** Runs `npm run event` with these arguments, to its end. */
  event(...args: readonly string[]): Promise<CommandResult> {
    return this.#run('bin/event.ts', args);
  }

  /** Invocation by the schedule, every minute. */
  async recover(): Promise<RedriveResult> {
    const { endpoints, redriveFunction } = this.description;
    const client = localLambdaClient(endpoints);
    try {
      const Payload = Buffer.from('{"action":"recover"}');
      const answer = await client.send(new InvokeCommand({ FunctionName: redriveFunction, Payload }));
      return JSON.parse(Buffer.from(answer.Payload ?? []).toString('utf8')) as RedriveResult;
    } finally {
      client.destroy();
    }
  }

  /** Runs `npm run stream` with these arguments and variables, to its end. */
  stream(args: readonly string[], environment: Readonly<Record<string, string>>): Promise<CommandResult> {
    return this.#run('bin/stream.ts', args, environment);
  }

  async #run(
    script: string,
    args: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Promise<CommandResult> {
    const child = this.#spawn(script, args, environment);
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
    const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
    return { code, stdout, stderr };
  }

  /** Puts a message into the delivery queue by hand. */
  async putMessage(body: string): Promise<void> {
    await this.#connected().sqs.send(
      new SendMessageCommand({ QueueUrl: this.description.deliveryQueue.url, MessageBody: body }),
    );
  }

  /**
   * Starts what the SQS console's redrive to a custom destination starts: all of quarantine to the
   * delivery queue.
   */
  async redriveAll(): Promise<void> {
    const { quarantine, deliveryQueue } = this.description;
    const command = new StartMessageMoveTaskCommand({ SourceArn: quarantine.arn, DestinationArn: deliveryQueue.arn });
    await this.#connected().sqs.send(command);
  }

  /** Invokes the redrive function, as anybody who may could. */
  async invokeRedrive(
    request: unknown,
  ): Promise<{ readonly functionError: boolean; readonly answer: Readonly<Record<string, unknown>> }> {
    const { endpoints, redriveFunction } = this.description;
    const url = `${endpoints.lambda}/2015-03-31/functions/${redriveFunction}/invocations`;
    const headers = { 'content-type': 'application/json', [ACCESS_KEY_HEADER]: endpoints.accessKey };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(request) });
    const answer = (await response.json()) as Readonly<Record<string, unknown>>;
    return { functionError: response.headers.get('x-amz-function-error') !== null || !response.ok, answer };
  }

  /** Takes all messages out of quarantine. */
  async takeQuarantined(): Promise<readonly Message[]> {
    const { sqs } = this.#connected();
    const QueueUrl = this.description.quarantine.url;
    const taken: Message[] = [];
    for (;;) {
      const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] });
      const { Messages: messages = [] } = await sqs.send(receive);
      if (messages.length === 0) return taken;
      taken.push(...messages);
      const Entries = messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
      await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
    }
  }

  /** Counts the messages in a queue. */
  count(queue: 'deliveryQueue' | 'quarantine'): Promise<QueueCounts> {
    return countMessages(this.#connected().sqs, this.description[queue].url);
  }

  /** The state table's rows of these keys, as far as they exist. */
  outcomes(rowKeys: readonly string[]): Promise<Map<string, EventOutcome>> {
    return readEventRows(this.#connected().table, this.description.stateTable, rowKeys);
  }

  /** Whole rows of the state table, by their keys. */
  async rows(rowKeys: readonly string[]): Promise<Map<string, Readonly<Record<string, unknown>>>> {
    const { table } = this.#connected();
    const rows = await Promise.all(
      rowKeys.map(async (pk) => {
        const command = new GetCommand({ TableName: this.description.stateTable, Key: { pk }, ConsistentRead: true });
        const { Item } = await table.send(command);
        return [pk, Item === undefined ? undefined : { pk, ...rowFrom(Item) }] as const;
      }),
    );
    return new Map(rows.flatMap(([key, row]) => (row === undefined ? [] : [[key, row] as const])));
  }

  /** Puts a row into the state table, whatever is there. */
  async putRow(pk: string, row: object): Promise<void> {
    const command = new PutCommand({ TableName: this.description.stateTable, Item: { ...row, pk } });
    await this.#connected().table.send(command);
  }

  /** The rows of events quarantined for this reason, by the table's index. */
  async quarantined(reason: QuarantineReason): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const pages = partitionsOf(reason).map((partition) => {
      const command = new QueryCommand({
        TableName: this.description.stateTable,
        IndexName: 'quarantine-by-reason',
        KeyConditionExpression: 'reason = :reason',
        ExpressionAttributeValues: { ':reason': partition },
      });
      return this.#connected().table.send(command);
    });
    return (await Promise.all(pages)).flatMap(({ Items = [] }) => Items);
  }

  /** The sample CRM's counts. */
  crmState(): Promise<CrmState> {
    return readCrmState(this.description.crm.url);
  }

  /** Every call that the sample CRM has seen, in order. */
  crmCalls(): Promise<readonly CrmCall[]> {
    return readCrmCalls(this.description.crm.url);
  }

  /** Sets the faults of the sample CRM; an empty list removes them. */
  async setCrmFaults(rules: readonly FaultRule[]): Promise<void> {
    const { crm, endpoints } = this.description;
    await setCrmFaults(crm.url, endpoints.accessKey, rules);
  }

  /** Log of the functions whose logical id has this prefix. */
  functionLog(logicalId: string): string {
    return readFileSync(join(this.dataDir, 'logs', `${logicalId}.log`), 'utf8');
  }

  /**
   * Resolves when `condition` holds; rejects, naming `what`, when it has not come to hold for long.
   */
  async until(what: string, condition: () => boolean | Promise<boolean>, patienceMs = PATIENCE_MS): Promise<void> {
    const endsAtMs = Date.now() + patienceMs;
    while (!(await condition())) {
      if (Date.now() > endsAtMs) throw new Error(`not within ${patienceMs} ms: ${what}\n${this.#output}`);
      await sleep(LOOK_EVERY_MS);
    }
  }

  #spawn(script: string, args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
      cwd: PROJECT_DIR,
      env: { PATH: process.env.PATH, PORT: '0', ...this.#options.environment, ...environment, DATA_DIR: this.dataDir },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  #connect(): void {
    const { endpoints } = this.description;
    this.#clients = {
      sqs: localSqsClient(endpoints),
      table: DynamoDBDocumentClient.from(localDynamoDbClient(endpoints)),
    };
  }

  #connected() {
    if (this.#clients === undefined) throw new Error('the pipeline has not been started');
    return this.#clients;
  }

  async #end(signal: NodeJS.Signals): Promise<number | null> {
    this.#clients?.sqs.destroy();
    this.#clients?.table.destroy();
    this.#clients = undefined;
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return ended;
  }
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}
