/**
 * A violation made short: the fewest and most harmless choices that still lead to the same kind of
 * problem.
 */
import { type RunOptions, runWorld, type SimulatedRun } from './simulation.ts';

/** Runs that may be made for it. */
const RUNS_MAX = 1_500;

/** The shortest run found that breaks the same sentence. */
export async function shrink(violation: SimulatedRun, options: RunOptions): Promise<SimulatedRun> {
  let best = violation;
  let runs = 0;
  const kind = kindOf(violation);
  async function breaks(choices: readonly number[]): Promise<boolean> {
    if (runs >= RUNS_MAX) return false;
    runs += 1;
    const run = await runWorld({ ...options, choices, traced: true });
    const isBetter = run.problems.length > 0 && kindOf(run) === kind;
    if (isBetter) best = run;
    return isBetter;
  }
  for (let before = Number.POSITIVE_INFINITY; before > best.choices.length && runs < RUNS_MAX; ) {
    before = best.choices.length;
    await dropChunks(() => best.choices, breaks);
    await calmDown(() => best.choices, breaks);
  }
  return best.trace.length > 0 ? best : runWorld({ ...options, choices: best.choices, traced: true });
}

type Try = (choices: readonly number[]) => Promise<boolean>;

/** Leaves out stretches, long ones first. */
async function dropChunks(current: () => readonly number[], breaks: Try): Promise<void> {
  for (let size = Math.ceil(current().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = current().length - size; at >= 0; at -= size) {
      const choices = current();
      await breaks([...choices.slice(0, at), ...choices.slice(at + size)]);
    }
  }
}

/** Replaces choices by the first action, which is harmless. */
async function calmDown(current: () => readonly number[], breaks: Try): Promise<void> {
  for (let at = current().length - 1; at >= 0; at -= 1) {
    const choices = current();
    if ((choices[at] ?? 0) > 0) await breaks([...choices.slice(0, at), 0, ...choices.slice(at + 1)]);
  }
}

/** The first problem, whichever events it is about. */
function kindOf({ problems }: SimulatedRun): string {
  return (problems[0] ?? '').replace(/(ingest of )?e\d\d(, e\d\d)*(, \d+)?(\.\d+)?/g, 'an event');
}
