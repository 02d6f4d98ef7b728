/** `npm run stream`: the Genesys Cloud side of the pipeline as code. */
import '../cli/output-errors.ts';
import { runStream } from './stream/run-stream.ts';
import { processContext } from './stream/surroundings.ts';

process.exitCode = await runStream(process.argv.slice(2), processContext());
