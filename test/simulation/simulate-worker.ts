/** A thread that runs the seeds it is given, until one of them violates something. */
import { parentPort } from 'node:worker_threads';
import type { Size } from './search/seeds.ts';
import { runWorld } from './search/simulation.ts';
import { count, emptyTally, type Tally } from './search/tally.ts';

/** Request to the thread. */
export interface Work {
  readonly seeds: readonly number[];
  readonly steps: number;
  readonly size: Size;
}

/** Result; `violatedBy` is the seed that ended it. */
export interface Done {
  readonly tally: Tally;
  readonly violatedBy?: number;
}

async function work({ seeds, steps, size }: Work): Promise<Done> {
  const tally = emptyTally();
  for (const seed of seeds) {
    const run = await runWorld({ seed, steps, size });
    count(tally, run);
    if (run.problems.length > 0) return { tally, violatedBy: seed };
  }
  return { tally };
}

parentPort?.on('message', (asked: Work) => {
  void work(asked).then((done) => parentPort?.postMessage(done));
});
