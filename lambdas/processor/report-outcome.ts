/** Reports the outcome of a record once: one log line and its metrics. */
import { eventIdAttribute } from '../domain/delivery/envelope.ts';
import { isEventId } from '../domain/delivery/event-id.ts';
import type { PipelineEvent } from '../domain/event/event.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, Log, Metrics } from '../ports.ts';
import type { Disposition } from './attempt.ts';
import type { DecodedRecord, ParsedRecord } from './parse-record.ts';

/** Ports for the report. */
export interface ReportDependencies {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Logs and counts a disposition. */
export function reportDisposition(
  record: DecodedRecord | ParsedRecord,
  disposition: Disposition,
  deps: ReportDependencies,
): void {
  const facts = { ...factsOf(record), attempts: disposition.attempts };
  if (disposition.kind === 'retry') {
    const { delayMs, cause, why } = disposition;
    deps.log.write('warn', 'comes back', { ...facts, outcome: 'comes_back', cause, delayMs, why });
    deps.metrics.addBy('MessagesRetried', cause, 1);
    deps.metrics.add('RetriedAge', Math.max(0, deps.clock.now() - record.receivedAtMs));
    return;
  }
  const { outcome, reason, error, differsIn, ignoreCause } = disposition;
  const level = outcome === 'quarantined' || differsIn !== undefined ? 'warn' : 'info';
  deps.log.write(level, 'settled', { ...facts, outcome, reason, error, differsIn, ignoreCause });
  deps.metrics.addBy('MessagesDone', outcome, 1);
  // Ingest gives every message its schema, and whatever has been in quarantine its note.
  const isSentByUs = record.source.message.attributes.schema !== undefined && record.replayId === undefined;
  const fromElsewhere = !isSentByUs && !record.fromQuarantine;
  deps.metrics.add('MessagesFromElsewhere', fromElsewhere ? 1 : 0);
  if (reason !== undefined) deps.metrics.addBy('EventsQuarantined', reason, 1);
  if (ignoreCause !== undefined) deps.metrics.addBy('EventsIgnored', ignoreCause, 1);
  // An event of a replay has been measured when it was applied first.
  if (outcome === 'applied' && record.replayId === undefined) measure(record, deps);
}

/** Logs an attempt that threw, with its place in the code. The message is retried. */
export function reportUnexpectedError(
  record: DecodedRecord | ParsedRecord,
  error: unknown,
  deps: ReportDependencies,
): void {
  const at = (error as { readonly stack?: string }).stack?.split('\n')[1]?.trim();
  const cause = errorName(error);
  deps.log.write('error', 'attempt failed by a bug', { ...factsOf(record), outcome: 'comes_back', cause, at });
  deps.metrics.addBy('MessagesRetried', 'bug', 1);
}

function factsOf(record: DecodedRecord | ParsedRecord) {
  const { message } = record.source;
  const event = eventOf(record);
  const interactionId = event?.interaction?.id;
  return {
    eventId: event?.id ?? eventIdAttribute(message.attributes),
    eventType: event?.type,
    // Whatever else it is, it must not fill the log.
    interactionId: isEventId(interactionId) ? interactionId : undefined,
    messageId: message.messageId,
    receiveCount: message.receiveCount,
    receivedAtMs: record.receivedAtMs,
    replayId: record.replayId,
  };
}

function eventOf(record: DecodedRecord | ParsedRecord): PipelineEvent | undefined {
  if ('task' in record) return record.task.event;
  return record.parsed.kind === 'event' ? record.parsed.event : undefined;
}

function measure(record: DecodedRecord | ParsedRecord, { clock, metrics }: ReportDependencies): void {
  const nowMs = clock.now();
  metrics.add('EndToEndLatency', Math.max(0, nowMs - record.receivedAtMs));
  const event = eventOf(record);
  if (event !== undefined) metrics.add('EventAge', Math.max(0, nowMs - event.timestampMs));
}
