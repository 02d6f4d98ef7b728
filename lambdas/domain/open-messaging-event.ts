/**
 * Open Messaging: Genesys Cloud's outbound messages to a messaging service of one's own, as its webhook delivers
 * them (“Outbound Open NormalizedMessage” in Genesys' Open Messaging guide). Read for what every one of them has.
 */
import { aheadOfReceipt, instantFrom, type ParsedEvent } from './event.ts';
import { toEventId } from './event-id.ts';
import { digest } from './event-key.ts';
import { isObject } from './json-body.ts';
import type { Limits } from './limits.ts';

const TYPE_MAX = 200;

/**
 * Reads a body that is JSON. Its `id` is the identity, a digest of the body where there is none. A body that does
 * not say when it was sent (`channel.time`) counts as older than everything: it can overwrite nothing.
 */
export function openMessagingEventFrom(
  value: unknown,
  bytes: Uint8Array,
  receivedAtMs: number,
  limits: Limits,
): ParsedEvent {
  if (!isObject(value)) return { kind: 'invalid', reason: 'the body: must be a JSON object' };
  const { id, type, channel } = value;
  const timestampMs = instantFrom(isObject(channel) ? channel.time : undefined) ?? 0;
  const ahead = aheadOfReceipt('channel.time', timestampMs, receivedAtMs, limits);
  if (ahead !== undefined) return { kind: 'invalid', reason: ahead };
  const event = {
    id: typeof id === 'string' && id !== '' ? toEventId(id) : digest(bytes),
    source: 'genesys-open-messaging',
    type:
      typeof type === 'string' && type !== '' && type.length <= TYPE_MAX ? `open-messaging.${type}` : 'open-messaging',
    timestamp: new Date(timestampMs).toISOString(),
    timestampMs,
    body: value,
  } as const;
  return { kind: 'event', event };
}
