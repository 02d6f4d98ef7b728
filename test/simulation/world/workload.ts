/** Events to send: most of few contacts, in any order. */
import type { CrmMapping } from '../../../lambdas/domain/crm/mapping.ts';

/** When every world begins. */
export const START_MS = Date.parse('2026-01-31T09:30:00Z');

/** Outcome of an event when nothing goes wrong. */
export type EventKind =
  /** Applied, unless something newer of its contact has been. */
  | 'ordered'
  /** Applied, in any order: its mapping gives no ordering key. */
  | 'unordered'
  /** Handled by no mapping. */
  | 'ignored'
  /** Violates the schema: it ends in quarantine. */
  | 'invalid';

/** One event. Names sort as the events' timestamps do. */
export interface WorkEvent {
  readonly name: string;
  readonly kind: EventKind;
  readonly contact: string;
  readonly body: string;
}

/** The `index`-th oldest event. */
export function makeEvent(index: number, kind: EventKind, contact: string): WorkEvent {
  const name = `e${String(index).padStart(2, '0')}`;
  const eventTimestamp = kind === 'invalid' ? 'yesterday' : new Date(START_MS + (index - 3) * 20_000).toISOString();
  const eventType = kind === 'ignored' ? 'user.presence' : 'interaction.created';
  const body = { eventBridgeEventId: name, eventType, eventTimestamp, interaction: { to: contact, kind } };
  return { name, kind, contact, body: JSON.stringify(body) };
}

/** The replay of every world. */
export const REPLAY_ID = 'r';

/** The event as the replay sends it again. Its name sorts behind the event's, before the next. */
export function replayOf(event: WorkEvent): WorkEvent {
  return { ...event, name: replayedName(event.name) };
}

/** Name of an event that the replay sends again. */
export function replayedName(name: string): string {
  return `${name}@${REPLAY_ID}`;
}

/** Id of an event, by its name: the same for the event that the replay sends again. */
export function idOf(name: string): string {
  return name.split('@')[0] ?? name;
}

/** True for the name of an event that the replay sends again. */
export function isReplayed(name: string): boolean {
  return name !== idOf(name);
}

/** True if the event's outcome comes with rows of the user's own. */
export function hasRows({ kind }: WorkEvent): boolean {
  return kind === 'ordered' || kind === 'unordered';
}

/** Key of the row that keeps the newest event of a contact. */
export function newestRowKey(contact: string): string {
  return `newest ${contact}`;
}

/**
 * Each event sets its contact, and writes a row of its own, which nobody may have written before,
 * and the row of its contact's newest event.
 */
export const workMapping: CrmMapping = (event) => {
  if (event.type !== 'interaction.created') return { kind: 'ignore' };
  const { to, kind } = event.interaction ?? {};
  return {
    kind: 'deliver',
    action: { kind: 'request', method: 'POST', path: '/', body: event.id },
    orderingKey: kind === 'unordered' ? null : String(to),
    rows: [
      { key: event.id, item: {}, onlyIfAbsent: true },
      { key: newestRowKey(String(to)), item: { event: event.id }, onlyIfNewer: true },
    ],
  };
};
