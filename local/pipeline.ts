/** The pipeline on one machine: brings up what the template says, and takes it down again. */
import { randomBytes } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { print, printNow } from '../cli/terminal.ts';
import { UserError } from '../cli/user-error.ts';
import { SIGNATURE_PROFILES } from '../lambdas/domain/delivery/signature-profiles.ts';
import { HttpGateway } from './api-gateway/http-gateway.ts';
import { serveFirehose } from './archive/firehose.ts';
import { type Roles, rolesIn } from './cloudformation/roles.ts';
import { synthesize } from './cloudformation/synthesize.ts';
import { type LocalStack, resolveTemplate } from './cloudformation/template.ts';
import { LedgerReader } from './console/ledger.ts';
import { servePage } from './console/serve-page.ts';
import { localCredentials } from './crm/fakes/local-credentials.ts';
import { explained, makeDirectoryIn, prepareDataDir } from './data-dir.ts';
import { createTables, refuseForgottenTables } from './dynamodb/embedded-dynamodb.ts';
import { newAccessKey } from './http/access-key.ts';
import { EventSource } from './lambda/event-source.ts';
import { ExecutionEnvironment, type FunctionSpec } from './lambda/execution-environment.ts';
import { functionEnvironment } from './lambda/function-environment.ts';
import { FunctionLog } from './lambda/function-log.ts';
import { FunctionPool } from './lambda/function-pool.ts';
import { serveLambda } from './lambda/lambda-endpoint.ts';
import { MetricsTap } from './lambda/metrics-tap.ts';
import type { InvocationResult } from './lambda/runtime-messages.ts';
import { Scheduler } from './lambda/schedule.ts';
import {
  LOCAL_REGION,
  type LocalEndpoints,
  localDynamoDbClient,
  localS3Client,
  localSqsClient,
} from './local-clients.ts';
import { claimDataDir, type PipelineDescription, publishPipeline, releaseDataDir } from './pipeline-file.ts';
import { ChildRegistry } from './processes/child-registry.ts';
import { createSecrets } from './secret-values.ts';
import { type Servers, startLocalCrm, startServers } from './servers.ts';
import type { Settings } from './settings.ts';
import { countMessages, createQueues, refuseForgottenMessages } from './sqs/embedded-sqs.ts';
import { StatusLine } from './status-line.ts';

/** Time for invocations in flight when the pipeline stops. */
const STOP_GRACE_MS = 2_500;

/** A start that takes longer does not end without help. */
const START_LIMIT_MS = 60_000;

/**
 * Ingest's environments: more would only compete for the machine's cores. Beyond, requests wait.
 */
const INGEST_ENVIRONMENTS_MAX = Math.min(10, Math.max(4, 2 * availableParallelism()));

/**
 * Starts an execution environment. Tests put something between it and the servers, or end it when
 * it suits them.
 */
export type EnvironmentStarter = (...args: ConstructorParameters<typeof ExecutionEnvironment>) => ExecutionEnvironment;

/** Steps of taking down, run in the reverse order of their being added. */
type Undo = () => Promise<void> | void;

/** The pipeline. `start` may be called once; `stop` at any time, also while it starts. */
export class LocalPipeline {
  readonly #settings: Settings;
  readonly #onServerEnd: (message: string) => void;
  readonly #startEnvironment: EnvironmentStarter;
  readonly #undo: Undo[] = [];
  readonly #stopping = new AbortController();
  readonly #accessKey = newAccessKey();
  readonly #pools = new Map<string, FunctionPool>();
  /** Metrics of the functions since the start. */
  readonly metrics = new MetricsTap();
  #stopped: Promise<void> | undefined;
  /** Step of the start, for the message of one that does not end. */
  #step = '';

  /**
   * `onServerEnd` is called when the pipeline cannot go on, because one of its servers has ended.
   */
  constructor(
    settings: Settings,
    onServerEnd: (message: string) => void,
    startEnvironment: EnvironmentStarter = (...args) => new ExecutionEnvironment(...args),
  ) {
    this.#settings = settings;
    this.#onServerEnd = onServerEnd;
    this.#startEnvironment = startEnvironment;
  }

  /** True once `stop` was called: what fails then is a consequence of it. */
  get stopping(): boolean {
    return this.#stopping.signal.aborted;
  }

  /**
   * Brings everything up; resolves once the webhook accepts. Rejects if that takes longer than
   * `limitMs`.
   */
  async start(limitMs = START_LIMIT_MS): Promise<PipelineDescription> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(this.#tookTooLong(limitMs)), limitMs);
    });
    try {
      return await Promise.race([this.#bringUp(), limit]);
    } finally {
      clearTimeout(timer);
    }
  }

  #tookTooLong(limitMs: number): UserError {
    const logs = join(this.#settings.dataDir, 'logs');
    return new UserError(`Not ready after ${limitMs / 1_000} s: it was ${this.#step}. See ${logs}`);
  }

  /** Begins the next step of the start, unless the pipeline is stopping. */
  #begin(step: string): void {
    this.#stopping.signal.throwIfAborted();
    this.#step = step;
  }

  /** Adds a step of taking down. One that comes too late for that runs at once. */
  #keep(undo: Undo): void {
    if (this.stopping) void undo();
    else this.#undo.push(undo);
  }

  async #bringUp(): Promise<PipelineDescription> {
    const { dataDir, port } = this.#settings;
    this.#begin(`taking ${dataDir}`);
    takeDataDir(dataDir);
    this.#keep(() => releaseDataDir(dataDir));
    const registry = new ChildRegistry(join(dataDir, 'processes.jsonl'));
    // Undone after all servers: one that was still starting has no step of its own yet.
    this.#keep(async () => void (await registry.stopLeftovers()));
    const leftovers = await registry.stopLeftovers();
    if (leftovers.length > 0) print(`ended ${leftovers.length} processes that a killed pipeline had left`);
    const gateway = await HttpGateway.listen(port);
    this.#keep(() => gateway.close());
    const { stack, servers, crm } = await this.#prepare(registry, gateway.url);
    const roles = rolesIn(stack);
    for (const bus of stack.eventBuses) {
      print(
        `${bus}: nothing publishes here; npm run send -- --partner event.json puts its events into the delivery queue`,
      );
    }
    const fakeCredentials =
      crm?.vendor === undefined ? undefined : localCredentials(crm.vendor, crm.url, randomBytes(16).toString('hex'));
    // Not inside `crm?.send(…)`: with a CRM of the user it would not be evaluated.
    const token = createSecrets(servers.secrets, stack.secrets, roles, this.#settings, fakeCredentials);
    crm?.send({ token });
    await this.#bringUpState(stack, servers, roles);
    this.#begin('starting the functions');
    const lambda = await serveLambda(stack.functions, (arn, event) => this.#invoke(arn, event), this.#accessKey);
    this.#keep(() => lambda.close());
    const firehose = await this.#serveArchive(stack, servers);
    const endpoints = { ...endpointsOf(servers, lambda.url, this.#accessKey), ...firehose };
    await this.#bringUpFunctions(stack, endpoints, roles, registry);
    this.#begin('connecting');
    this.#connect(stack, endpoints, gateway, roles, crm?.url);
    const description = describe(dataDir, stack, roles, {
      endpoints,
      apiUrl: gateway.url,
      crm: {
        url: crm?.url ?? this.#settings.crmBaseUrl ?? '',
        sample: crm !== undefined,
        ...(crm?.vendor === undefined ? {} : { vendor: crm.vendor }),
        ...(this.#settings.context['mapping.file'] === undefined ? {} : { hasOwnMapping: true }),
      },
    });
    publishPipeline(dataDir, description);
    return description;
  }

  /** Takes everything down, within about four seconds. */
  stop(): Promise<void> {
    this.#stopped ??= this.#takeDown();
    return this.#stopped;
  }

  async #takeDown(): Promise<void> {
    this.#stopping.abort();
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) await undo();
  }

  /** Starts the servers while the stack is synthesized: the two take most of the time. */
  async #prepare(registry: ChildRegistry, apiEndpoint: string) {
    const onUnexpectedExit = (name: string) => this.#lost(name);
    this.#begin('starting the CRM');
    const options = { settings: this.#settings, accessKey: this.#accessKey, registry, onUnexpectedExit };
    const crm = await startLocalCrm(options);
    if (crm !== undefined) this.#keep(() => crm.stop());
    const crmUrl = this.#settings.crmBaseUrl ?? crm?.url ?? '';
    this.#begin('synthesizing the stack, and starting the SQS and DynamoDB servers');
    print('synthesizing the stack, starting the SQS and DynamoDB servers');
    const [assembly, servers] = await Promise.all([
      synthesize(
        // A CRM that the user names for tests may be anywhere.
        { 'crm.allowHttp': 'true', ...this.#settings.context, 'crm.baseUrl': crmUrl },
        join(this.#settings.dataDir, 'cdk.out'),
        this.#stopping.signal,
      ),
      startServers(options, (stop) => this.#keep(stop)),
    ]);
    const stack = resolveTemplate(assembly.template, {
      stackName: assembly.stackName,
      sqsEndpoint: servers.sqs.url,
      apiEndpoint,
      assetDirectory: assembly.assetDirectory,
    });
    return { stack, servers, crm };
  }

  #lost(name: string): void {
    if (!this.stopping) this.#onServerEnd(`The ${name} has ended; see ${join(this.#settings.dataDir, 'logs')}.`);
  }

  async #bringUpState(stack: LocalStack, servers: Servers, roles: Roles): Promise<void> {
    this.#begin('creating the queues and tables');
    const accessKey = this.#accessKey;
    const dynamoDb = localDynamoDbClient({ dynamodb: servers.dynamoDb.url, accessKey });
    const sqs = localSqsClient({ sqs: servers.sqs.url, accessKey });
    try {
      await refuseForgottenMessages(sqs, stack.queues);
      // A DynamoDB of the user's may hold other tables.
      if (this.#settings.dynamoDbEndpoint === undefined) await refuseForgottenTables(dynamoDb, stack.tables);
      await Promise.all([createQueues(sqs, stack.queues), createTables(dynamoDb, stack.tables, servers.dynamoDb.url)]);
      const { inFlight } = await countMessages(sqs, roles.deliveryQueueUrl);
      const queue = stack.queues.find(({ url }) => url === roles.deliveryQueueUrl);
      if (inFlight > 0) {
        const seconds = queue?.attributes.VisibilityTimeout ?? '30';
        print(
          `${inFlight} messages were being worked on when the pipeline ended; as on AWS they come back within ${seconds} s`,
        );
      }
    } finally {
      dynamoDb.destroy();
      sqs.destroy();
    }
  }

  async #serveArchive(stack: LocalStack, servers: Servers): Promise<Pick<LocalEndpoints, 'firehose'>> {
    if (stack.deliveryStreams.length === 0) return {};
    const s3 = localS3Client({ sqs: servers.sqs.url, accessKey: this.#accessKey });
    this.#keep(() => s3.destroy());
    const firehose = await serveFirehose(stack.deliveryStreams, s3, this.#accessKey);
    this.#keep(() => firehose.close());
    return { firehose: firehose.url };
  }

  async #bringUpFunctions(
    stack: LocalStack,
    endpoints: LocalEndpoints,
    roles: Roles,
    registry: ChildRegistry,
  ): Promise<void> {
    print(`starting ${stack.functions.length} functions`);
    for (const spec of stack.functions) {
      const source = stack.eventSources.find(({ functionArn }) => functionArn === spec.arn);
      this.#addPool(spec, source?.maximumConcurrency ?? INGEST_ENVIRONMENTS_MAX, endpoints, registry);
    }
    // Starts one environment of each function that has work at once, so that a bundle that does not
    // load is reported now, not at the first event.
    await Promise.all([roles.ingest, roles.processor].map((spec) => this.#warm(spec)));
  }

  #addPool(spec: FunctionSpec, maxEnvironments: number, endpoints: LocalEndpoints, registry: ChildRegistry): void {
    const { dataDir } = this.#settings;
    const log = new FunctionLog(spec.logicalId, functionLogPath(dataDir, spec.logicalId), {
      onLine: printNow,
      take: (line) => this.metrics.take(line),
    });
    const variables = functionEnvironment(spec, endpoints, dataDir);
    const pool = new FunctionPool(maxEnvironments, (onEnd) =>
      this.#startEnvironment(spec, variables, log, registry, onEnd),
    );
    this.#keep(async () => {
      await pool.stop(0);
      log.close();
    });
    this.#pools.set(spec.arn, pool);
  }

  async #warm(spec: FunctionSpec): Promise<void> {
    const failure = await this.#pools.get(spec.arn)?.warm();
    if (failure?.kind !== 'failed' || this.stopping) return;
    throw new UserError(
      `The function ${spec.logicalId} does not start: ${failure.errorType}: ${failure.errorMessage}\n` +
        `See ${functionLogPath(this.#settings.dataDir, spec.logicalId)}`,
    );
  }

  #invoke(functionArn: string, event: unknown): Promise<InvocationResult> {
    const pool = this.#pools.get(functionArn);
    if (pool !== undefined) return pool.invoke(event);
    return Promise.resolve({
      kind: 'failed',
      errorType: 'ResourceNotFound',
      errorMessage: `no function ${functionArn}`,
    });
  }

  #connect(
    stack: LocalStack,
    endpoints: LocalEndpoints,
    gateway: HttpGateway,
    roles: Roles,
    sampleCrmUrl: string | undefined,
  ): void {
    const client = localSqsClient(endpoints);
    const sources = stack.eventSources
      .filter(({ enabled }) => enabled)
      .map((spec) => {
        const queue = stack.queues.find(({ arn }) => arn === spec.queueArn);
        if (queue === undefined) throw new UserError(`${spec.logicalId}: ${spec.queueArn} is no queue of the template`);
        const invoke = (event: unknown) => this.#invoke(spec.functionArn, event);
        return new EventSource({ spec, queueUrl: queue.url, region: LOCAL_REGION, client, invoke });
      });
    const scheduler = new Scheduler(stack.schedules, (arn, event) => void this.#invoke(arn, event));
    const ledger = new LedgerReader({
      accepted: () => gateway.answered.get(202) ?? 0,
      metrics: this.metrics,
      client,
      deliveryQueueUrl: roles.deliveryQueueUrl,
      quarantineUrl: roles.quarantineUrl,
    });
    const status = new StatusLine(ledger);
    const page = servePage({ endpoints, roles, ledger, metrics: this.metrics, sampleCrmUrl });
    this.#keep(async () => {
      scheduler.stop();
      status.stop();
      page.stop();
      // Work in flight may end; nothing new begins.
      gateway.shut();
      const ended = Promise.all(sources.map((source) => source.stop()));
      await Promise.all([...this.#pools.values()].map((pool) => pool.stop(STOP_GRACE_MS)));
      await ended;
      client.destroy();
    });
    gateway.open({
      routes: stack.routes,
      throttle: stack.throttle,
      invoke: (arn, event) => this.#invoke(arn, event),
      page: page.answer,
    });
    for (const source of sources) source.start();
  }
}

/** Makes the directory if it is missing. Refused if nothing can be kept there in private. */
function takeDataDir(dataDir: string): void {
  prepareDataDir(dataDir);
  makeDirectoryIn(dataDir, join(dataDir, 'logs'));
  explained(dataDir, () => claimDataDir(dataDir));
}

function functionLogPath(dataDir: string, logicalId: string): string {
  return join(dataDir, 'logs', `${logicalId}.log`);
}

function endpointsOf(servers: Servers, lambda: string, accessKey: string): LocalEndpoints {
  const { sqs, dynamoDb, secretsManager } = servers;
  return { sqs: sqs.url, dynamodb: dynamoDb.url, secretsManager: secretsManager.url, lambda, accessKey };
}

function describe(
  dataDir: string,
  stack: LocalStack,
  roles: Roles,
  { endpoints, apiUrl, crm }: Pick<PipelineDescription, 'endpoints' | 'crm'> & { readonly apiUrl: string },
): PipelineDescription {
  const arnOf = (url: string) => stack.queues.find((queue) => queue.url === url)?.arn ?? '';
  return {
    webhookUrl: `${apiUrl}${SIGNATURE_PROFILES['genesys-webhook'].path}`,
    senders: roles.senders.map(({ profile: { name, path }, secretArn }) => ({
      name,
      url: `${apiUrl}${path}`,
      secretArn,
    })),
    region: LOCAL_REGION,
    endpoints,
    deliveryQueue: { url: roles.deliveryQueueUrl, arn: arnOf(roles.deliveryQueueUrl) },
    quarantine: { url: roles.quarantineUrl, arn: arnOf(roles.quarantineUrl) },
    stateTable: roles.stateTable,
    streamSecretArn: roles.streamSecretArn,
    crmTokenSecretArn: roles.crmTokenSecretArn,
    digestKeySecretArn: roles.digestKeySecretArn,
    crm,
    redriveFunction: roles.redrive.name,
    ...(roles.replay === undefined ? {} : { replayFunction: roles.replay.name }),
    ingest: {
      logPath: functionLogPath(dataDir, roles.ingest.logicalId),
      secretKnownAfterMs: roles.secretKnownAfterMs,
    },
    functions: stack.functions.map(({ logicalId, name, arn }) => ({ logicalId, name, arn })),
  };
}
