/** `npm run fuzz`: hostile requests and messages, on the use cases and on the real thing. */
import fc from 'fast-check';
import { Progress } from '../../cli/progress.ts';
import { type CommandText, runTestCommand } from '../harness/command-options.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { ingestProperty, type Tally } from './ingest-fuzz.ts';
import { fuzzLive } from './live-fuzz.ts';
import { processorProperty } from './processor-fuzz.ts';
import { redriveProperty } from './redrive-fuzz.ts';

/**
 * A batch of the consumer has this many messages on average, so that a run of each part weighs
 * about the same.
 */
const MESSAGES_A_BATCH = 5;
/** Runs between two looks at the progress. */
const RUNS_AT_ONCE = 250;
const PATIENCE_MS = 600_000;

const COMMAND: CommandText<'runs' | 'seed'> = {
  name: 'fuzz',
  about: `Sends what a hostile or broken sender might: headers, encodings, sizes around 1 MiB, bytes that are no text, JSON of
every shape, messages with any attributes, redrive requests of any kind. Ingest, the queue consumer and the redrive
function get them on fakes, and a pipeline of real bundles on this machine gets two in ten over HTTP, in its queue and by
invocation. Checked: no 2xx without a right signature, nothing answered 5xx, no crash, no record that fails another,
nothing lost from quarantine, and every accepted body found again at the other end, byte for byte.`,
  numbers: {
    runs: { about: 'requests and messages in all', default: 20_000, min: 10, max: 100_000_000 },
    seed: {
      about: 'the same seed, the same requests and messages (random)',
      default: undefined,
      min: 0,
      max: 2 ** 31 - 1,
    },
  },
  end: 'A failure is shown as the smallest case found, with its seed. Ends with 0 if all held, with 1 if not, with 2 for wrong options.',
};

/** One part's end. */
interface Part {
  readonly part: string;
  readonly count: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

await runTestCommand(COMMAND, async ({ numbers, json }) => {
  const { runs = 0, seed = Math.floor(Math.random() * 2 ** 31) } = numbers;
  const progress = new Progress();
  const startMs = performance.now();
  const ingest = await check('ingest, use case', ingestProperty, Math.ceil(runs * 0.35), seed, progress);
  const batches = Math.ceil((runs * 0.35) / MESSAGES_A_BATCH);
  const consumer = await check('queue consumer, fakes', processorProperty, batches, seed, progress);
  const redrive = await check('redrive function, fakes', redriveProperty, Math.ceil(runs * 0.1), seed, progress);
  const live = await runLive(Math.ceil(runs * 0.1), seed, progress);
  progress.end();
  const parts = [ingest, consumer, redrive, ...live];
  const failed = parts.some(({ problems }) => problems.length > 0);
  const result = { seed, parts, elapsedMs: Math.round(performance.now() - startMs), failed };
  process.stdout.write(`${json ? JSON.stringify(result, undefined, 2) : format(result)}\n`);
  return failed ? 1 : 0;
});

/** Runs a property in slices, each with a seed of its own, so that its progress is seen. */
async function check<Case>(
  part: string,
  property: (tally: Tally) => fc.IAsyncProperty<Case>,
  runs: number,
  seed: number,
  progress: Progress,
): Promise<Part> {
  const tally: Tally = new Map();
  const problems: string[] = [];
  for (let done = 0; done < runs && problems.length === 0; done += RUNS_AT_ONCE) {
    progress.show(`${part}: ${done} of ${runs}`);
    const numRuns = Math.min(RUNS_AT_ONCE, runs - done);
    const details = await fc.check(property(tally), {
      seed: (seed + done) % 2 ** 31,
      numRuns,
      includeErrorInReport: true,
    });
    if (details.failed) problems.push(fc.defaultReportMessage(details) ?? 'failed');
  }
  return { part, count: total(tally), outcomes: Object.fromEntries(tally), problems };
}

async function runLive(each: number, seed: number, progress: Progress): Promise<Part[]> {
  progress.show('starting the pipeline');
  const pipeline = await LocalPipelineProcess.start();
  try {
    const onProgress = (text: string) => progress.show(`on the real thing: ${text}`);
    const options = { requests: each, messages: each, seed, patienceMs: PATIENCE_MS, onProgress };
    const { statuses, outcomes, redrives, recovered, problems } = await fuzzLive(pipeline, options);
    return [
      { part: 'ingest, real, over HTTP', count: total(statuses), outcomes: Object.fromEntries(statuses), problems },
      {
        part: 'pipeline, real, HTTP and queue',
        count: total(outcomes),
        outcomes: { ...Object.fromEntries(outcomes), 'recovered at the other end': recovered },
        problems: [],
      },
      { part: 'redrive function, real', count: total(redrives), outcomes: Object.fromEntries(redrives), problems: [] },
    ];
  } finally {
    await pipeline.dispose();
  }
}

function total(tally: Tally): number {
  return [...tally.values()].reduce((sum, count) => sum + count, 0);
}

function format(result: { seed: number; parts: readonly Part[]; elapsedMs: number; failed: boolean }): string {
  const parts = result.parts.map(({ part, count, outcomes, problems }) => {
    const lines = Object.entries(outcomes)
      .sort(([, a], [, b]) => b - a)
      .map(([outcome, times]) => `    ${outcome.padEnd(32)}${String(times).padStart(8)}`);
    return [`  ${part.padEnd(34)}${String(count).padStart(8)}`, ...lines, ...problems.slice(0, 20)].join('\n');
  });
  const verdict = result.failed ? 'FAILED' : 'all held';
  return [`seed ${result.seed}`, ...parts, `${verdict}, ${(result.elapsedMs / 1_000).toFixed(0)} s`].join('\n');
}
