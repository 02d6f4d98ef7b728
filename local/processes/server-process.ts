/**
 * A server in a process of its own. The script gets its configuration as JSON in an environment
 * variable, which other users cannot read as they can arguments, and no other variable of the
 * developer's. It reports `ready` over IPC and ends when its channel to the pipeline closes: it
 * never outlives a killed pipeline.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { UserError } from '../../cli/user-error.ts';
import type { ChildRegistry } from './child-registry.ts';
import { ignoreSignals } from './signals.ts';
import { systemVariables } from './system-variables.ts';

/** Report of a server's script. */
export type ServerReport =
  | { readonly kind: 'ready'; readonly url: string; readonly pids?: readonly number[] }
  | { readonly kind: 'failed'; readonly message: string };

/** A running server. */
export interface ServerProcess {
  readonly url: string;
  /** Sends a message to the server's script. */
  send(message: object): void;
  /** Ends it and resolves when it is gone. */
  stop(): Promise<void>;
}

/** Settings of a start. */
export interface ServerProcessOptions<Config extends object> {
  readonly name: string;
  readonly script: URL;
  readonly config: Config;
  readonly registry: ChildRegistry;
  readonly logPath: string;
  /** Called when it ends without having been asked to. */
  readonly onUnexpectedExit: (name: string) => void;
}

const CONFIG_VARIABLE = 'LOCAL_SERVER_CONFIG';
const START_PATIENCE_MS = 20_000;
const STOP_PATIENCE_MS = 1_500;

/** Starts the script and resolves once it reports that it is ready. */
export async function startServerProcess<Config extends object>(
  options: ServerProcessOptions<Config>,
): Promise<ServerProcess> {
  const log = openSync(options.logPath, 'a', 0o600);
  const child = fork(fileURLToPath(options.script), [], {
    env: { ...systemVariables(), [CONFIG_VARIABLE]: JSON.stringify(options.config) },
    execArgv: ['--disable-warning=ExperimentalWarning'],
    stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  if (child.pid !== undefined) options.registry.record(options.name, child.pid);
  const report = await firstReport(child, options);
  for (const pid of report.pids ?? []) options.registry.record(options.name, pid);
  let stopping = false;
  child.once('exit', () => {
    if (!stopping) options.onUnexpectedExit(options.name);
  });
  return {
    url: report.url,
    send: (message) => child.send(message),
    stop: () => {
      stopping = true;
      return end(child);
    },
  };
}

function firstReport(
  child: ChildProcess,
  options: Pick<ServerProcessOptions<object>, 'name' | 'logPath'>,
): Promise<Extract<ServerReport, { kind: 'ready' }>> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(timer);
      child.removeAllListeners();
      act();
    };
    const fail = (why: string) =>
      settle(() => reject(new UserError(`${options.name}: ${why} (see ${options.logPath})`)));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail(`not ready after ${START_PATIENCE_MS / 1_000} s`);
    }, START_PATIENCE_MS);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code, signal) => fail(`ended while starting, ${signal ?? `exit code ${code}`}`));
    child.on('message', (message) => {
      const report = message as ServerReport;
      if (report.kind === 'ready') settle(() => resolve(report));
      else fail(report.message);
    });
  });
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_PATIENCE_MS);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    if (child.connected) child.disconnect();
  });
}

/** Called by a server's script: its configuration, and the rules by which it ends. */
export function serverConfig<Config>(onEnd: () => Promise<void> | void): Config {
  ignoreSignals();
  process.on('disconnect', () => {
    Promise.resolve(onEnd()).finally(() => process.exit(0));
  });
  const config = JSON.parse(process.env[CONFIG_VARIABLE] ?? '{}') as Config;
  // Not for processes that the server starts.
  delete process.env[CONFIG_VARIABLE];
  return config;
}

/** Called by a server's script to report. */
export function reportToPipeline(report: ServerReport): void {
  process.send?.(report);
}
