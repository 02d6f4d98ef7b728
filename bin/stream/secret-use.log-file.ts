/** The uses of the stream secret in the local pipeline: in the file that ingest logs to. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ACCEPTED, type SecretUse, STAGE_FIELD, type UseQuery } from './secret-use.ts';

/** Reads the log of this start of the pipeline, and of those before that are still in the same file. */
export class LogFileSecretUse implements SecretUse {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async usesSince({ stage, sinceMs, enough }: UseQuery): Promise<number> {
    // Ingest may not have logged anything yet.
    if (!existsSync(this.#path)) return 0;
    const mark = `"${STAGE_FIELD}":"${stage}"`;
    const stream = createReadStream(this.#path, 'utf8');
    let uses = 0;
    for await (const line of createInterface({ input: stream })) {
      // Most lines need not be parsed.
      if (line.includes(mark) && isUse(line, stage, sinceMs)) uses += 1;
      if (uses >= enough) break;
    }
    stream.destroy();
    return uses;
  }
}

function isUse(line: string, stage: string, sinceMs: number): boolean {
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const accepted = entry.message === ACCEPTED.message && entry.source === ACCEPTED.source;
    return accepted && entry[STAGE_FIELD] === stage && Date.parse(String(entry.timestamp)) >= sinceMs;
  } catch {
    // A line that was cut off.
    return false;
  }
}
