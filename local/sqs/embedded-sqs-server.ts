/** The embedded SQS server's process: messages are in SQLite under `dataDir` before they are confirmed. */

import { messageOf } from '../../cli/user-error.ts';
import { LOOPBACK } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { keepToLoopback, patchEmbeddedSqs } from './fauxqs-patches.ts';

let stop = (): Promise<void> | void => {};
const { dataDir } = serverConfig<{ readonly dataDir: string }>(() => stop());
try {
  keepToLoopback();
  await patchEmbeddedSqs();
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({ port: 0, dataDir, logger: false });
  stop = () => server.stop();
  reportToPipeline({ kind: 'ready', url: `http://${LOOPBACK}:${server.port}` });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}
