/** A log that writes the first outcome of an invocation on the line of its metrics. */
import type { LogDetails } from '../domain/telemetry/redact.ts';
import type { Log } from '../ports.ts';

/**
 * For a function with one outcome an invocation: the outcome and its metrics share one line, which halves the cost of
 * its logs. Warnings, errors and further messages go to `log`. The line is written when the metrics are published.
 */
export class MetricsLineLog implements Log {
  readonly #log: Log;
  readonly #metrics: { addMessage(message: string, details: LogDetails): boolean };

  constructor(log: Log, metrics: { addMessage(message: string, details: LogDetails): boolean }) {
    this.#log = log;
    this.#metrics = metrics;
  }

  write(level: Parameters<Log['write']>[0], message: string, details: LogDetails): void {
    if (level !== 'info' || !this.#metrics.addMessage(message, details)) this.#log.write(level, message, details);
  }
}
