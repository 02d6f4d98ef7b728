/** One world from its seed to its rest, or again from choices that were written down. */
import { setImmediate as drained } from 'node:timers/promises';
import type { Mutation } from '../mutants/mutation.ts';
import type { Action } from '../world/actions.ts';
import type { Fault } from '../world/faults.ts';
import { Invariants } from '../world/invariants.ts';
import { START_MS } from '../world/workload.ts';
import type { World } from '../world/world.ts';
import { rest } from './explore.ts';
import { type Size, worldOfSeed } from './seeds.ts';

/** Result of a world. */
export interface SimulatedRun {
  /** Which action was chosen, of those that were possible. */
  readonly choices: readonly number[];
  /** Trace, one line an action, with the time. Empty unless requested. */
  readonly trace: readonly string[];
  readonly met: ReadonlyMap<Fault, number>;
  /** Statuses, with reasons, that events have had. */
  readonly reached: ReadonlySet<string>;
  /** Problems, in sentences; empty if all holds. */
  readonly problems: readonly string[];
}

/** Settings of a run. */
export interface RunOptions {
  readonly seed: number;
  /** Choices to be made before everything is let come to rest. */
  readonly steps: number;
  readonly size: Size;
  readonly mutation?: Mutation;
  /**
   * Instead of the seed's choices; one beyond the number of actions counts from the beginning
   * again.
   */
  readonly choices?: readonly number[];
  readonly traced?: boolean;
}

/** Runs a world. The same options give the same run. */
export async function runWorld(options: RunOptions): Promise<SimulatedRun> {
  const { world, choose } = worldOfSeed(options.seed, options.size, options.mutation);
  const invariants = new Invariants(world.scene);
  const choices: number[] = [];
  const trace: string[] = [];
  const steps = options.choices?.length ?? options.steps;
  const reached = new Set<string>();
  let problems: readonly string[] = [];
  while (choices.length < steps && problems.length === 0) {
    const actions = world.actions();
    const choice = options.choices === undefined ? choose(actions) : wrapped(options.choices[choices.length], actions);
    const action = choice === undefined ? undefined : actions[choice];
    if (choice === undefined || action === undefined) break;
    choices.push(choice);
    if (options.traced === true) trace.push(line(world, action));
    world.carryOut(action);
    await drained();
    problems = invariants.problemsNow();
    lookAt(world, reached);
  }
  if (problems.length === 0) problems = await rest(world, invariants, trace);
  lookAt(world, reached);
  return { choices, trace, met: world.scene.met, reached, problems };
}

function lookAt(world: World, reached: Set<string>): void {
  for (const [key, { status, reason = '' }] of world.scene.store.events)
    reached.add(`${key.startsWith('REPLAY#') ? 'replayed, ' : ''}${status} ${reason}`.trim());
}

function wrapped(choice: number | undefined, actions: readonly Action[]): number | undefined {
  return actions.length === 0 || choice === undefined ? undefined : choice % actions.length;
}

function line(world: World, action: Action): string {
  return `${((world.scene.clock.now() - START_MS) / 1_000).toFixed(3).padStart(10)} s  ${action.name}`;
}
