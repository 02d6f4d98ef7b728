/** The processes of a pipeline, written down so that a later start can end what a killed one left behind. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { startTimeOf } from './process-identity.ts';

/** One process of the pipeline. */
export interface RegisteredChild {
  /** What it does, e.g. `function Ingest`. */
  readonly name: string;
  readonly pid: number;
  readonly startTime: string;
}

const LEFTOVER_PATIENCE_MS = 3_000;
const LEFTOVER_LOOK_MS = 20;

/** An append-only file of processes. Entries are only ever believed together with the process's start time. */
export class ChildRegistry {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Notes a process that has just been started. */
  record(name: string, pid: number): void {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return;
    const entry: RegisteredChild = { name, pid, startTime };
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  /** The noted processes that still run. */
  running(): RegisteredChild[] {
    return readLines(this.#path).filter((entry) => startTimeOf(entry.pid) === entry.startTime);
  }

  /** Kills what is noted and still runs, waits until it is gone, and begins anew. Answers what was ended. */
  async stopLeftovers(): Promise<RegisteredChild[]> {
    const leftovers = this.running();
    for (const { pid } of leftovers) killIfRunning(pid);
    const endsAtMs = Date.now() + LEFTOVER_PATIENCE_MS;
    while (this.running().length > 0 && Date.now() < endsAtMs) await sleep(LEFTOVER_LOOK_MS);
    writeFileSync(this.#path, '', { mode: 0o600 });
    return leftovers;
  }
}

function readLines(path: string): RegisteredChild[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    try {
      return [JSON.parse(line) as RegisteredChild];
    } catch {
      // The empty text behind the last line, or a line that was cut off by a kill.
      return [];
    }
  });
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended by itself meanwhile.
  }
}
