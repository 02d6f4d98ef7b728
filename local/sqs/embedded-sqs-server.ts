/**
 * The embedded SQS server's process: messages are in SQLite under `dataDir` before they are
 * confirmed. It serves S3, too, with each object as a file under `archiveDir`.
 */

import { messageOf } from '../../cli/user-error.ts';
import { guardEveryServer } from '../http/guard.ts';
import { LOOPBACK } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { keepToLoopback, patchEmbeddedSqs } from './fauxqs-patches.ts';

/** Without a directory messages are kept in memory. */
export interface EmbeddedSqsConfig {
  readonly accessKey: string;
  readonly dataDir?: string;
  readonly archiveDir?: string;
}

let stop = (): Promise<void> | void => {};
const { accessKey, dataDir, archiveDir } = serverConfig<EmbeddedSqsConfig>(() => stop());
try {
  guardEveryServer({ accessKey });
  keepToLoopback();
  await patchEmbeddedSqs();
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({
    port: 0,
    logger: false,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(archiveDir === undefined ? {} : { s3StorageDir: archiveDir }),
  });
  stop = () => server.stop();
  reportToPipeline({ kind: 'ready', url: `http://${LOOPBACK}:${server.port}` });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}
