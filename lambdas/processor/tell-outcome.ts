/** How a record ended, told once: one log line and its metrics. */
import { announcedEventId } from '../domain/envelope.ts';
import { errorName } from '../domain/error-name.ts';
import type { PipelineEvent } from '../domain/event.ts';
import { isEventId } from '../domain/event-id.ts';
import type { Clock, Log, Metrics } from '../ports.ts';
import type { Disposition } from './attempt.ts';
import type { ParsedRecord, PreparedRecord } from './prepared-record.ts';

/** What telling needs. */
export interface TellDependencies {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
}

/** Tells a disposition. */
export function tellDisposition(
  record: ParsedRecord | PreparedRecord,
  disposition: Disposition,
  deps: TellDependencies,
): void {
  const facts = { ...factsOf(record), attempts: disposition.attempts };
  if (disposition.kind === 'later') {
    const { delayMs, cause, why } = disposition;
    deps.log.write('warn', 'comes back', { ...facts, outcome: 'comes_back', cause, delayMs, why });
    deps.metrics.addBy('MessagesRetried', cause, 1);
    return;
  }
  const { outcome, reason, error } = disposition;
  deps.log.write(outcome === 'quarantined' ? 'warn' : 'info', 'settled', { ...facts, outcome, reason, error });
  deps.metrics.addBy('MessagesDone', outcome, 1);
  // Ingest gives every message its schema, and whatever has been in quarantine its note.
  const fromElsewhere = record.source.message.attributes.schema === undefined && !record.fromQuarantine;
  deps.metrics.add('MessagesFromElsewhere', fromElsewhere ? 1 : 0);
  if (reason !== undefined) deps.metrics.addBy('EventsQuarantined', reason, 1);
  if (outcome === 'applied') measure(record, deps);
}

/** Tells of an attempt that threw: an error says where, and the message comes back. */
export function tellBug(record: ParsedRecord | PreparedRecord, error: unknown, deps: TellDependencies): void {
  const at = (error as { readonly stack?: string }).stack?.split('\n')[1]?.trim();
  const cause = errorName(error);
  deps.log.write('error', 'attempt failed by a bug', { ...factsOf(record), outcome: 'comes_back', cause, at });
  deps.metrics.addBy('MessagesRetried', 'bug', 1);
}

function factsOf(record: ParsedRecord | PreparedRecord) {
  const { message } = record.source;
  const event = eventOf(record);
  const interactionId = event?.interaction?.id;
  return {
    eventId: event?.id ?? announcedEventId(message.attributes),
    eventType: event?.type,
    // Whatever else it is, it must not fill the log.
    interactionId: isEventId(interactionId) ? interactionId : undefined,
    messageId: message.messageId,
    receiveCount: message.receiveCount,
    receivedAtMs: record.receivedAtMs,
  };
}

function eventOf(record: ParsedRecord | PreparedRecord): PipelineEvent | undefined {
  if ('task' in record) return record.task.event;
  return record.parsed.kind === 'event' ? record.parsed.event : undefined;
}

function measure(record: ParsedRecord | PreparedRecord, { clock, metrics }: TellDependencies): void {
  const nowMs = clock.now();
  metrics.add('EndToEndLatency', Math.max(0, nowMs - record.receivedAtMs));
  const event = eventOf(record);
  if (event !== undefined) metrics.add('EventAge', Math.max(0, nowMs - event.timestampMs));
}
