/**
 * `npm run stream` on a fake Genesys Cloud and a pipeline of which there is no more than its secret
 * and its log.
 */
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findLocalPipeline } from '../../bin/stream/local-pipeline.ts';
import type { TargetPipeline } from '../../bin/stream/pipeline-source.ts';
import { runStream } from '../../bin/stream/run-stream.ts';
import type { SecretStage } from '../../lambdas/domain/delivery/signature.ts';
import { FakeGenesys, type FakeGenesysOptions } from '../../local/genesys/fake-genesys.ts';
import { type GenesysFault, GenesysFaults } from '../../local/genesys/fake-genesys-faults.ts';
import { fakeGenesysListener } from '../../local/genesys/fake-genesys-http.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';
import { claimDataDir, type PipelineDescription, publishPipeline } from '../../local/pipeline-file.ts';
import { SecretStore } from '../../local/secrets/secret-store.ts';
import { serveSecretsManager } from '../../local/secrets/secrets-manager.ts';

const ACCESS_KEY = 'key-of-the-test';
const SECRET_ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:stream-local0';
const CLIENT = { clientId: 'client-of-the-test', clientSecret: 'client-secret-of-the-test' };

/** The secret that the pipeline begins with. */
export const FIRST_SECRET = 'a1'.repeat(32);

/** Time until ingest knows a new version of the secret. */
export const KNOWN_AFTER_MS = 60_000;

/** Result of a command. */
export interface StreamRun {
  readonly code: number;
  /** Standard output and error, whole. */
  readonly out: string;
  readonly notes: string;
  readonly asked: readonly string[];
}

/**
 * One organisation, one pipeline, one data directory, and time that passes only by being waited
 * for.
 */
export class StreamCommandForTest {
  readonly genesys: FakeGenesys;
  readonly faults = new GenesysFaults();
  readonly secrets: SecretStore;
  readonly directory: string;
  /** Waits of the command, in milliseconds. */
  readonly slept: number[] = [];
  /** Reply to its question; undefined without one. */
  answer: string | undefined;
  /** Called before each wait: for what happens meanwhile. */
  onSleep: () => void = () => {};
  environment: Record<string, string> = {
    GENESYS_CLIENT_ID: CLIENT.clientId,
    GENESYS_CLIENT_SECRET: CLIENT.clientSecret,
  };
  #aheadMs = 0;
  readonly #servers: LoopbackServer[] = [];

  private constructor(directory: string, options: Partial<FakeGenesysOptions>) {
    this.directory = directory;
    this.secrets = new SecretStore(join(directory, 'secrets.json'), () => this.nowMs);
    const all = { ...CLIENT, returnSecrets: false, tokenSeconds: 3_600, partnerSourceAfterMs: 5_000, ...options };
    this.genesys = new FakeGenesys(all, () => this.nowMs);
  }

  /** Starts the servers. Dispose of them with `stop`. */
  static async start(options: Partial<FakeGenesysOptions> = {}): Promise<StreamCommandForTest> {
    const command = new StreamCommandForTest(mkdtempSync(join(tmpdir(), 'stream-command-')), options);
    await command.#start();
    return command;
  }

  /** The time of the command and of the fake. */
  get nowMs(): number {
    return Date.now() + this.#aheadMs;
  }

  /** URL for `--api`. */
  get api(): string {
    return this.#servers[0]?.url ?? '';
  }

  /** Runs a command of which `--api` and the file are given already. */
  async run(...args: readonly string[]): Promise<StreamRun> {
    const [command = '', ...rest] = args;
    const out: string[] = [];
    const notes: string[] = [];
    const asked: string[] = [];
    const isTold = ['test', 'schema'].includes(command) || args.includes('--region') || args.includes('--api');
    const api = isTold ? [] : ['--api', this.api];
    const code = await runStream([command, ...rest, ...api], {
      environment: { DATA_DIR: this.directory, ...this.environment },
      out: (text) => out.push(text),
      note: (text) => notes.push(text),
      ask: async (question) => {
        asked.push(question);
        return this.answer;
      },
      now: () => this.nowMs,
      sleep: (ms) => this.sleep(ms),
    });
    return { code, out: out.join('\n'), notes: notes.join('\n'), asked };
  }

  /** Lets this much time pass. */
  async sleep(ms: number): Promise<void> {
    this.onSleep();
    this.slept.push(ms);
    this.#aheadMs += ms;
  }

  /** The pipeline as the command finds it. */
  pipeline(): TargetPipeline {
    return findLocalPipeline({ DATA_DIR: this.directory });
  }

  /** Writes the stream's file, and gives its path. */
  write(file: object | string, name = 'stream.json'): string {
    const path = join(this.directory, name);
    writeFileSync(path, typeof file === 'string' ? file : JSON.stringify(file));
    return path;
  }

  /** Has the fake fail, as these rules say. */
  fail(...rules: readonly GenesysFault[]): void {
    const problem = this.faults.set({ rules });
    if (problem !== undefined) throw new Error(problem);
  }

  /** As ingest logs a delivery that it accepted. */
  logDelivery(secretStage: SecretStage, source = 'genesys-webhook'): void {
    const timestamp = new Date(this.nowMs).toISOString();
    const entry = { timestamp, level: 'info', service: 'ingest', message: 'delivery accepted', source, secretStage };
    appendFileSync(join(this.directory, 'logs', 'Ingest.log'), `${JSON.stringify(entry)}\n`);
  }

  /** The labels of the secret's versions, oldest first. */
  stages(): string[][] {
    const { stages } = this.secrets.describe(SECRET_ARN);
    const versions = Object.entries(stages).map(([versionId, labels]) => {
      return { at: this.secrets.get(SECRET_ARN, { versionId }).createdAtMs, labels: [...labels].sort() };
    });
    return versions.sort((a, b) => a.at - b.at).map(({ labels }) => labels);
  }

  /** The secret's value at a stage. */
  secret(stage: SecretStage): string {
    return this.secrets.get(SECRET_ARN, { stage }).value;
  }

  /** The secrets that ingest accepts. */
  liveSecrets(): string[] {
    const { stages } = this.secrets.describe(SECRET_ARN);
    return Object.keys(stages).map((versionId) => this.secrets.get(SECRET_ARN, { versionId }).value);
  }

  /** Number of versions that the secret has had. */
  versionCount(): number {
    const file = JSON.parse(readFileSync(join(this.directory, 'secrets.json'), 'utf8'));
    return Object.keys(file[SECRET_ARN].versions).length;
  }

  /** Moves a label by hand. */
  relabel(stage: SecretStage, move: { readonly to?: string; readonly from?: string }): void {
    this.secrets.updateStage(SECRET_ARN, stage, move);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.close()));
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #start(): Promise<void> {
    const { genesys, faults } = this;
    this.secrets.ensure(SECRET_ARN, 'stream', () => FIRST_SECRET);
    this.#servers.push(await listenOnLoopback(fakeGenesysListener({ genesys, faults, accessKey: ACCESS_KEY }), 0));
    const secretsManager = await serveSecretsManager(this.secrets, ACCESS_KEY);
    this.#servers.push(secretsManager);
    mkdirSync(join(this.directory, 'logs'));
    claimDataDir(this.directory);
    publishPipeline(this.directory, {
      webhookUrl: 'http://127.0.0.1:1/v1/eventbridge/genesys',
      region: 'us-east-1',
      endpoints: { secretsManager: secretsManager.url, sqs: '', dynamodb: '', accessKey: ACCESS_KEY },
      streamSecretArn: SECRET_ARN,
      ingest: { logPath: join(this.directory, 'logs', 'Ingest.log'), secretKnownAfterMs: KNOWN_AFTER_MS },
    } as PipelineDescription);
  }
}
