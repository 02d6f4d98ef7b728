/**
 * Sends messages on and then deletes them here: dying in between can only duplicate, which
 * idempotency absorbs.
 */
import type { Envelope } from '../domain/delivery/envelope.ts';
import type { BatchQueue, QuarantineQueue } from '../ports.ts';
import type { HeldMessages } from './held-messages.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';
import type { RunReportBuilder } from './run-report.ts';

/** The run that forwards. */
export interface ForwardContext {
  readonly quarantine: QuarantineQueue;
  readonly hold: HeldMessages;
  readonly tally: RunReportBuilder;
  /** Delay until sent messages are visible; 0 if missing. */
  readonly delayMs?: number;
}

/** A message and what is sent for it. */
export interface ForwardedEvent {
  readonly event: QuarantinedEvent;
  readonly envelope: Envelope;
}

/** Result of forwarding. */
export interface ForwardResult {
  readonly sent: readonly QuarantinedEvent[];
  readonly notSent: readonly QuarantinedEvent[];
  /** Why some were not sent. */
  readonly cause?: string;
}

/**
 * Sends at most ten messages to `to`, then deletes those that are there for certain. One that could
 * not be deleted stays out of sight as long as it is held, and then is a copy.
 */
export async function forward(
  outgoing: readonly ForwardedEvent[],
  to: BatchQueue,
  { quarantine, hold, tally, delayMs }: ForwardContext,
): Promise<ForwardResult> {
  const { positions, cause } = await to.sendBatch(
    outgoing.map(({ envelope }) => envelope),
    delayMs,
  );
  const sent = outgoing.filter((_, position) => positions.has(position)).map(({ event }) => event);
  const notSent = outgoing.filter((_, position) => !positions.has(position)).map(({ event }) => event);
  const removed = await removeHeld(sent, quarantine, hold);
  tally.addCopiesLeft(sent.length - removed.length);
  return { sent, notSent, ...(cause === undefined ? {} : { cause }) };
}

/** Deletes at most ten messages; answers which of them for certain. */
export async function removeHeld(
  events: readonly QuarantinedEvent[],
  quarantine: QuarantineQueue,
  hold: HeldMessages,
): Promise<QuarantinedEvent[]> {
  if (events.length === 0) return [];
  const { positions } = await quarantine.remove(events.map((event) => hold.handleOf(event)));
  for (const event of events) hold.remove(event);
  return events.filter((_, position) => positions.has(position));
}
