/**
 * The canonical event, in which every way in ends, and the schema of the webhook's: what its body must say to be
 * processed, and what is wrong where it does not.
 */
import * as z from 'zod/mini';
import { isEventId } from './event-id.ts';
import { parseJson } from './json-body.ts';
import type { Limits } from './limits.ts';
import type { ProfileName } from './signature-profiles.ts';

/** Which way an event came, and so which form its body has. */
export type EventSource = ProfileName | 'genesys-partner-bus';

/** An event, whichever way it came. */
export interface PipelineEvent {
  /** 1 to 256 visible ASCII characters: what duplicates have in common, and the CRM's idempotency key. */
  readonly id: string;
  readonly source: EventSource;
  /**
   * Webhook: `eventType`. Partner bus: the `detail-type`, for example
   * `v2.detail.events.conversation.{id}.customer.end`. Open Messaging: `open-messaging.` and the body's `type`.
   */
  readonly type: string;
  /** When it happened, in ISO 8601; the webhook's `eventTimestamp` as it came. */
  readonly timestamp: string;
  readonly timestampMs: number;
  /** Phone number or address of the customer, where the event tells it: never empty, without `tel:` or `sip:` on the partner bus. */
  readonly contactAddress?: string;
  /** The whole body, unknown fields included. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Webhook: `interaction` where the event has one. */
  readonly interaction?: Readonly<Record<string, unknown>>;
  /** Partner bus: `detail.eventBody` where it is an object. */
  readonly eventBody?: Readonly<Record<string, unknown>>;
}

/** A parsed event, or the reason why it is none. */
export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: PipelineEvent }
  | { readonly kind: 'invalid'; readonly reason: string };

const ID_WANTED = 'must be 1 to 256 visible ASCII characters';
const TYPE_WANTED = 'must be a string of 1 to 256 characters';
const TIMESTAMP_WANTED = 'must be an ISO 8601 date and time with an offset, such as 2026-01-31T09:30:00Z';

/** DynamoDB takes no lone surrogate: an event whose row could not be written would never end. */
const wellFormed = z.refine<string>((text) => text.isWellFormed(), 'must not have half a surrogate pair');

const schema = z.looseObject(
  {
    eventBridgeEventId: z.string(ID_WANTED).check(z.refine(isEventId, ID_WANTED)),
    eventType: z.string(TYPE_WANTED).check(z.minLength(1, TYPE_WANTED), z.maxLength(256, TYPE_WANTED), wellFormed),
    eventTimestamp: z.iso.datetime({ offset: true, error: TIMESTAMP_WANTED }),
    interaction: z.optional(z.looseObject({}, 'must be an object')),
  },
  'must be a JSON object',
);

const isoInstant = z.iso.datetime({ offset: true });

/** Epoch milliseconds of a time in that form or in ISO 8601 with an offset, from 1970 on; undefined for anything else. */
export function instantFrom(value: unknown): number | undefined {
  if (typeof value !== 'number' && !isoInstant.safeParse(value).success) return undefined;
  const ms = Math.trunc(typeof value === 'number' ? value : Date.parse(String(value)));
  return ms >= 0 && !Number.isNaN(new Date(ms).getTime()) ? ms : undefined;
}

/** What is wrong with a time from too far ahead, which would make everything after it stale; else undefined. */
export function aheadOfReceipt(
  field: string,
  timestampMs: number,
  receivedAtMs: number,
  limits: Limits,
): string | undefined {
  if (timestampMs <= receivedAtMs + limits.futureToleranceMs) return undefined;
  return `${field}: ${timestampMs - receivedAtMs} ms ahead of its receipt`;
}

/** Reads an event from a webhook delivery's body; `receivedAtMs` is when it was received. */
export function parseEvent(body: Uint8Array, receivedAtMs: number, limits: Limits): ParsedEvent {
  const parsed = parseJson(body);
  return parsed.kind === 'invalid' ? parsed : webhookEventFrom(parsed.value, receivedAtMs, limits);
}

/** `parseEvent` of a body that is JSON. */
export function webhookEventFrom(value: unknown, receivedAtMs: number, limits: Limits): ParsedEvent {
  const result = schema.safeParse(value);
  if (!result.success) return { kind: 'invalid', reason: describeIssues(result.error.issues) };
  const { eventBridgeEventId: id, eventType: type, eventTimestamp: timestamp, interaction } = result.data;
  if (type.startsWith('interaction.') && interaction === undefined) {
    return { kind: 'invalid', reason: `interaction: ${type} needs an interaction object` };
  }
  const timestampMs = Date.parse(timestamp);
  if (!(timestampMs >= 0)) return { kind: 'invalid', reason: 'eventTimestamp: must not be before 1970' };
  const ahead = aheadOfReceipt('eventTimestamp', timestampMs, receivedAtMs, limits);
  if (ahead !== undefined) return { kind: 'invalid', reason: ahead };
  const to = interaction?.to;
  const event: PipelineEvent = {
    id,
    source: 'genesys-webhook',
    type,
    timestamp,
    timestampMs,
    body: value as Record<string, unknown>,
    ...(interaction === undefined ? {} : { interaction }),
    ...(typeof to === 'string' && to !== '' ? { contactAddress: to } : {}),
  };
  return { kind: 'event', event };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** One line for all that is wrong, field by field. Names fields, never quotes what the sender put there. */
function describeIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => `${issue.path.map(String).join('.') || 'the body'}: ${issue.message}`).join('; ');
}
