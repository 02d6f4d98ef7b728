/** A log that writes the first outcome of an invocation on the line of its metrics. */
import type { LogDetails } from '../domain/telemetry/redact.ts';
import type { Log } from '../ports.ts';

type AddMessage = (level: 'info' | 'warn', message: string, details: LogDetails) => boolean;

/**
 * For a function with one outcome an invocation: the outcome and its metrics share one line, which
 * halves the cost of its logs. Errors and further messages go to `log`. The line is written when
 * the metrics are published.
 */
export class MetricsLineLog implements Log {
  readonly #log: Log;
  readonly #metrics: { addMessage: AddMessage };

  constructor(log: Log, metrics: { addMessage: AddMessage }) {
    this.#log = log;
    this.#metrics = metrics;
  }

  write(level: Parameters<Log['write']>[0], message: string, details: LogDetails): void {
    const isOnLine = level !== 'error' && this.#metrics.addMessage(level, message, details);
    if (!isOnLine) this.#log.write(level, message, details);
  }
}
