/**
 * The canonical event, in which every way in ends, and the schema of the webhook's: what its body
 * must say to be processed, and what is wrong where it does not.
 */
import * as z from 'zod/mini';
import { isEventId } from '../delivery/event-id.ts';
import { parseJson } from '../delivery/json-body.ts';
import type { ProfileName } from '../delivery/signature-profiles.ts';
import type { Limits } from '../limits.ts';
import { formatDuration } from '../telemetry/format-duration.ts';
import { contactAddressFrom } from './contact-address.ts';
import { parseInstant } from './instant.ts';

/** Which way an event came, and so which form its body has. */
export type EventSource = ProfileName | 'genesys-partner-bus';

/** An event, whichever way it came. */
export interface PipelineEvent {
  /**
   * 1 to 256 visible ASCII characters: what duplicates have in common, and the CRM's idempotency
   * key.
   */
  readonly id: string;
  readonly source: EventSource;
  /**
   * Webhook: `eventType`. Partner bus: the `detail-type`, for example
   * `v2.detail.events.conversation.{id}.customer.end`. Open Messaging: `open-messaging.` and the
   * body's `type`.
   */
  readonly type: string;
  /** When it happened, in ISO 8601 with every digit that was sent. */
  readonly timestamp: string;
  readonly timestampMs: number;
  /** The digits of `timestamp` after the millisecond, without zeros at their end. */
  readonly subMillis: string;
  /**
   * Phone number or address of the customer, as `contactAddressFrom` reduces it; absent for a
   * withheld caller.
   */
  readonly contactAddress?: string;
  /** The whole body, unknown fields included. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Webhook: `interaction` where the event has one. */
  readonly interaction?: Readonly<Record<string, unknown>>;
  /** Partner bus: `detail.eventBody` where it is an object. */
  readonly eventBody?: Readonly<Record<string, unknown>>;
}

/** A parsed event, or the reason why it is invalid. */
export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: PipelineEvent }
  | { readonly kind: 'invalid'; readonly reason: string };

const ID_WANTED = 'must be 1 to 256 visible ASCII characters';
const TYPE_WANTED = 'must be a string of 1 to 256 characters';
const TIMESTAMP_WANTED = 'must be an ISO 8601 date and time from 1970 on with an offset, such as 2026-01-31T09:30:00Z';

const isInstant = (text: string) => parseInstant(text) !== undefined;

/** DynamoDB takes no lone surrogate: an event whose row could not be written would never end. */
const wellFormed = z.refine<string>((text) => text.isWellFormed(), 'must not have half a surrogate pair');

const schema = z.looseObject(
  {
    eventBridgeEventId: z.string(ID_WANTED).check(z.refine(isEventId, ID_WANTED)),
    eventType: z.string(TYPE_WANTED).check(z.minLength(1, TYPE_WANTED), z.maxLength(256, TYPE_WANTED), wellFormed),
    eventTimestamp: z.string(TIMESTAMP_WANTED).check(z.refine(isInstant, TIMESTAMP_WANTED)),
    interaction: z.optional(z.looseObject({}, 'must be an object')),
  },
  'must be a JSON object',
);

/**
 * Why an event is too far ahead of the clock of the attempt; undefined if it is not. Applied, it
 * would make every event after it stale. Once its time has come, a redrive processes it.
 */
export function problemWithFuture(event: PipelineEvent, nowMs: number, limits: Limits): string | undefined {
  const aheadMs = event.timestampMs - nowMs;
  return aheadMs > limits.futureToleranceMs
    ? `the event’s time is ${formatDuration(aheadMs)} ahead of the clock`
    : undefined;
}

/** Reads an event from a webhook delivery's body. */
export function parseEvent(body: Uint8Array): ParsedEvent {
  const parsed = parseJson(body);
  return parsed.kind === 'invalid' ? parsed : webhookEventFrom(parsed.value);
}

/** `parseEvent` of a body that is JSON. */
export function webhookEventFrom(value: unknown): ParsedEvent {
  const result = schema.safeParse(value);
  if (!result.success) return { kind: 'invalid', reason: describeIssues(result.error.issues) };
  const { eventBridgeEventId: id, eventType: type, eventTimestamp, interaction } = result.data;
  if (type.startsWith('interaction.') && interaction === undefined) {
    return { kind: 'invalid', reason: `interaction: ${type} needs an interaction object` };
  }
  const instant = parseInstant(eventTimestamp);
  if (instant === undefined) return { kind: 'invalid', reason: `eventTimestamp: ${TIMESTAMP_WANTED}` };
  const to = typeof interaction?.to === 'string' ? contactAddressFrom(interaction.to) : undefined;
  const event: PipelineEvent = {
    id,
    source: 'genesys-webhook',
    type,
    timestamp: instant.text,
    timestampMs: instant.timestampMs,
    subMillis: instant.subMillis,
    body: value as Record<string, unknown>,
    ...(interaction === undefined ? {} : { interaction }),
    ...(to === undefined ? {} : { contactAddress: to }),
  };
  return { kind: 'event', event };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/**
 * One line for all that is wrong, field by field. Names fields, never quotes what the sender put
 * there.
 */
function describeIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => `${issue.path.map(String).join('.') || 'the body'}: ${issue.message}`).join('; ');
}
