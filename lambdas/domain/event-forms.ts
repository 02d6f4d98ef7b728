/** The forms in which events come, each read into the canonical event. */
import { BY_HAND } from './envelope.ts';
import { type ParsedEvent, webhookEventFrom } from './event.ts';
import { parseJson } from './json-body.ts';
import type { Limits } from './limits.ts';
import { openMessagingEventFrom } from './open-messaging-event.ts';
import { isPartnerEvent, partnerEventFrom } from './partner-event.ts';

/** What is known of a message besides its body. */
export interface Announced {
  /** The envelope's `source`, or `BY_HAND`. */
  readonly origin: string;
  readonly receivedAtMs: number;
}

/**
 * Reads an event from a message's body. The envelope says how the body was verified, and so its form. Only what
 * came without one, from EventBridge or by hand, is told by its shape: a signed delivery cannot pass for the bus's.
 */
export function readEvent(body: Uint8Array, { origin, receivedAtMs }: Announced, limits: Limits): ParsedEvent {
  const parsed = parseJson(body);
  if (parsed.kind === 'invalid') return parsed;
  const { value } = parsed;
  if (origin === 'genesys-open-messaging') return openMessagingEventFrom(value, body, receivedAtMs, limits);
  if (origin === BY_HAND && isPartnerEvent(value)) return partnerEventFrom(value, body, receivedAtMs, limits);
  return webhookEventFrom(value, receivedAtMs, limits);
}
