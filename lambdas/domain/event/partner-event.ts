/**
 * Events of the partner event bus, as EventBridge puts them into a queue: the whole EventBridge
 * event as the message's body, without attributes. `detail` is what Genesys Cloud publishes under
 * the topic: `topicName`, `eventBody`, `timestamp`. Topics and their fields come and go: what is
 * not known here is no mistake.
 */

import { toEventId } from '../delivery/event-id.ts';
import { isObject } from '../delivery/json-body.ts';
import { contactAddressFrom } from './contact-address.ts';
import type { ParsedEvent } from './event.ts';
import { digest } from './event-key.ts';
import { type Instant, parseInstant } from './instant.ts';

/** An EventBridge event of Genesys Cloud. */
export interface PartnerEvent extends Readonly<Record<string, unknown>> {
  readonly source: string;
  readonly 'detail-type': string;
  readonly detail: unknown;
}

/** Genesys Cloud's event sources; its own tests name themselves `genesys.com.test`. */
const PARTNER_SOURCE = /^aws\.partner\/genesys\.com(\.test)?\//;

const TYPE_MAX = 256;

/**
 * Fields of the customer's address: inbound the one that was called from, outbound the one that was
 * called. Voice has `ani` and `dnis`, messages and mail have the others.
 */
const ADDRESS_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['INBOUND', ['ani', 'addressFrom']],
  ['OUTBOUND', ['dnis', 'addressTo']],
]);

/** True if a body is an EventBridge event of Genesys Cloud. */
export function isPartnerEvent(value: unknown): value is PartnerEvent {
  if (!isObject(value) || !Object.hasOwn(value, 'detail')) return false;
  const { source, 'detail-type': type } = value;
  const isTyped = typeof type === 'string' && type !== '' && type.length <= TYPE_MAX;
  return isTyped && typeof source === 'string' && PARTNER_SOURCE.test(source);
}

/**
 * Reads an event; `bytes` is its text. Refuses only a time that cannot be read. Never throws,
 * whatever `detail` is.
 */
export function partnerEventFrom(event: PartnerEvent, bytes: Uint8Array): ParsedEvent {
  const detail = isObject(event.detail) ? event.detail : {};
  const eventBody = isObject(detail.eventBody) ? detail.eventBody : undefined;
  const instant = timeOf(event, detail, eventBody);
  if (typeof instant === 'string') {
    return {
      kind: 'invalid',
      reason: `${instant}: must be an ISO 8601 date and time with an offset, or epoch milliseconds`,
    };
  }
  const contactAddress = addressIn(eventBody ?? {});
  return {
    kind: 'event',
    event: {
      id: identityIn(detail, eventBody ?? {}) ?? contentIdentity(event, detail, instant.timestampMs, bytes),
      source: 'genesys-partner-bus',
      type: event['detail-type'],
      timestamp: instant.text,
      timestampMs: instant.timestampMs,
      subMillis: instant.subMillis,
      body: event,
      ...(eventBody === undefined ? {} : { eventBody }),
      ...(contactAddress === undefined ? {} : { contactAddress }),
    },
  };
}

const NO_TIME: Instant = { timestampMs: 0, subMillis: '', text: new Date(0).toISOString() };

/**
 * When it happened; if the event has no such field, when it was published. An event without any
 * time counts as older than everything: it can overwrite nothing. The name of the field that is
 * present and unreadable: another time in its place would be wrong without a word.
 */
function timeOf(
  event: PartnerEvent,
  detail: Readonly<Record<string, unknown>>,
  eventBody: Readonly<Record<string, unknown>> | undefined,
): Instant | string {
  const fields = [
    ['eventBody.eventTime', eventBody?.eventTime],
    ['detail.timestamp', detail.timestamp],
    ['time', event.time],
  ] as const;
  const [name, value] = fields.find(([, given]) => given !== undefined && given !== null) ?? [];
  if (name === undefined) return NO_TIME;
  return parseInstant(value) ?? name;
}

/**
 * Identity that all copies of one event share, however often Genesys Cloud and EventBridge deliver
 * it: an audit's own id, or else topic, participant, session and time. Undefined where one of these
 * is missing.
 */
function identityIn(
  detail: Readonly<Record<string, unknown>>,
  eventBody: Readonly<Record<string, unknown>>,
): string | undefined {
  const { topicName } = detail;
  const { id, participantId, sessionId, eventTime } = eventBody;
  if (!isText(topicName)) return undefined;
  if (topicName.startsWith('v2.audits.')) return isText(id) ? toEventId(id) : undefined;
  if (!isText(participantId) || !isText(sessionId) || parseInstant(eventTime) === undefined) return undefined;
  return toEventId([topicName, participantId, sessionId, eventTime].join('|'));
}

/**
 * A digest of what the event says. EventBridge's own id is not in it: a second publication has
 * another. Numbers that JavaScript cannot hold exactly are taken from the text: rounded, two
 * different events would share an identity.
 */
function contentIdentity(
  event: PartnerEvent,
  detail: Readonly<Record<string, unknown>>,
  timestampMs: number,
  bytes: Uint8Array,
): string {
  const topic = isText(detail.topicName) ? detail.topicName : event['detail-type'];
  try {
    return digest(
      topic,
      String(timestampMs),
      JSON.stringify(detail.eventBody ?? event.detail),
      ...unsafeIntegersIn(Buffer.from(bytes).toString('utf8')),
    );
  } catch {
    // Nested deeper than it can be written again.
    return digest(bytes);
  }
}

/**
 * The integers of a JSON text beyond 2^53 as they are written, in order. Text between quotes is
 * skipped.
 */
function unsafeIntegersIn(json: string): string[] {
  const tokens = json.match(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d{16,}/g) ?? [];
  return tokens.filter((token) => !token.startsWith('"') && !Number.isSafeInteger(Number(token)));
}

/** The customer's address, or undefined if the event has none or no known direction. */
function addressIn(eventBody: Readonly<Record<string, unknown>>): string | undefined {
  const { direction } = eventBody;
  const fields = (isText(direction) && ADDRESS_FIELDS.get(direction.toUpperCase())) || [];
  return fields
    .map((field) => eventBody[field])
    .filter(isText)
    .map(contactAddressFrom)
    .find((address) => address !== undefined);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
