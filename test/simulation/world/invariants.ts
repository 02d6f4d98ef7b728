/** What must hold in every state of a world, and what once it has come to rest: the guarantee, sentence by sentence. */

import type { Scene } from './scene.ts';
import { hasRows } from './workload.ts';

const FINAL = new Set(['COMPLETED', 'STALE', 'IGNORED']);

/** Looks at one world, step by step. */
export class Invariants {
  readonly #scene: Scene;
  readonly #settledEvents = new Map<string, object>();

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** Sentences about what is wrong in this state. */
  problemsNow(): string[] {
    const scene = this.#scene;
    const problems = [...scene.problems, ...scene.crm.problems];
    for (const event of scene.events) {
      const { name } = event;
      const row = scene.row(name);
      const isFinal = FINAL.has(row?.status ?? '');
      const before = this.#settledEvents.get(name);
      if (before !== undefined && before !== row) problems.push(`${name} was final, and its row has changed`);
      if (isFinal && row !== undefined) this.#settledEvents.set(name, row);
      if (
        scene.accepted.has(name) &&
        !isFinal &&
        !scene.holds(scene.queue, name) &&
        !scene.holds(scene.quarantine, name)
      )
        problems.push(`${name} is lost: its row is ${row?.status ?? 'absent'}, and no queue has a message of it`);
      if (row?.status === 'COMPLETED' && !scene.crm.applied.includes(name))
        problems.push(`${name} is recorded as applied, and the CRM has never applied it`);
      if (scene.store.userRows.has(name) !== (isFinal && hasRows(event)))
        problems.push(`${name} is ${row?.status ?? 'absent'}, and its rows are ${isFinal ? 'not ' : ''}committed`);
    }
    return problems;
  }

  /** Sentences about what is wrong with a world that has come to rest. */
  problemsAtRest(): string[] {
    const scene = this.#scene;
    return scene.events.flatMap(({ name }) => {
      const status = scene.row(name)?.status;
      if (FINAL.has(status ?? '') || scene.holds(scene.quarantine, name)) return [];
      return [`${name} has come to rest as ${status ?? 'absent'}, neither final nor in quarantine`];
    });
  }
}
