/**
 * The processes of a pipeline, written down so that a later start can end what a killed one left
 * behind.
 */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod';
import { commandLineOf, isProcessId, startTimeOf } from './process-identity.ts';

const REGISTERED_CHILD = z.object({
  /** Purpose, for example `function Ingest`. */
  name: z.string(),
  pid: z.number().refine(isProcessId),
  startTime: z.string().min(1),
  commandLine: z.string(),
});

/** One process of the pipeline. */
export type RegisteredChild = Readonly<z.infer<typeof REGISTERED_CHILD>>;

const LEFTOVER_PATIENCE_MS = 3_000;
const LEFTOVER_LOOK_MS = 20;

/**
 * An append-only file of processes. An entry counts only if the process still has its start time
 * and command line.
 */
export class ChildRegistry {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** Notes a process that has just been started. */
  record(name: string, pid: number): void {
    const startTime = startTimeOf(pid);
    if (startTime === undefined) return;
    const entry: RegisteredChild = { name, pid, startTime, commandLine: commandLineOf(pid) ?? '' };
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
  }

  /** The noted processes that still run. */
  running(): RegisteredChild[] {
    return readEntries(this.#path).filter(
      ({ pid, startTime, commandLine }) => startTimeOf(pid) === startTime && (commandLineOf(pid) ?? '') === commandLine,
    );
  }

  /**
   * Kills what is noted and still runs, waits until it is gone, and empties the file. Returns what
   * was killed. On Windows, where a process id has no start time to know it by, nothing is killed:
   * processes end with their channel.
   */
  async stopLeftovers(): Promise<RegisteredChild[]> {
    const leftovers = process.platform === 'win32' ? [] : this.running();
    for (const { pid } of leftovers) killIfRunning(pid);
    const endsAtMs = Date.now() + LEFTOVER_PATIENCE_MS;
    while (leftovers.length > 0 && this.running().length > 0 && Date.now() < endsAtMs) await sleep(LEFTOVER_LOOK_MS);
    writeFileSync(this.#path, '', { mode: 0o600 });
    return leftovers;
  }
}

/** Skips what is no entry: a line that was cut off by a kill, or that another program wrote. */
function readEntries(path: string): RegisteredChild[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap((line) => {
    const entry = REGISTERED_CHILD.safeParse(parseJson(line));
    return entry.success ? [entry.data] : [];
  });
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function killIfRunning(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Ended meanwhile.
  }
}
