/** The uses of the stream secret in the local pipeline: in the file that ingest logs to. */
import { createReadStream, statSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ACCEPTED, type SecretUse, STAGE_FIELD, type UseQuery } from './secret-use.ts';

/** Reads the log, and the one that was put aside when it had grown. */
export class LogFileSecretUse implements SecretUse {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async usesSince(query: UseQuery): Promise<number> {
    let uses = 0;
    for (const path of [this.#path, `${this.#path}.1`]) {
      if (uses < query.enough && changedSince(path, query.sinceMs))
        uses += await countIn(path, query, query.enough - uses);
    }
    return uses;
  }
}

function changedSince(path: string, sinceMs: number): boolean {
  try {
    return statSync(path).mtimeMs >= sinceMs;
  } catch {
    // Ingest has not logged anything yet.
    return false;
  }
}

async function countIn(path: string, { stage, sinceMs }: UseQuery, enough: number): Promise<number> {
  let uses = 0;
  const stream = createReadStream(path, 'utf8');
  const mark = `"${STAGE_FIELD}":"${stage}"`;
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    if (line.includes(mark) && isUse(line, stage, sinceMs)) uses += 1;
    if (uses >= enough) break;
  }
  stream.destroy();
  return uses;
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
