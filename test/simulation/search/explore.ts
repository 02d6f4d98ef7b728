/**
 * All interleavings of a small world, each state once.
 *
 * A run cannot be set back, so that each starts again with the choices that lead to the state to go
 * on from. What is left out, and why nothing is missed by it:
 * - A state that has been seen before is not gone on from again: all that follows from it is, or
 *   will be, visited from where it was seen first (`fingerprintOf` says why two such states are
 *   alike).
 * - A call that touches only the message that its invocation came by is made at once. No other
 *   invocation looks at that message; a receive of it, which is all that could come between, begins
 *   an invocation that has seen nothing yet, and might as well have come before. The orders left
 *   out differ in things that commute.
 * - Time stops only where a row or a message changes by it: what a call's own time decides are its
 *   answers, each of which is tried.
 * - An environment dies after a call and not also before the next: between the two it has done
 *   nothing.
 */
import { setImmediate as drained } from 'node:timers/promises';
import { Invariants } from '../world/invariants.ts';
import type { World } from '../world/world.ts';
import { Choices } from './choices.ts';
import { fingerprintOf } from './fingerprint.ts';

/** Findings. */
export interface Exploration {
  /** Interleavings: each run is one that no other is. */
  readonly runs: number;
  /** Different states visited. */
  readonly states: number;
  /**
   * Different states in which nothing more could go wrong, each of which has been let come to rest.
   */
  readonly ends: number;
  /** Actions of the longest run. */
  readonly longest: number;
  /**
   * Statuses and reasons that events have had, so that nobody believes explored what was never
   * reached.
   */
  readonly reached: ReadonlySet<string>;
  readonly violation?: { readonly problems: readonly string[]; readonly trace: readonly string[] };
}

/** Actions within which a world without faults must come to rest. */
const REST_ACTIONS = 2_000;

/** Number of them in a trace. */
const REST_TRACED = 30;

/** Explores every world that `build` can become, until something is wrong or nothing is left. */
export async function explore(
  build: () => World,
  onProgress: (soFar: Exploration) => void = () => {},
): Promise<Exploration> {
  const seen = new Set<string>();
  const reached = new Set<string>();
  let found: Exploration = { runs: 0, states: 0, ends: 0, longest: 0, reached };
  for (let given: number[] | undefined = []; given !== undefined; ) {
    const choices: Choices = new Choices(given);
    const run = await runOnce(build(), choices, seen, reached);
    found = {
      runs: found.runs + 1,
      states: seen.size,
      ends: found.ends + (run.ended ? 1 : 0),
      longest: Math.max(found.longest, run.trace.length),
      reached,
    };
    if (run.problems.length > 0) return { ...found, violation: run };
    onProgress(found);
    given = choices.next();
  }
  return found;
}

async function runOnce(world: World, choices: Choices, seen: Set<string>, reached: Set<string>) {
  const trace: string[] = [];
  const invariants = new Invariants(world.scene);
  for (;;) {
    await drained();
    const problems = invariants.problemsNow();
    if (problems.length > 0) return { problems, trace, ended: false };
    if (choices.isNew) {
      const before = seen.size;
      seen.add(fingerprintOf(world));
      if (seen.size === before) return { problems, trace, ended: false };
      for (const { status, reason = '' } of world.scene.store.events.values())
        reached.add(`${status} ${reason}`.trim());
    }
    if (world.isOver) return { problems: await rest(world, invariants, trace), trace, ended: true };
    const actions = world.actions();
    const action = actions.length === 0 ? undefined : actions[choices.pick(actions.length)];
    if (action === undefined) return { problems: await rest(world, invariants, trace), trace, ended: true };
    trace.push(action.name);
    world.carryOut(action);
  }
}

/**
 * Lets the world come to rest with nothing going wrong any more, then with a person who redrives
 * what is left in quarantine, and says what is wrong even so.
 */
export async function rest(world: World, invariants: Invariants, trace: string[]): Promise<string[]> {
  world.calm();
  const problems = await settleDown(world, invariants, trace);
  if (problems.length > 0) return problems;
  // Twice: a message that SQS moved itself may be of an event whose attempts died, which is then
  // quarantined as poison.
  for (let redrives = 0; redrives < 2; redrives += 1) {
    world.redriveAll();
    const after = await settleDown(world, invariants, trace);
    if (after.length > 0) return after;
  }
  return invariants.problemsAfterRedrive();
}

async function settleDown(world: World, invariants: Invariants, trace: string[]): Promise<string[]> {
  for (let count = 0; count < REST_ACTIONS && !world.atRest; count += 1) {
    const [action] = world.actions();
    if (action === undefined) break;
    if (count < REST_TRACED) trace.push(`at rest: ${action.name}`);
    world.carryOut(action);
    await drained();
    const problems = invariants.problemsNow();
    if (problems.length > 0) return problems;
  }
  return world.atRest ? invariants.problemsAtRest() : ['the world does not come to rest'];
}
