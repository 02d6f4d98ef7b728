/**
 * The file by which a running pipeline is found, and by which a second one on the same data is
 * refused.
 */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { UserError } from '../cli/user-error.ts';
import type { FakeVendorName } from './crm/fakes/vendors.ts';
import { refuseUnsafe } from './data-dir.ts';
import type { LocalEndpoints } from './local-clients.ts';
import { isProcessId, startTimeOf } from './processes/process-identity.ts';

/** A queue, for commands. */
export interface KnownQueue {
  readonly url: string;
  readonly arn: string;
}

/** Description of a running pipeline. */
export interface PipelineDescription {
  readonly webhookUrl: string;
  /** Everybody who may deliver, the stream among them: where to, and the secret to sign with. */
  readonly senders: readonly { readonly name: string; readonly url: string; readonly secretArn: string }[];
  readonly region: string;
  readonly endpoints: LocalEndpoints;
  readonly deliveryQueue: KnownQueue;
  readonly quarantine: KnownQueue;
  readonly stateTable: string;
  readonly streamSecretArn: string;
  readonly crmTokenSecretArn: string;
  readonly digestKeySecretArn: string;
  /**
   * `sample`: it runs on this machine and can be asked what it has applied. `vendor`: it is the
   * fake of that connector's vendor, otherwise the sample CRM.
   */
  readonly crm: {
    readonly url: string;
    readonly sample: boolean;
    readonly vendor?: FakeVendorName;
    /** Events are mapped by a file of the user. */
    readonly hasOwnMapping?: true;
  };
  /** The name of the redrive function, as Lambda's endpoint knows it. */
  readonly redriveFunction: string;
  /** The name of the replay function; absent: the stack has no archive. */
  readonly replayFunction?: string;
  /** Ingest's log, and its maximum delay in ms until it uses a new version of the stream secret. */
  readonly ingest: { readonly logPath: string; readonly secretKnownAfterMs: number };
  readonly functions: readonly { readonly logicalId: string; readonly name: string; readonly arn: string }[];
}

/** Content of the file: the process, and once it is ready, its pipeline. */
const PIPELINE_FILE = z.object({
  pid: z.number().refine(isProcessId),
  startTime: z.string(),
  pipeline: z.custom<PipelineDescription>((value) => typeof value === 'object' && value !== null).optional(),
});

type PipelineFile = Readonly<z.infer<typeof PIPELINE_FILE>>;

function pathIn(dataDir: string): string {
  return join(dataDir, 'pipeline.json');
}

/**
 * Takes `dataDir` for this process. Refused while another pipeline runs on it; what a killed one
 * left is removed.
 */
export function claimDataDir(dataDir: string): void {
  for (;;) {
    const file: PipelineFile = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '' };
    try {
      writeFileSync(pathIn(dataDir), JSON.stringify(file), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const other = runningOwner(dataDir);
    if (other !== undefined) {
      throw new UserError(
        `A pipeline runs on ${dataDir} already (process ${other.pid}). Stop it, or choose another DATA_DIR and PORT.`,
      );
    }
    rmSync(pathIn(dataDir), { force: true });
  }
}

/** Says what runs, for commands to find. */
export function publishPipeline(dataDir: string, pipeline: PipelineDescription): void {
  const file: PipelineFile = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', pipeline };
  const whole = `${pathIn(dataDir)}.new`;
  rmSync(whole, { force: true });
  writeFileSync(whole, `${JSON.stringify(file, undefined, 2)}\n`, { flag: 'wx', mode: 0o600 });
  renameSync(whole, pathIn(dataDir));
}

/** Gives `dataDir` up. */
export function releaseDataDir(dataDir: string): void {
  rmSync(pathIn(dataDir), { force: true });
}

/** The pipeline that runs on `dataDir`. Throws a user error if none runs or it is not ready yet. */
export function findPipeline(dataDir: string): PipelineDescription {
  const file = readPipelineFile(dataDir);
  // Its addresses and its key are only as good as its owner.
  if (file !== undefined) refuseUnsafe(dataDir);
  if (file === undefined || startTimeOf(file.pid) !== file.startTime) {
    throw new UserError(
      `No pipeline runs on ${dataDir}. Start one in another terminal with: npm start` +
        ' (with the same DATA_DIR, if you have set one)',
    );
  }
  if (file.pipeline === undefined)
    throw new UserError(`The pipeline on ${dataDir} is still starting. Try again when it is ready.`);
  return file.pipeline;
}

function runningOwner(dataDir: string): PipelineFile | undefined {
  const file = readPipelineFile(dataDir);
  return file !== undefined && startTimeOf(file.pid) === file.startTime ? file : undefined;
}

/** Undefined if the file is missing or was cut off by a kill: then no pipeline runs. */
function readPipelineFile(dataDir: string): PipelineFile | undefined {
  try {
    const text = readFileSync(pathIn(dataDir), 'utf8');
    return PIPELINE_FILE.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
