/** The uses of the stream secret in the local pipeline: in the file that ingest logs to. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { isUseOf, type SecretUse, STAGE_FIELD, type UseQuery } from './secret-use.ts';

/**
 * Reads the log of this start of the pipeline, and of those before that are still in the same file.
 */
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
      if (line.includes(mark) && isUseOf(stage, sinceMs, line)) uses += 1;
      if (uses >= enough) break;
    }
    stream.destroy();
    return uses;
  }
}
