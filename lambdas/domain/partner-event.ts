/**
 * Events of the partner event bus, as EventBridge puts them into a queue: the whole EventBridge event as the
 * message's body, without attributes. `detail` is what Genesys Cloud publishes under the topic: `topicName`,
 * `eventBody`, `timestamp`. Topics and their fields come and go: what is not known here is no mistake.
 */
import { aheadOfReceipt, instantFrom, type ParsedEvent } from './event.ts';
import { toEventId } from './event-id.ts';
import { digest } from './event-key.ts';
import { isObject } from './json-body.ts';
import type { Limits } from './limits.ts';

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
 * Where the customer's address is: inbound the one that was called from, outbound the one that was called. Voice
 * has `ani` and `dnis`, messages and mail have the others.
 */
const ADDRESS_FIELDS: ReadonlyMap<string, readonly string[]> = new Map([
  ['INBOUND', ['ani', 'addressFrom']],
  ['OUTBOUND', ['dnis', 'addressTo']],
]);

/** Whether a body is an EventBridge event of Genesys Cloud. */
export function isPartnerEvent(value: unknown): value is PartnerEvent {
  if (!isObject(value) || !Object.hasOwn(value, 'detail')) return false;
  const { source, 'detail-type': type } = value;
  const isTyped = typeof type === 'string' && type !== '' && type.length <= TYPE_MAX;
  return isTyped && typeof source === 'string' && PARTNER_SOURCE.test(source);
}

/** Reads an event; `bytes` is its text. Refuses only what would come from the future. Never throws, whatever `detail` is. */
export function partnerEventFrom(
  event: PartnerEvent,
  bytes: Uint8Array,
  receivedAtMs: number,
  limits: Limits,
): ParsedEvent {
  const detail = isObject(event.detail) ? event.detail : {};
  const eventBody = isObject(detail.eventBody) ? detail.eventBody : undefined;
  const timestampMs = timeOf(event, detail, eventBody);
  const ahead = aheadOfReceipt('eventTime', timestampMs, receivedAtMs, limits);
  if (ahead !== undefined) return { kind: 'invalid', reason: ahead };
  const contactAddress = addressIn(eventBody ?? {});
  return {
    kind: 'event',
    event: {
      id: identityIn(detail, eventBody ?? {}) ?? contentIdentity(event, detail, timestampMs, bytes),
      source: 'genesys-partner-bus',
      type: event['detail-type'],
      timestamp: new Date(timestampMs).toISOString(),
      timestampMs,
      body: event,
      ...(eventBody === undefined ? {} : { eventBody }),
      ...(contactAddress === undefined ? {} : { contactAddress }),
    },
  };
}

/**
 * When it happened; where the event does not say so, when it was published. An event without any time counts as
 * older than everything: it can overwrite nothing.
 */
function timeOf(
  event: PartnerEvent,
  detail: Readonly<Record<string, unknown>>,
  eventBody: Readonly<Record<string, unknown>> | undefined,
): number {
  return instantFrom(eventBody?.eventTime) ?? instantFrom(detail.timestamp) ?? instantFrom(event.time) ?? 0;
}

/**
 * What copies of one event have in common, however often Genesys Cloud and EventBridge deliver it: an audit's own
 * id, or else topic, participant, session and time. Undefined where one of these is missing.
 */
function identityIn(
  detail: Readonly<Record<string, unknown>>,
  eventBody: Readonly<Record<string, unknown>>,
): string | undefined {
  const { topicName } = detail;
  const { id, participantId, sessionId, eventTime } = eventBody;
  if (!isText(topicName)) return undefined;
  if (topicName.startsWith('v2.audits.')) return isText(id) ? toEventId(id) : undefined;
  if (!isText(participantId) || !isText(sessionId) || instantFrom(eventTime) === undefined) return undefined;
  return toEventId([topicName, participantId, sessionId, eventTime].join('|'));
}

/** A digest of what the event says. EventBridge's own id is not in it: a second publication has another. */
function contentIdentity(
  event: PartnerEvent,
  detail: Readonly<Record<string, unknown>>,
  timestampMs: number,
  bytes: Uint8Array,
): string {
  const topic = isText(detail.topicName) ? detail.topicName : event['detail-type'];
  try {
    return digest(topic, String(timestampMs), JSON.stringify(detail.eventBody ?? event.detail));
  } catch {
    // Nested deeper than it can be written again.
    return digest(bytes);
  }
}

/** The customer's address without its `tel:` or `sip:`, or undefined where the event has none or no known direction. */
function addressIn(eventBody: Readonly<Record<string, unknown>>): string | undefined {
  const { direction } = eventBody;
  const fields = (isText(direction) && ADDRESS_FIELDS.get(direction.toUpperCase())) || [];
  return fields
    .map((field) => eventBody[field])
    .filter(isText)
    .map((address) => address.replace(/^(?:tel|sips?):/i, ''))
    .find((address) => address !== '');
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
