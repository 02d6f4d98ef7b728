/**
 * Watches over the embedded DynamoDB server, which is a bare binary and knows nothing of the pipeline: when
 * the pipeline's end of the channel closes, however that came about, the server is ended.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../cli/user-error.ts';
import { findFreePort, LOOPBACK } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';

const READY_PATIENCE_MS = 5_000;
const READY_LOOK_MS = 20;
const STOP_PATIENCE_MS = 700;
/** Somebody else may take the port between its being found free and its being used. */
const PORT_TRIES = 3;

let server: ChildProcess | undefined;
const { binary, databasePath } = serverConfig<{ readonly binary: string; readonly databasePath: string }>(end);
try {
  const { url, pid } = await start();
  server?.once('exit', () => process.exit(1));
  reportToPipeline({ kind: 'ready', url, pids: [pid] });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}

async function start(): Promise<{ readonly url: string; readonly pid: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const port = await findFreePort();
    // In a process group of its own, where Ctrl-C does not reach it before its clients have ended.
    const child = spawn(binary, ['--host', LOOPBACK, '--port', String(port), '--db-path', databasePath], {
      detached: true,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    server = child;
    const ended = once(child, 'exit').then(
      () => false,
      (error: Error) => {
        throw error;
      },
    );
    if (await Promise.race([ended, accepts(port)])) return { url: `http://${LOOPBACK}:${port}`, pid: child.pid ?? 0 };
    child.kill('SIGKILL');
    if (attempt === PORT_TRIES) throw new Error(`${binary} does not start`);
  }
}

async function accepts(port: number): Promise<boolean> {
  const endsAtMs = Date.now() + READY_PATIENCE_MS;
  while (Date.now() < endsAtMs) {
    const socket = connect({ port, host: LOOPBACK });
    const connected = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (connected) return true;
    await sleep(READY_LOOK_MS);
  }
  return false;
}

async function end(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  server.removeAllListeners('exit');
  const gone = once(server, 'exit');
  server.kill('SIGTERM');
  await Promise.race([gone, sleep(STOP_PATIENCE_MS)]);
  server.kill('SIGKILL');
}
