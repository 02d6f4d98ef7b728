/**
 * `npm start` that gives up after 200 ms: in a process of its own, since what it has begun ends
 * with the process.
 */
import { messageOf } from '../../cli/user-error.ts';
import { LocalPipeline } from '../../local/pipeline.ts';
import { readSettings } from '../../local/settings.ts';

const settings = readSettings([], process.env);
if (settings === undefined) throw new Error('no help was asked for');
const pipeline = new LocalPipeline(settings, () => {});
await pipeline.start(200).catch((error: unknown) => process.stderr.write(`${messageOf(error)}\n`));
await pipeline.stop();
process.exit(1);
