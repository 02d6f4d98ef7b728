/** Requests of the page, local or in CloudWatch. */
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import { isQuarantineReason } from '../domain/quarantine/quarantine-reasons.ts';

/** Which events a redrive is about: all of one reason, or a single one. */
export type RedriveTarget =
  | { readonly kind: 'reason'; readonly reason: QuarantineReason }
  | { readonly kind: 'event'; readonly eventId: string };

/** A request, checked. */
export type PageRequest =
  | { readonly kind: 'overview' }
  | { readonly kind: 'event'; readonly eventId: string }
  /** A dry run reports what would move, and moves nothing. */
  | { readonly kind: 'redrive'; readonly target: RedriveTarget; readonly dryRun: boolean }
  /** Ends one event without applying it. */
  | { readonly kind: 'give_up'; readonly eventId: string };

/** A request as a button carries it: flat texts, so that a form's fields can carry it too. */
export type FlatRequest = Readonly<Record<string, string>>;

/** `request` as flat texts, which `readPageRequest` reads back. */
export function flatRequest(request: PageRequest): FlatRequest {
  switch (request.kind) {
    case 'overview':
      return {};
    case 'event':
      return { ask: 'event', eventId: request.eventId };
    case 'redrive': {
      const { target, dryRun } = request;
      const ask = dryRun ? 'dry-run' : 'redrive';
      return target.kind === 'reason' ? { ask, reason: target.reason } : { ask, eventId: target.eventId };
    }
    case 'give_up':
      return { ask: 'give-up', eventId: request.eventId };
    default:
      return request satisfies never;
  }
}

/** The longest event id. */
const ID_MAX = 256;

/** Parses a request. An invalid one asks for the overview: nothing is moved by a guess. */
export function readPageRequest(given: Readonly<Record<string, unknown>>): PageRequest {
  const { ask, reason } = given;
  const eventId = idIn(given.eventId);
  if (ask === 'event' && eventId !== undefined) return { kind: 'event', eventId };
  if (ask === 'give-up' && eventId !== undefined && reason === undefined) return { kind: 'give_up', eventId };
  if (ask !== 'dry-run' && ask !== 'redrive') return { kind: 'overview' };
  const target = targetOf(reason, eventId);
  return target === undefined ? { kind: 'overview' } : { kind: 'redrive', target, dryRun: ask === 'dry-run' };
}

function targetOf(reason: unknown, eventId: string | undefined): RedriveTarget | undefined {
  if (isQuarantineReason(reason) && eventId === undefined) return { kind: 'reason', reason };
  return reason === undefined && eventId !== undefined ? { kind: 'event', eventId } : undefined;
}

function idIn(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const id = value.trim();
  return id === '' || id.length > ID_MAX ? undefined : id;
}
