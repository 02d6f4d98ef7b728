/** The event schema: what a delivery's body must say to be processed, and what is wrong where it does not. */
import * as z from 'zod/mini';
import type { Limits } from './limits.ts';

/** An event that satisfies the schema. */
export interface PipelineEvent {
  /** `eventBridgeEventId`. */
  readonly id: string;
  readonly type: string;
  /** `eventTimestamp` as it came. */
  readonly timestamp: string;
  readonly timestampMs: number;
  /** The whole body, unknown fields included. */
  readonly body: Readonly<Record<string, unknown>>;
  /** `interaction` where the event has one. */
  readonly interaction?: Readonly<Record<string, unknown>>;
}

/** A parsed event, or the reason why it is none. */
export type ParsedEvent =
  | { readonly kind: 'event'; readonly event: PipelineEvent }
  | { readonly kind: 'invalid'; readonly reason: string };

/** 1 to 256 visible ASCII characters. */
const EVENT_ID = /^[\x21-\x7e]{1,256}$/;

const ID_WANTED = 'must be 1 to 256 visible ASCII characters';
const TYPE_WANTED = 'must be a string of 1 to 256 characters';
const TIMESTAMP_WANTED = 'must be an ISO 8601 date and time with an offset, such as 2026-01-31T09:30:00Z';

/** DynamoDB takes no lone surrogate: an event whose row could not be written would never end. */
const wellFormed = z.refine<string>((text) => text.isWellFormed(), 'must not have half a surrogate pair');

const schema = z.looseObject(
  {
    eventBridgeEventId: z.string(ID_WANTED).check(z.regex(EVENT_ID, ID_WANTED)),
    eventType: z.string(TYPE_WANTED).check(z.minLength(1, TYPE_WANTED), z.maxLength(256, TYPE_WANTED), wellFormed),
    eventTimestamp: z.iso.datetime({ offset: true, error: TIMESTAMP_WANTED }),
    interaction: z.optional(z.looseObject({}, 'must be an object')),
  },
  'must be a JSON object',
);

/** Whether `value` can be an event id. */
export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && EVENT_ID.test(value);
}

/** The body's `eventBridgeEventId`, or null where it has no usable one. Never throws, whatever the body is. */
export function eventIdOf(body: Uint8Array): string | null {
  const parsed = parseJson(body);
  if (parsed.kind === 'invalid' || typeof parsed.value !== 'object' || parsed.value === null) return null;
  const id = (parsed.value as { readonly eventBridgeEventId?: unknown }).eventBridgeEventId;
  return isEventId(id) ? id : null;
}

function parseJson(
  body: Uint8Array,
): { readonly kind: 'json'; readonly value: unknown } | { readonly kind: 'invalid'; readonly reason: string } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false }).decode(body);
    return { kind: 'json', value: JSON.parse(text) };
  } catch (error) {
    const reason =
      error instanceof SyntaxError ? 'the body is not JSON' : 'the body is not UTF-8 JSON that can be read';
    return { kind: 'invalid', reason };
  }
}

/** Reads an event from a delivery's body; `receivedAtMs` is when it was received. */
export function parseEvent(body: Uint8Array, receivedAtMs: number, limits: Limits): ParsedEvent {
  const parsed = parseJson(body);
  if (parsed.kind === 'invalid') return parsed;
  const result = schema.safeParse(parsed.value);
  if (!result.success) return { kind: 'invalid', reason: describeIssues(result.error.issues) };
  const { eventBridgeEventId: id, eventType: type, eventTimestamp: timestamp, interaction } = result.data;
  if (type.startsWith('interaction.') && interaction === undefined) {
    return { kind: 'invalid', reason: `interaction: ${type} needs an interaction object` };
  }
  const timestampMs = Date.parse(timestamp);
  if (!(timestampMs >= 0)) return { kind: 'invalid', reason: 'eventTimestamp: must not be before 1970' };
  if (timestampMs > receivedAtMs + limits.futureToleranceMs) {
    return { kind: 'invalid', reason: `eventTimestamp: ${timestampMs - receivedAtMs} ms ahead of its receipt` };
  }
  const common = { id, type, timestamp, timestampMs, body: parsed.value as Record<string, unknown> };
  return { kind: 'event', event: interaction === undefined ? common : { ...common, interaction } };
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** One line for all that is wrong, field by field. Names fields, never quotes what the sender put there. */
function describeIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => `${issue.path.map(String).join('.') || 'the body'}: ${issue.message}`).join('; ');
}
