/** Temporary directory of a bench run. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChildRegistry } from '../local/processes/child-registry.ts';

/** A directory that is removed at the end. */
export class BenchDirectory {
  readonly path = mkdtempSync(join(tmpdir(), 'bench-'));
  readonly registry = new ChildRegistry(join(this.path, 'processes.jsonl'));

  constructor() {
    mkdirSync(join(this.path, 'logs'));
  }

  /** Path of a process's log. */
  logPath(name: string): string {
    return join(this.path, 'logs', `${name.replaceAll(' ', '-')}.log`);
  }

  /** Throws: after the unexpected end of a process no figure is valid. */
  readonly endBecause = (name: string): void => {
    throw new Error(`${name} has ended (see ${this.logPath(name)})`);
  };

  /** Removes it. */
  remove(): void {
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}
