/** A log whose first good news of an invocation goes with the invocation's metrics, on one line. */
import type { LogDetails } from '../domain/log-text.ts';
import type { Log } from '../ports.ts';

/**
 * A function that does one thing an invocation writes one line for it, of which CloudWatch makes the metrics and people
 * read the rest: half the lines to pay for, and half the time to write them. Whatever is not `info`, and all after the
 * first, is a line of its own in `log`. The line is written when the metrics are published.
 */
export class MetricsLineLog implements Log {
  readonly #log: Log;
  readonly #metrics: { say(message: string, details: LogDetails): boolean };

  constructor(log: Log, metrics: { say(message: string, details: LogDetails): boolean }) {
    this.#log = log;
    this.#metrics = metrics;
  }

  write(level: Parameters<Log['write']>[0], message: string, details: LogDetails): void {
    if (level !== 'info' || !this.#metrics.say(message, details)) this.#log.write(level, message, details);
  }
}
