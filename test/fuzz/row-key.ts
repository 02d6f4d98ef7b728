/** Which row of the state table a hostile body or message has to end in. */
import { decodeEnvelope, type Envelope, type ReceivedMessage } from '../../lambdas/domain/delivery/envelope.ts';
import { parseEvent } from '../../lambdas/domain/event/event.ts';
import { bodyKey, eventKey } from '../../lambdas/domain/event/event-key.ts';

/** The message as it comes out of the queue, where it was put at that time. */
export function asReceived({ body, attributes }: Envelope, sentAtMs: number): ReceivedMessage {
  return { messageId: '', body, attributes, receiveCount: 1, sentAtMs, firstReceivedAtMs: sentAtMs };
}

/** The row of a message, whenever it is sent. */
export function rowKeyOfMessage(message: Envelope): string {
  const { bytes, problem } = decodeEnvelope(asReceived(message, 0));
  return problem === undefined ? rowKeyOf(bytes) : bodyKey(bytes);
}

/** The row of a body, whenever it is received. */
export function rowKeyOf(body: Uint8Array): string {
  const parsed = parseEvent(body);
  return parsed.kind === 'event' ? eventKey(parsed.event.id) : bodyKey(body);
}
