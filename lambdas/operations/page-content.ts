/**
 * Content of a page, read through the ports. A part that cannot be read is shown as such; the rest
 * is shown anyway.
 */
import { type CircuitBreakerRow, readCircuitBreaker } from '../domain/crm/circuit-breaker.ts';
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import { queryFor } from '../domain/telemetry/contact-state.ts';
import { type EventTimeline, timelineOf } from '../domain/telemetry/event-timeline.ts';
import type {
  CircuitBreakerStore,
  Clock,
  DigestKey,
  EventSearch,
  KeyedRow,
  PipelineView,
  QuarantineOfReason,
  QueueDepth,
  RedriveRuns,
  Unavailable,
} from '../ports.ts';
import type { PageRequest, RedriveTarget } from './page-request.ts';

/** Ports and settings of the page. */
export interface PageDependencies {
  readonly view: PipelineView;
  readonly search: EventSearch;
  readonly digestKey: DigestKey;
  readonly circuitBreaker: Pick<CircuitBreakerStore, 'read'>;
  readonly deliveryQueue: QueueDepth;
  readonly quarantine: QueueDepth;
  readonly redrive: RedriveRuns;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Number of messages in a queue. */
export type Depth = Exclude<Awaited<ReturnType<QueueDepth['read']>>, Unavailable>;

/** The pipeline as it is. */
export interface PipelineSnapshot {
  readonly atMs: number;
  readonly circuitBreaker: CircuitBreakerRow | Unavailable;
  readonly deliveryQueue: Depth | Unavailable;
  readonly quarantineQueue: Depth | Unavailable;
  readonly quarantine: readonly QuarantineOfReason[] | Unavailable;
  /** Events that recovery returns in a minute. */
  readonly returnsPerMinute: number;
}

/** One row that was found, and its life. */
export interface FoundTimeline extends KeyedRow {
  readonly timeline: EventTimeline;
}

/** Result of a request. */
export type Result =
  | {
      readonly kind: 'event';
      readonly eventId: string;
      readonly found: readonly FoundTimeline[];
      /** Explanation to show if nothing was found. */
      readonly unknown: EventTimeline;
    }
  /** Events of a contact or an interaction. */
  | {
      readonly kind: 'search';
      readonly text: string;
      readonly contacts: readonly ContactRow[];
      readonly count: number;
      /** The newest. */
      readonly found: readonly FoundTimeline[];
      readonly isComplete: boolean;
      readonly atMs: number;
    }
  | {
      readonly kind: 'redrive';
      readonly target: RedriveTarget;
      readonly dryRun: boolean;
      readonly answer: RedriveResult;
    }
  | { readonly kind: 'given_up'; readonly eventId: string; readonly answer: RedriveResult }
  | { readonly kind: 'failed'; readonly what: string; readonly cause: string };

/** Everything on a page. */
export interface PageContent {
  readonly snapshot: PipelineSnapshot;
  readonly result?: Result;
}

/**
 * Maximum events that one press of a button moves: at `redriveRatePerSecond` the run ends while the
 * user still watches. Another press moves the rest.
 */
export const REDRIVE_BATCH_MAX = 1_000;

/** Carries the request out, then reads everything. */
export async function pageContent(request: PageRequest, deps: PageDependencies): Promise<PageContent> {
  const result = await resultOf(request, deps);
  const picture = await takeSnapshot(deps);
  return result === undefined ? { snapshot: picture } : { snapshot: picture, result };
}

/** Duration of one recovery run; it starts once a minute (recover.ts). */
const RECOVERY_SECONDS_A_MINUTE = 50;

/** Reads the pipeline as it is. */
export async function takeSnapshot(deps: PageDependencies): Promise<PipelineSnapshot> {
  const [circuit, deliveryQueue, quarantineQueue, quarantine] = await Promise.all([
    deps.circuitBreaker.read(),
    deps.deliveryQueue.read(),
    deps.quarantine.read(),
    deps.view.quarantine(),
  ]);
  const atMs = deps.clock.now();
  return {
    atMs,
    circuitBreaker:
      circuit.kind === 'unavailable'
        ? circuit
        : readCircuitBreaker(circuit.kind === 'stored' ? circuit.stored : undefined, atMs, deps.limits).row,
    deliveryQueue,
    quarantineQueue,
    quarantine: quarantine.kind === 'unavailable' ? quarantine : quarantine.reasons,
    returnsPerMinute: deps.limits.recoveryRatePerSecond * RECOVERY_SECONDS_A_MINUTE,
  };
}

/** True if this part of the picture could be read. */
export function isRead<Part extends object>(part: Part | Unavailable): part is Exclude<Part, Unavailable> {
  return !('kind' in part && part.kind === 'unavailable');
}

/** Carries the request out; undefined where nothing was asked. */
export async function resultOf(request: PageRequest, deps: PageDependencies): Promise<Result | undefined> {
  switch (request.kind) {
    case 'overview':
      return undefined;
    case 'event':
      return findEvent(request.eventId, deps);
    case 'redrive':
      return redrive(request, deps);
    case 'give_up':
      return giveUp(request.eventId, deps);
    default:
      return request satisfies never;
  }
}

/** Events that a search lists. */
const SEARCH_MAX = 10;

/** An event by its id, or else the events of a contact or an interaction. */
async function findEvent(eventId: string, deps: PageDependencies): Promise<Result> {
  const found = await deps.view.find(eventId);
  if (found.kind === 'unavailable')
    return { kind: 'failed', what: 'The event could not be looked up', cause: found.cause };
  const nowMs = deps.clock.now();
  const life = (row: EventRow | undefined) => timelineOf(row, nowMs);
  const withLives = (rows: readonly KeyedRow[]) => rows.map((keyed) => ({ ...keyed, timeline: life(keyed.row) }));
  const event = { kind: 'event', eventId, found: withLives(found.rows), unknown: life(undefined) } as const;
  if (found.rows.length > 0) return event;
  const known = await deps.digestKey.read();
  const searched =
    known.kind === 'unavailable' ? known : await deps.search.search(queryFor(eventId, known.key), SEARCH_MAX);
  if (searched.kind === 'unavailable')
    return { kind: 'failed', what: 'The table could not be searched', cause: searched.cause };
  const { contacts, rows, count, isComplete } = searched;
  if (contacts.length + rows.length === 0 && isComplete) return event;
  return { kind: 'search', text: eventId, contacts, count, found: withLives(rows), isComplete, atMs: nowMs };
}

/** The page does not know who is looking at it. */
const GIVE_UP = { by: 'the operations page', why: 'no longer wanted' };

async function giveUp(eventId: string, deps: PageDependencies): Promise<Result> {
  const run = await deps.redrive.run({ filter: { eventIds: [eventId] }, dryRun: false, giveUp: GIVE_UP });
  if (run.kind === 'unavailable')
    return { kind: 'failed', what: 'The event may or may not have been given up', cause: run.cause };
  return { kind: 'given_up', eventId, answer: run.answer };
}

async function redrive(
  { target, dryRun }: Extract<PageRequest, { kind: 'redrive' }>,
  deps: PageDependencies,
): Promise<Result> {
  const filter = target.kind === 'reason' ? { reasons: [target.reason] } : { eventIds: [target.eventId] };
  const run = await deps.redrive.run({ filter, dryRun, ...(dryRun ? {} : { limit: REDRIVE_BATCH_MAX }) });
  if (run.kind === 'unavailable') {
    const what = dryRun ? 'The dry run did not end' : 'The redrive did not tell how it ended; it may have moved events';
    return { kind: 'failed', what, cause: run.cause };
  }
  return { kind: 'redrive', target, dryRun, answer: run.answer };
}
