/** A line of progress: rewritten in place on a terminal, otherwise a new line now and then. */

const LINE_EVERY_MS = 2_000;

/** Writes to standard error, so that standard output has only the result. */
export class Progress {
  readonly #inPlace = process.stderr.isTTY === true;
  #writtenAtMs = 0;
  #last = '';

  /** Shows the text, unless it was shown a moment ago. */
  show(text: string): void {
    const nowMs = Date.now();
    if (text === this.#last || (!this.#inPlace && nowMs - this.#writtenAtMs < LINE_EVERY_MS)) return;
    this.#last = text;
    this.#writtenAtMs = nowMs;
    process.stderr.write(this.#inPlace ? `\r\u001b[K${text}` : `${text}\n`);
  }

  /** Clears a line that was rewritten in place. */
  end(): void {
    if (this.#inPlace && this.#last !== '') process.stderr.write('\r\u001b[K');
  }
}
