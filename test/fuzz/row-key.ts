/** Which row of the state table a hostile body or message has to end in. */
import { type Envelope, openEnvelope, type ReceivedMessage } from '../../lambdas/domain/envelope.ts';
import { parseEvent } from '../../lambdas/domain/event.ts';
import { bodyKey, eventKey } from '../../lambdas/domain/event-key.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';

/** The message as it comes out of the queue, where it was put at that time. */
export function asReceived({ body, attributes }: Envelope, sentAtMs: number): ReceivedMessage {
  return { messageId: '', body, attributes, receiveCount: 1, sentAtMs, firstReceivedAtMs: sentAtMs };
}

/** The row of a message sent at that time. */
export function rowKeyOfMessage(message: Envelope, sentAtMs: number): string {
  const { bytes, receivedAtMs, problem } = openEnvelope(asReceived(message, sentAtMs));
  return problem === undefined ? rowKeyOf(bytes, receivedAtMs) : bodyKey(bytes);
}

/** What is sent is sent and received within this time of the start. */
const SENDING_MAX_MS = 300_000;

/**
 * The row that something has whenever in the run it is sent. Undefined if it depends on the moment: an event from
 * just too far ahead of its receipt is none, and a second later it is one. Which it was, only the servers' clocks know;
 * the twins, which get their time, have those.
 */
export function rowKeyThroughout(rowKeyAt: (ms: number) => string, startMs: number): string | undefined {
  const rowKey = rowKeyAt(startMs);
  return rowKeyAt(startMs + SENDING_MAX_MS) === rowKey ? rowKey : undefined;
}

/** The row of a body received at that time. */
export function rowKeyOf(body: Uint8Array, receivedAtMs: number): string {
  const parsed = parseEvent(body, receivedAtMs, DEFAULT_LIMITS);
  return parsed.kind === 'event' ? eventKey(parsed.event.id) : bodyKey(body);
}
