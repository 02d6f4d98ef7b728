/** The embedded SQS server's process: messages are in SQLite under `dataDir` before they are confirmed. */
import { correctEmbeddedSqs, keepToLoopback } from './embedded-sqs-corrections.ts';
import { LOOPBACK } from './loopback.ts';
import { messageOf } from './refusal.ts';
import { reportToPipeline, serverConfig } from './server-process.ts';

let stop = (): Promise<void> | void => {};
const { dataDir } = serverConfig<{ readonly dataDir: string }>(() => stop());
try {
  keepToLoopback();
  await correctEmbeddedSqs();
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({ port: 0, dataDir, logger: false });
  stop = () => server.stop();
  reportToPipeline({ kind: 'ready', url: `http://${LOOPBACK}:${server.port}` });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}
