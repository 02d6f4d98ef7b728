/**
 * Names of rows and of the index in the state table, and the digest that distinguishes an event
 * from another that reuses its id.
 */
import { hash } from 'node:crypto';
import type { PipelineEvent } from './event.ts';

/**
 * The index that lists quarantined events by reason and time; rows of other events have no `reason`
 * and are not in it.
 */
export const QUARANTINE_INDEX = 'quarantine-by-reason';

/** SHA-256 over the parts, in hex. */
export function digest(...parts: readonly (string | Uint8Array)[]): string {
  const all = parts.flatMap((part) => {
    const [encoding, bytes] = bytesOf(part);
    // Each part's length goes first, so that no two lists of parts run together into the same
    // bytes.
    return [Buffer.from(`${bytes.length}${encoding}:`), bytes];
  });
  return hash('sha256', Buffer.concat(all));
}

/**
 * UTF-8 makes one character of all lone surrogates: text that has one is distinguished by its code
 * units.
 */
function bytesOf(part: string | Uint8Array): readonly ['' | 'u16', Uint8Array] {
  if (typeof part !== 'string') return ['', part];
  return part.isWellFormed() ? ['', Buffer.from(part, 'utf8')] : ['u16', Buffer.from(part, 'utf16le')];
}

/** The row of the event with this id. */
export function eventKey(eventId: string): string {
  return `EVENT#${eventId}`;
}

/** The row of a body that is no valid event. Its prefix keeps it apart from every event id. */
export function bodyKey(bytes: Uint8Array): string {
  return `BODY#${digest(bytes)}`;
}

/** The row of an event that came under an id which another event already had. */
export function reusedIdKey(eventId: string, identity: string, orderingDigest: string | undefined): string {
  return `REUSED#${digest(eventId, identity, orderingDigest ?? '')}`;
}

/**
 * The row of an event in a replay: apart from that of its delivery, which is final, and from those
 * of other replays. `key` is one of the keys above. Without a replay it stands.
 */
export function replayedKey(replayId: string | undefined, key: string): string {
  return replayId === undefined ? key : `REPLAY#${replayId}#${key}`;
}

/**
 * SHA-256 of an ordering key, by which version 0.1.0 named a contact's row. `contactNames` makes
 * the digest of today from it.
 */
export function orderingKeyDigest(orderingKey: string): string {
  return digest(orderingKey);
}

/** The row of the contact with this ordering key's digest. */
export function contactKey(orderingDigest: string): string {
  return `CONTACT#${orderingDigest}`;
}

/** The row of a dependency's circuit. */
export function circuitBreakerKey(dependency: 'crm'): string {
  return `CIRCUIT#${dependency}`;
}

/** The row of a dependency's schedule of requests. */
export function rateKey(dependency: 'crm'): string {
  return `RATE#${dependency}`;
}

/** The row of a user's own key. */
export function userRowKey(key: string): string {
  return `USER#${key}`;
}

/**
 * Digest of what deliveries of one event have in common besides their ordering key: type and
 * timestamp.
 */
export function identityOf(event: PipelineEvent): string {
  const { type, timestampMs, subMillis } = event;
  return digest(type, subMillis === '' ? String(timestampMs) : `${timestampMs}.${subMillis}`);
}

/** The identity of a body that is no valid event: itself. */
export function bodyIdentity(bytes: Uint8Array): string {
  return digest(bytes);
}
