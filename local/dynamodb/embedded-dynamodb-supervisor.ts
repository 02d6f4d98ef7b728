/**
 * Runs the embedded DynamoDB server, which is a bare binary and knows nothing of the pipeline. When
 * the channel to the pipeline closes, for any reason, the server is ended. The binary has no access
 * control and answers every web page: clients reach it through the guard, and it listens on a port
 * that no browser opens.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../cli/user-error.ts';
import { forwardTo } from '../http/forward.ts';
import { guarded } from '../http/guard.ts';
import { isFreePort, LOOPBACK, listenOnLoopback, PORTS_NO_BROWSER_OPENS } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { systemVariables } from '../processes/system-variables.ts';

/** The server to start, or the address of one that the user has started. */
export interface DynamoDbServerConfig {
  readonly accessKey: string;
  readonly server: { readonly binary: string; readonly databasePath: string } | { readonly endpoint: string };
}

const STOP_PATIENCE_MS = 700;
const LISTENING = /^Dynoxide listening on /;

let child: ChildProcess | undefined;
const { accessKey, server } = serverConfig<DynamoDbServerConfig>(end);
try {
  const endpoint = 'endpoint' in server ? server.endpoint : await startOnFreePort(server);
  child?.once('exit', () => process.exit(1));
  const { url } = await listenOnLoopback(guarded(forwardTo(endpoint, accessKey), { accessKey }), 0);
  reportToPipeline({ kind: 'ready', url, ...(child?.pid === undefined ? {} : { pids: [child.pid] }) });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}

async function startOnFreePort(options: { readonly binary: string; readonly databasePath: string }): Promise<string> {
  const first = Math.floor(Math.random() * PORTS_NO_BROWSER_OPENS.length);
  const ports = [...PORTS_NO_BROWSER_OPENS.slice(first), ...PORTS_NO_BROWSER_OPENS.slice(0, first)];
  for (const port of ports) {
    if ((await isFreePort(port)) && (await listens(startAt(port, options)))) return `http://${LOOPBACK}:${port}`;
  }
  throw new Error(`${options.binary} does not start on any of the ports ${ports.join(', ')}`);
}

function startAt(port: number, { binary, databasePath }: { readonly binary: string; readonly databasePath: string }) {
  // In a process group of its own, where Ctrl-C does not reach it before its clients have ended.
  const started = spawn(binary, ['--host', LOOPBACK, '--port', String(port), '--db-path', databasePath], {
    detached: true,
    env: systemVariables(),
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  child = started;
  return started;
}

/**
 * False if another process has taken the port meanwhile: only the server itself knows that it
 * listens.
 */
function listens(started: ReturnType<typeof startAt>): Promise<boolean> {
  started.stderr.pipe(process.stderr);
  return new Promise((resolve, reject) => {
    createInterface({ input: started.stderr }).on('line', (line) => {
      if (LISTENING.test(line)) resolve(true);
    });
    started.once('error', reject);
    started.once('exit', () => resolve(false));
  });
}

async function end(): Promise<void> {
  if (child === undefined || child.exitCode !== null) return;
  child.removeAllListeners('exit');
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await Promise.race([gone, sleep(STOP_PATIENCE_MS)]);
  child.kill('SIGKILL');
}
