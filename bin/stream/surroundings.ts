/** Context of a command, all of which tests can replace. */
import { createInterface } from 'node:readline/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** Environment, terminal and time. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** A result, for standard output. */
  out(text: string): void;
  /** Progress and warnings, for standard error. */
  note(text: string): void;
  /** A question's answer; undefined if there is no answer. */
  ask(question: string): Promise<string | undefined>;
  /** Epoch milliseconds. */
  now(): number;
  sleep(ms: number): Promise<void>;
}

/** Those of this process. */
export function processContext(): CliContext {
  return {
    environment: process.env,
    out: (text) => process.stdout.write(`${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
    ask,
    now: Date.now,
    sleep: (ms) => sleep(ms),
  };
}

/** Asks on standard error, so that standard output has only the result. */
async function ask(question: string): Promise<string | undefined> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  const closed = new Promise<undefined>((resolve) => lines.once('close', () => resolve(undefined)));
  try {
    return await Promise.race([lines.question(question), closed]);
  } finally {
    lines.close();
  }
}
