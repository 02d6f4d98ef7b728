/** What a page shows, read through the ports. What cannot be read is shown as that; the rest is shown all the same. */
import { type CircuitRow, seeCircuit } from '../domain/circuit.ts';
import { type EventLife, lifeOf } from '../domain/event-life.ts';
import type { EventRow } from '../domain/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import type { RedriveAnswer } from '../domain/redrive-answer.ts';
import type {
  CircuitStore,
  Clock,
  KeyedRow,
  PipelineView,
  QuarantineOfReason,
  QueueDepth,
  RedriveRuns,
  Unavailable,
} from '../ports.ts';
import type { PageRequest, RedriveTarget } from './page-request.ts';

/** What the page is made from. */
export interface PageDependencies {
  readonly view: PipelineView;
  readonly circuit: Pick<CircuitStore, 'read'>;
  readonly deliveryQueue: QueueDepth;
  readonly quarantine: QueueDepth;
  readonly redrive: RedriveRuns;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** How many messages a queue holds. */
export type Depth = Exclude<Awaited<ReturnType<QueueDepth['read']>>, Unavailable>;

/** The pipeline as it is. */
export interface Picture {
  readonly atMs: number;
  readonly circuit: CircuitRow | Unavailable;
  readonly deliveryQueue: Depth | Unavailable;
  readonly quarantineQueue: Depth | Unavailable;
  readonly quarantine: readonly QuarantineOfReason[] | Unavailable;
}

/** One row that was found, and its life. */
export interface FoundLife extends KeyedRow {
  readonly life: EventLife;
}

/** What came of what was asked. */
export type Result =
  | {
      readonly kind: 'event';
      readonly eventId: string;
      readonly found: readonly FoundLife[];
      /** Where nothing was found: what that means. */
      readonly unknown: EventLife;
    }
  | {
      readonly kind: 'redrive';
      readonly target: RedriveTarget;
      readonly dryRun: boolean;
      readonly answer: RedriveAnswer;
    }
  | { readonly kind: 'failed'; readonly what: string; readonly cause: string };

/** Everything on a page. */
export interface PageContent {
  readonly picture: Picture;
  readonly result?: Result;
}

/**
 * Events that one press of a button moves at most: at `redriveRatePerSecond` the run ends while somebody is still
 * looking, and what is left is one more press away.
 */
export const PRESS_MAX = 1_000;

/** Carries the request out, then reads everything. */
export async function pageContent(request: PageRequest, deps: PageDependencies): Promise<PageContent> {
  const result = await resultOf(request, deps);
  const picture = await takePicture(deps);
  return result === undefined ? { picture } : { picture, result };
}

/** Reads the pipeline as it is. */
export async function takePicture(deps: PageDependencies): Promise<Picture> {
  const [circuit, deliveryQueue, quarantineQueue, quarantine] = await Promise.all([
    deps.circuit.read(),
    deps.deliveryQueue.read(),
    deps.quarantine.read(),
    deps.view.quarantine(),
  ]);
  const atMs = deps.clock.now();
  return {
    atMs,
    circuit:
      circuit.kind === 'unavailable'
        ? circuit
        : seeCircuit(circuit.kind === 'stored' ? circuit.stored : undefined, atMs, deps.limits).row,
    deliveryQueue,
    quarantineQueue,
    quarantine: quarantine.kind === 'unavailable' ? quarantine : quarantine.reasons,
  };
}

/** Whether this part of the picture could be read. */
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
    default:
      return request satisfies never;
  }
}

async function findEvent(eventId: string, deps: PageDependencies): Promise<Result> {
  const found = await deps.view.find(eventId);
  if (found.kind === 'unavailable')
    return { kind: 'failed', what: 'The event could not be looked up', cause: found.cause };
  const nowMs = deps.clock.now();
  const life = (row: EventRow | undefined) => lifeOf(row, nowMs);
  return {
    kind: 'event',
    eventId,
    found: found.rows.map((keyed) => ({ ...keyed, life: life(keyed.row) })),
    unknown: life(undefined),
  };
}

async function redrive(
  { target, dryRun }: Extract<PageRequest, { kind: 'redrive' }>,
  deps: PageDependencies,
): Promise<Result> {
  const filter = target.kind === 'reason' ? { reasons: [target.reason] } : { eventIds: [target.eventId] };
  const run = await deps.redrive.run({ filter, dryRun, ...(dryRun ? {} : { limit: PRESS_MAX }) });
  if (run.kind === 'unavailable') {
    const what = dryRun ? 'The dry run did not end' : 'The redrive did not tell how it ended; it may have moved events';
    return { kind: 'failed', what, cause: run.cause };
  }
  return { kind: 'redrive', target, dryRun, answer: run.answer };
}
