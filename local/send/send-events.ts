/**
 * The events that are sent: made up, or from a file; signed, and put into the order of their
 * deliveries.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { messageOf, UserError } from '../../cli/user-error.ts';
import { type SigningKey, sign } from '../../lambdas/domain/delivery/signature.ts';
import { parseEvent } from '../../lambdas/domain/event/event.ts';
import { bodyKey, eventKey } from '../../lambdas/domain/event/event-key.ts';
import type { SendOptions } from './send-options.ts';

/** An event ready to be delivered. */
export interface OutgoingEvent {
  readonly body: Buffer;
  /** Key of its row in the state table. */
  readonly rowKey: string;
  /** The CRM's idempotency key; null if the event is invalid. */
  readonly eventId: string | null;
}

/** An event ready to be posted to the webhook. */
export interface SignedEvent extends OutgoingEvent {
  readonly signature: string;
}

type Json = Readonly<Record<string, unknown>>;

/** The events that `options` ask for. */
export function buildEvents(options: SendOptions, key: SigningKey, nowMs: number): SignedEvent[] {
  if (options.file !== undefined && options.asIs) return [signed(readBytes('--file', options.file), key)];
  const patterns = options.file === undefined ? undefined : readPatterns('--file', options.file);
  const count = options.count ?? patterns?.length ?? 1;
  const contacts = options.contacts ?? (patterns === undefined ? count : undefined);
  // Contacts of its own for each run: an earlier run's events must not make this one's stale.
  const run = randomInt(10_000);
  return Array.from({ length: count }, (_, index) => {
    const phone = contacts === undefined ? undefined : phoneNumber(run, index % contacts);
    // Each a millisecond after the one before, so that contact and time name one event.
    const timestamp = new Date(nowMs - count + index + 1).toISOString();
    const event =
      patterns === undefined
        ? generateEvent(index, timestamp, phone)
        : renewed(patterns[index % patterns.length] ?? {}, timestamp, phone);
    return signed(Buffer.from(JSON.stringify(event)), key);
  });
}

/** An event as Genesys words it, with a new id. */
export function generateEvent(index: number, eventTimestamp: string, to: string | undefined) {
  return {
    eventBridgeEventId: randomUUID(),
    eventType: index % 2 === 0 ? 'interaction.created' : 'interaction.ended',
    eventTimestamp,
    interaction: { id: randomUUID(), type: 'voice', to },
  };
}

function renewed(pattern: Json, eventTimestamp: string, to: string | undefined): Json {
  const event = { ...pattern, eventBridgeEventId: randomUUID(), eventTimestamp };
  return to === undefined ? event : { ...event, interaction: { ...(pattern.interaction as Json | undefined), to } };
}

function phoneNumber(run: number, contact: number): string {
  return `+1${String(run).padStart(4, '0')}${String(contact).padStart(6, '0')}`;
}

function signed(body: Buffer, key: SigningKey): SignedEvent {
  const parsed = parseEvent(body);
  const eventId = parsed.kind === 'event' ? parsed.event.id : null;
  return { body, signature: sign(body, key), rowKey: eventId === null ? bodyKey(body) : eventKey(eventId), eventId };
}

/** A file's bytes. Refused, naming the option, where it cannot be read. */
export function readBytes(option: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UserError(`${option} ${path}: ${messageOf(error)}`);
  }
}

/**
 * The event, or list of events, that a file holds. Refused, naming the option, where it holds none.
 */
export function readPatterns(option: string, path: string): readonly Json[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readBytes(option, path).toString('utf8'));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${option} ${path}: not JSON (use --as-is to send it anyway)`);
  }
  const patterns: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  if (patterns.length === 0 || !patterns.every((item) => typeof item === 'object' && item !== null)) {
    throw new UserError(`${option} ${path}: must be an event, or a list of events`);
  }
  return patterns as readonly Json[];
}

/** Every event `duplicates` + 1 times, shuffled unless `inOrder`. */
export function arrangeDeliveries<Event extends OutgoingEvent>(
  events: readonly Event[],
  duplicates: number,
  inOrder = false,
): Event[] {
  const deliveries = events.flatMap((event) => Array.from({ length: duplicates + 1 }, () => event));
  if (inOrder) return deliveries;
  for (let last = deliveries.length - 1; last > 0; last -= 1) {
    const other = randomInt(last + 1);
    const [a, b] = [deliveries[last], deliveries[other]];
    if (a !== undefined && b !== undefined) [deliveries[last], deliveries[other]] = [b, a];
  }
  return deliveries;
}
