/** The forms in which events come, each read into the canonical event. */
import { BY_HAND } from '../delivery/envelope.ts';
import { parseJson } from '../delivery/json-body.ts';
import { type ParsedEvent, webhookEventFrom } from './event.ts';
import { openMessagingEventFrom } from './open-messaging-event.ts';
import { isPartnerEvent, partnerEventFrom } from './partner-event.ts';

/**
 * Reads an event from a message's body. `origin` is the envelope's `source`, or `BY_HAND`: the
 * envelope says how the body was verified, and so its form. Only a body without an envelope, from
 * EventBridge or by hand, is recognized by its shape: a signed delivery cannot pass for the bus's.
 */
export function parseSourceEvent(body: Uint8Array, origin: string): ParsedEvent {
  const parsed = parseJson(body);
  if (parsed.kind === 'invalid') return parsed;
  const { value } = parsed;
  if (origin === 'genesys-open-messaging') return openMessagingEventFrom(value, body);
  if (origin === BY_HAND && isPartnerEvent(value)) return partnerEventFrom(value, body);
  return webhookEventFrom(value);
}
