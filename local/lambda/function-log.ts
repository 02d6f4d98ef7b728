/** Keeps a function's output in a file, and prints its errors on the terminal, in short lines. */
import { closeSync, fstatSync, openSync, readSync, renameSync, statSync, writeSync } from 'node:fs';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';

/**
 * A log that has grown beyond this is put aside at the next start, and the one before it dropped.
 */
const KEPT_BYTES_MAX = 20 * 1_024 * 1_024;

/** Interval at which the file is read; a function prints at most one line in this time. */
const LOOK_EVERY_MS = 1_500;

/** So much is read at once. */
const CHUNK_BYTES = 1_024 * 1_024;

const TOLD_CHARACTERS_MAX = 300;

/** Readers: errors go to the terminal, `take` gets every line. */
export interface FunctionLogReaders {
  readonly onLine: (line: string) => void;
  readonly take: (line: string) => void;
}

/** As Lambda and Powertools write the level. */
const ERROR_MARK = '"level":"ERROR"';

/**
 * The log of one function. Its environments write to the file themselves: what they have written is
 * there however they end, and costs the pipeline nothing. Every line is shown to `take`, which
 * finds the metrics among them.
 */
export class FunctionLog {
  readonly #name: string;
  readonly #tell: (line: string) => void;
  readonly #take: (line: string) => void;
  readonly #timer: NodeJS.Timeout;
  /** For the environments' standard output and error. */
  readonly descriptor: number;
  #seenBytes: number;
  /** A line whose end had not been written when the file was looked at. */
  #begun = Buffer.alloc(0);

  constructor(name: string, path: string, { onLine: tell, take }: FunctionLogReaders) {
    this.#name = name;
    this.#tell = tell;
    this.#take = take;
    putAside(path);
    this.descriptor = openSync(path, 'a+', 0o600);
    this.#seenBytes = fstatSync(this.descriptor).size;
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Something that happened to an environment and that it could not write itself. */
  problem(text: string): void {
    const entry = { timestamp: new Date().toISOString(), level: 'ERROR', message: text };
    writeSync(this.descriptor, `${JSON.stringify(entry)}\n`);
  }

  /** Writes what is left and closes the file. */
  close(): void {
    clearInterval(this.#timer);
    this.#look();
    closeSync(this.descriptor);
  }

  #look(): void {
    const errors: string[] = [];
    for (const line of this.#newLines()) {
      this.#take(line);
      if (line.includes(ERROR_MARK)) errors.push(line);
    }
    if (errors.length === 0) return;
    const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
    const summary = printable(summaryOf(errors[0] ?? '')).slice(0, TOLD_CHARACTERS_MAX);
    this.#tell(`${this.#name}: ${summary}${more}`);
  }

  /** The lines that have been ended since the last look. */
  *#newLines(): Generator<string> {
    const size = fstatSync(this.descriptor).size;
    while (this.#seenBytes < size) {
      const chunk = Buffer.alloc(Math.min(size - this.#seenBytes, CHUNK_BYTES));
      this.#seenBytes += readSync(this.descriptor, chunk, 0, chunk.length, this.#seenBytes);
      const text = Buffer.concat([this.#begun, chunk]);
      const end = text.lastIndexOf('\n') + 1;
      this.#begun = text.subarray(end);
      yield* text
        .toString('utf8', 0, end)
        .split('\n')
        .filter((line) => line !== '');
    }
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
    // It does not exist yet.
  }
}
