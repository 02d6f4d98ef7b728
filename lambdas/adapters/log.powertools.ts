/** Structured logs on standard output and error, one JSON object a line, by Powertools. */
import { LogFormatter, Logger, LogItem } from '@aws-lambda-powertools/logger';
import type { LogAttributes, UnformattedAttributes } from '@aws-lambda-powertools/logger/types';
import type { Service } from '../domain/telemetry/metrics.ts';
import { redactForLog } from '../domain/telemetry/redact.ts';
import type { Log } from '../ports.ts';

/** A line begins with when, how bad, who and what; the trace comes last. */
class LineFormatter extends LogFormatter {
  override formatAttributes(base: UnformattedAttributes, details: LogAttributes): LogItem {
    const { timestamp, logLevel: level, serviceName: service, message, xRayTraceId: xray_trace_id } = base;
    const line = { timestamp: timestamp.toISOString(), level, service, message, ...details, xray_trace_id };
    return new LogItem({ attributes: line });
  }
}

/**
 * Writes log lines. Whatever came from outside is made printable, and what looks like a phone
 * number is masked, in all texts but ids.
 */
export class PowertoolsLog implements Log {
  readonly #logger: Logger;

  constructor(service: Service) {
    this.#logger = new Logger({ serviceName: service, logFormatter: new LineFormatter() });
  }

  write(level: 'info' | 'warn' | 'error', message: string, details: Parameters<Log['write']>[2]): void {
    this.#logger[level](message, redactForLog(details));
  }
}
