/** Structured logs on standard output, one JSON object a line, as Lambda's JSON log format takes them. */
import type { Clock, Log } from '../ports.ts';

/** Writes log lines. */
export class StdoutLog implements Log {
  readonly #clock: Clock;
  readonly #service: string;

  constructor(service: string, clock: Clock) {
    this.#clock = clock;
    this.#service = service;
  }

  write(level: 'info' | 'warn' | 'error', message: string, details: Parameters<Log['write']>[2]): void {
    const timestamp = new Date(this.#clock.now()).toISOString();
    process.stdout.write(`${JSON.stringify({ timestamp, level, service: this.#service, message, ...details })}\n`);
  }
}
