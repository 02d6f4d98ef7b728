/**
 * Events of the partner event bus from a file, as EventBridge would put them into the delivery
 * queue.
 */
import { randomUUID } from 'node:crypto';
import { BY_HAND } from '../../lambdas/domain/delivery/envelope.ts';
import { isObject } from '../../lambdas/domain/delivery/json-body.ts';
import { bodyKey, eventKey } from '../../lambdas/domain/event/event-key.ts';
import { parseSourceEvent } from '../../lambdas/domain/event/parse-event.ts';
import { type OutgoingEvent, readBytes, readPatterns } from '../send/send-events.ts';
import type { SendOptions } from '../send/send-options.ts';

type Json = Readonly<Record<string, unknown>>;

/**
 * As many as asked for, or as the file has; each as a new event of the present time, or the file's
 * bytes as they are.
 */
export function buildPartnerEvents(path: string, options: SendOptions, nowMs: number): OutgoingEvent[] {
  if (options.asIs) return [outgoing(readBytes('--partner', path))];
  const patterns = readPatterns('--partner', path);
  const count = options.count ?? patterns.length;
  return Array.from({ length: count }, (_, index) => {
    // Each a millisecond after the one before, so that contact and time name one event.
    const event = renewed(patterns[index % patterns.length] ?? {}, nowMs - count + index + 1);
    return outgoing(Buffer.from(JSON.stringify(event)));
  });
}

/**
 * The event as if it happened now: its times moved, and another session, or audit. What it lacks it
 * goes on lacking.
 */
function renewed(pattern: Json, atMs: number): Json {
  const at = new Date(atMs).toISOString();
  const event = { ...pattern, id: randomUUID(), time: at };
  const { detail } = pattern;
  if (!isObject(detail)) return event;
  const eventBody = isObject(detail.eventBody) ? { eventBody: renewedBody(detail.eventBody, atMs, at) } : {};
  return { ...event, detail: { ...detail, timestamp: at, ...eventBody } };
}

function renewedBody(body: Json, atMs: number, at: string): Json {
  const changes = {
    id: randomUUID(),
    sessionId: randomUUID(),
    eventTime: typeof body.eventTime === 'string' ? at : atMs,
  };
  return { ...body, ...Object.fromEntries(Object.entries(changes).filter(([name]) => Object.hasOwn(body, name))) };
}

function outgoing(body: Buffer): OutgoingEvent {
  const parsed = parseSourceEvent(body, BY_HAND);
  const eventId = parsed.kind === 'event' ? parsed.event.id : null;
  return { body, rowKey: eventId === null ? bodyKey(body) : eventKey(eventId), eventId };
}
