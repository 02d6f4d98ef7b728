import { describe, expect, it } from '@jest/globals';
import { MUTANTS, type Mutant } from './mutants/mutants.ts';
import { DEFAULT_SIZE } from './search/seeds.ts';
import { shrink } from './search/shrink.ts';
import { type RunOptions, runWorld } from './search/simulation.ts';
import { count, emptyTally } from './search/tally.ts';
import { FAULTS } from './world/faults.ts';

/** Seeds of the test command; `npm run simulate -- --seeds 100000` runs many more. */
const SEEDS = 1_000;
const STEPS = 250;

/** Mistakes that the exploration finds sooner are left to it. */
const BY_SEEDS = MUTANTS.filter(({ seeds }) => seeds !== undefined);

function options(seed: number, fault?: Mutant): RunOptions {
  const common = { seed, steps: STEPS, size: DEFAULT_SIZE };
  return fault === undefined ? common : { ...common, mutation: fault.mutation };
}

async function firstViolation(fault: Mutant, choicesMin = 0) {
  for (let seed = 1; seed <= (fault.seeds ?? 0); seed += 1) {
    const run = await runWorld(options(seed, fault));
    if (run.problems.length > 0 && run.choices.length >= choicesMin) return { seed, run };
  }
  return undefined;
}

describe('the simulation', () => {
  it(`finds the guarantee kept in ${SEEDS} worlds, and has met every kind of fault in them`, async () => {
    const tally = emptyTally();
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = await runWorld(options(seed));
      expect({ seed, problems: run.problems }).toEqual({ seed, problems: [] });
      count(tally, run);
    }
    expect(tally.decisions / SEEDS).toBeGreaterThan(200);
    for (const fault of Object.keys(FAULTS)) expect(tally.met).toHaveProperty(fault);
    expect(Object.keys(tally.reached)).toEqual(
      expect.arrayContaining([
        'COMPLETED',
        'STALE',
        'replayed, COMPLETED',
        'replayed, STALE',
        'replayed, QUARANTINED crm_rejected',
        'IGNORED',
        'QUARANTINED invalid_event',
        'QUARANTINED crm_rejected',
        'QUARANTINED retries_exhausted',
        'QUARANTINED behind_newer',
        'QUARANTINED poison',
        'QUARANTINED circuit_open',
      ]),
    );
  });

  it('makes the same run of the same seed, and of its choices written down', async () => {
    const first = await runWorld({ ...options(7), traced: true });
    expect(await runWorld({ ...options(7), traced: true })).toEqual(first);
    expect(await runWorld({ ...options(7), traced: true, choices: first.choices })).toEqual(first);
    expect((await runWorld(options(8))).choices).not.toEqual(first.choices);
  });

  it.each(BY_SEEDS.map((fault) => [fault.name, fault] as const))('would find it if %s', async (_name, fault) => {
    expect(await firstViolation(fault)).toBeDefined();
  });

  it('shrinks a violation, and prints how to repeat it', async () => {
    const fault = MUTANTS.find(({ name }) => name === 'claims have no condition');
    if (fault === undefined) throw new Error('there is no such deliberate fault');
    // A run that is short already has little to leave out.
    const found = await firstViolation(fault, 150);
    if (found === undefined) throw new Error('the violation was not found');
    const shortest = await shrink(found.run, options(found.seed, fault));
    expect(shortest.choices.length).toBeLessThan(found.run.choices.length / 3);
    const again = await runWorld({ ...options(found.seed, fault), choices: shortest.choices });
    expect(again.problems).toEqual(shortest.problems);
    expect(again.problems.length).toBeGreaterThan(0);
  });
});
