/** Prints the ledger every few seconds, if it has changed. */
import { printNow } from '../cli/terminal.ts';
import { formatLedger, type LedgerReader } from './console/ledger.ts';

const EVERY_MS = 5_000;

/** Prints until it is stopped. */
export class StatusLine {
  readonly #ledger: LedgerReader;
  readonly #timer: NodeJS.Timeout;
  #last: string | undefined;

  constructor(ledger: LedgerReader) {
    this.#ledger = ledger;
    // The first line is not printed: only changes are.
    void this.#line().then((line) => {
      this.#last = line;
    });
    this.#timer = setInterval(() => void this.#print(), EVERY_MS);
  }

  /** Ends it. */
  stop(): void {
    clearInterval(this.#timer);
  }

  async #print(): Promise<void> {
    const line = await this.#line();
    if (line === undefined || line === this.#last) return;
    this.#last = line;
    printNow(line);
  }

  async #line(): Promise<string | undefined> {
    try {
      return formatLedger(await this.#ledger.read());
    } catch {
      // A server that does not answer has its own message.
      return undefined;
    }
  }
}
