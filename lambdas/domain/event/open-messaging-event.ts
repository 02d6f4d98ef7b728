/**
 * Open Messaging: Genesys Cloud's outbound messages to a messaging service of one's own, as its
 * webhook delivers them (“Outbound Open NormalizedMessage” in Genesys' Open Messaging guide). Read
 * for what every one of them has.
 */

import { toEventId } from '../delivery/event-id.ts';
import { isObject } from '../delivery/json-body.ts';
import type { ParsedEvent } from './event.ts';
import { digest } from './event-key.ts';
import { parseInstant } from './instant.ts';

const TYPE_MAX = 200;

/**
 * Reads a body that is JSON. A text and its receipts share an `id`, so the identity is id, time,
 * type and status; a digest of the body if it has no id. A body without `channel.time` counts as
 * older than everything: it can overwrite nothing.
 */
export function openMessagingEventFrom(value: unknown, bytes: Uint8Array): ParsedEvent {
  if (!isObject(value)) return { kind: 'invalid', reason: 'the body: must be a JSON object' };
  const { id, type, channel, status } = value;
  const time = isObject(channel) ? channel.time : undefined;
  const instant = parseInstant(time ?? 0);
  if (instant === undefined) {
    return { kind: 'invalid', reason: 'channel.time: must be an ISO 8601 date and time with an offset' };
  }
  const event = {
    id: isText(id) ? toEventId([id, ...[time, type, status].filter(isText)].join('|')) : digest(bytes),
    source: 'genesys-open-messaging',
    type: isText(type) && type.length <= TYPE_MAX ? `open-messaging.${type}` : 'open-messaging',
    timestamp: instant.text,
    timestampMs: instant.timestampMs,
    subMillis: instant.subMillis,
    body: value,
  } as const;
  return { kind: 'event', event };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
