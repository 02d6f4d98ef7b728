/** `npm run simulate`: many seeded worlds, and what was found in them. */
import '../../cli/output-errors.ts';
import { Worker } from 'node:worker_threads';
import { runCommand } from '../../cli/command.ts';
import { Progress } from '../../cli/progress.ts';
import { shrink } from './search/shrink.ts';
import { runWorld, type SimulatedRun } from './search/simulation.ts';
import { add, emptyTally, formatTally, type Tally } from './search/tally.ts';
import { readSimulateOptions, type SimulateOptions } from './simulate-options.ts';
import type { Done, Work } from './simulate-worker.ts';

/** Seeds that a thread is given at once. */
const SEEDS_AT_ONCE = 100;

async function main(options: SimulateOptions): Promise<number> {
  if (options.replay !== undefined) return replay(options, options.replay);
  const startMs = performance.now();
  const { tally, violatedBy } = await runAll(options);
  process.stdout.write(`${formatTally(tally, performance.now() - startMs)}\n\n`);
  if (violatedBy === undefined) {
    process.stdout.write('no violation\n');
    return 0;
  }
  const run = { seed: violatedBy, steps: options.steps, size: options.size };
  show(violatedBy, options, await shrink(await runWorld(run), run));
  return 1;
}

async function runAll(options: SimulateOptions): Promise<{ tally: Tally; violatedBy: number | undefined }> {
  const { seeds, firstSeed, steps, size, jobs } = options;
  const tally = emptyTally();
  const progress = new Progress();
  let violatedBy: number | undefined;
  let next = firstSeed;
  const end = firstSeed + seeds;
  await Promise.all(
    Array.from({ length: Math.min(jobs, Math.ceil(seeds / SEEDS_AT_ONCE)) }, async () => {
      const worker = new Worker(new URL('./simulate-worker.ts', import.meta.url));
      while (next < end && violatedBy === undefined) {
        const from = next;
        next = Math.min(end, next + SEEDS_AT_ONCE);
        const asked = { seeds: Array.from({ length: next - from }, (_, index) => from + index), steps, size };
        const done = await ask(worker, asked);
        add(tally, done.tally);
        if (done.violatedBy !== undefined) violatedBy = Math.min(violatedBy ?? done.violatedBy, done.violatedBy);
        progress.show(`${tally.seeds} of ${seeds} seeds`);
      }
      await worker.terminate();
    }),
  );
  progress.end();
  return { tally, violatedBy };
}

function ask(worker: Worker, work: Work): Promise<Done> {
  return new Promise((resolve, reject) => {
    worker.once('message', (done: Done) => {
      worker.off('error', reject);
      resolve(done);
    });
    worker.once('error', reject);
    worker.postMessage(work);
  });
}

async function replay(options: SimulateOptions, choices: readonly number[]): Promise<number> {
  const { firstSeed: seed, steps, size } = options;
  const run = await runWorld({ seed, steps, size, choices, traced: true });
  show(seed, options, run);
  return run.problems.length > 0 ? 1 : 0;
}

function show(seed: number, { size }: SimulateOptions, run: SimulatedRun): void {
  const { environments, events, contacts } = size;
  const world = `--seed ${seed} --environments ${environments} --events ${events} --contacts ${contacts}`;
  const found = run.problems.length === 0 ? 'no violation' : `VIOLATION: ${run.problems.join('\n           ')}`;
  process.stdout.write(
    `${found}\n\nseed ${seed}, ${run.choices.length} choices:\n\n${run.trace.join('\n')}\n\n` +
      `again: npm run simulate -- ${world} --replay ${run.choices.join(',')}\n`,
  );
}

await runCommand(readSimulateOptions, main);
