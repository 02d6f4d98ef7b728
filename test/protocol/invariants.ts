/** What must hold in every state of a world, and what once it has come to rest: the guarantee, sentence by sentence. */
import { hasRows } from './workload.ts';
import type { World } from './world.ts';

const FINAL = new Set(['COMPLETED', 'STALE', 'IGNORED']);

/** Looks at one world, step by step. */
export class Invariants {
  readonly #world: World;
  readonly #finals = new Map<string, object>();

  constructor(world: World) {
    this.#world = world;
  }

  /** Sentences about what is wrong in this state. */
  problemsNow(): string[] {
    const world = this.#world;
    const problems = [...world.problems, ...world.crm.problems];
    for (const event of world.events) {
      const { name } = event;
      const row = world.row(name);
      const isFinal = FINAL.has(row?.status ?? '');
      const before = this.#finals.get(name);
      if (before !== undefined && before !== row) problems.push(`${name} was final, and its row has changed`);
      if (isFinal && row !== undefined) this.#finals.set(name, row);
      if (
        world.accepted.has(name) &&
        !isFinal &&
        !world.holds(world.queue, name) &&
        !world.holds(world.quarantine, name)
      )
        problems.push(`${name} is lost: its row is ${row?.status ?? 'absent'}, and no queue has a message of it`);
      if (row?.status === 'COMPLETED' && !world.crm.applied.includes(name))
        problems.push(`${name} is recorded as applied, and the CRM has never applied it`);
      if (world.store.userRows.has(name) !== (isFinal && hasRows(event)))
        problems.push(`${name} is ${row?.status ?? 'absent'}, and its rows are ${isFinal ? 'not ' : ''}committed`);
    }
    return problems;
  }

  /** Sentences about what is wrong with a world that has come to rest. */
  problemsAtRest(): string[] {
    const world = this.#world;
    if (!world.atRest) return ['the world does not come to rest'];
    return world.events.flatMap(({ name }) => {
      const status = world.row(name)?.status;
      if (FINAL.has(status ?? '') || world.holds(world.quarantine, name)) return [];
      return [`${name} has come to rest as ${status ?? 'absent'}, neither final nor in quarantine`];
    });
  }
}
