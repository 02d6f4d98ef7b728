/**
 * The event's id, which is all that ingest reads of a body: without the schemas, and so without
 * what they load.
 */
import { hash } from 'node:crypto';
import { isObject, parseJson } from './json-body.ts';

/** 1 to 256 visible ASCII characters. */
const EVENT_ID = /^[\x21-\x7e]{1,256}$/;

/** True if `value` can be an event id. */
export function isEventId(value: unknown): value is string {
  return typeof value === 'string' && EVENT_ID.test(value);
}

/**
 * An identity as an event id: itself, or its SHA-256 in hex where it is too long or has other
 * characters.
 */
export function toEventId(identity: string): string {
  return isEventId(identity) ? identity : hash('sha256', identity);
}

/**
 * The body's `field`, or null where it is no usable event id. Never throws, whatever the body is.
 */
export function eventIdOf(body: Uint8Array, field = 'eventBridgeEventId'): string | null {
  const parsed = parseJson(body);
  if (parsed.kind === 'invalid' || !isObject(parsed.value) || !Object.hasOwn(parsed.value, field)) return null;
  const id = parsed.value[field];
  return isEventId(id) ? id : null;
}
