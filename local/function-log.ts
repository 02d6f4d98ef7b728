/** What a function writes, kept in a file; what goes wrong is also told on the terminal, in short lines. */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';

/** A log that has grown beyond this is put aside at the next start, and the one before it dropped. */
const KEPT_BYTES_MAX = 20 * 1_024 * 1_024;

/** How often the file is looked through for errors; also, at most one line a function is told in this time. */
const LOOK_EVERY_MS = 1_500;

/** More than this since the last look is passed over: the beginning of it says enough. */
const LOOK_BYTES_MAX = 1_024 * 1_024;

const TOLD_CHARACTERS_MAX = 300;

const ERROR_MARK = '"level":"error"';

/**
 * The log of one function. Its environments write to the file themselves: what they have written is there
 * however they end, and costs the pipeline nothing.
 */
export class FunctionLog {
  readonly #name: string;
  readonly #tell: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** For the environments' standard output and error. */
  readonly descriptor: number;
  #seenBytes: number;

  constructor(name: string, path: string, tell: (line: string) => void) {
    this.#name = name;
    this.#tell = tell;
    putAside(path);
    this.descriptor = openSync(path, 'a+', 0o600);
    this.#seenBytes = fstatSync(this.descriptor).size;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Something that happened to an environment and that it could not write itself. */
  problem(text: string): void {
    const entry = { timestamp: new Date().toISOString(), level: 'error', message: text };
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
  }

  /** Tells what is left to tell, and closes the file. */
  close(): void {
    clearInterval(this.#timer);
    this.#look();
    closeSync(this.descriptor);
  }

  #look(): void {
    const size = fstatSync(this.descriptor).size;
    const length = Math.min(size - this.#seenBytes, LOOK_BYTES_MAX);
    if (length <= 0) return;
    const chunk = Buffer.alloc(length);
    readSync(this.descriptor, chunk, 0, length, this.#seenBytes);
    this.#seenBytes = size;
    if (!chunk.includes(ERROR_MARK)) return;
    const errors = chunk
      .toString('utf8')
      .split('\n')
      .filter((line) => line.includes(ERROR_MARK));
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    this.#tell(`${this.#name}: ${summaryOf(errors[0] ?? '').slice(0, TOLD_CHARACTERS_MAX)}${more}`);
  }
}

function summaryOf(line: string): string {
  try {
    const { message, errorMessage, cause, lastError } = JSON.parse(line) as Record<string, unknown>;
    return [message, errorMessage, cause, lastError].filter((part) => typeof part === 'string').join(': ');
  } catch {
    return line;
  }
}

function putAside(path: string): void {
  try {
    if (statSync(path).size > KEPT_BYTES_MAX) renameSync(path, `${path}.1`);
  } catch {
    // There is none yet.
  }
}
