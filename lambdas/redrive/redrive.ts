/**
 * Moves the requested messages from quarantine to the delivery queue, or reports what it would
 * move.
 */

import type { Limits } from '../domain/limits.ts';
import type { RedriveFilter, RedriveRequest } from '../domain/quarantine/redrive-request.ts';
import type { RedriveResult, SkipCause } from '../domain/quarantine/redrive-result.ts';
import type { HeldMessages } from './held-messages.ts';
import { MessageMover, type MoveDependencies } from './move-messages.ts';
import { type QuarantinedEvent, redriveLimitReached } from './quarantined-event.ts';
import { RunReportBuilder, stopped } from './run-report.ts';
import { type ScanDependencies, type ScanStep, scanQuarantine } from './scan-quarantine.ts';

/** A request for a redrive. */
export type FilteredRequest = Extract<RedriveRequest, { kind: 'redrive' }>;

/** Safe to run again, and twice at once: each run sees what the other does not hold. */
export async function redrive(
  request: FilteredRequest,
  endsAtMs: number,
  deps: ScanDependencies & MoveDependencies,
): Promise<RedriveResult> {
  const { filter, limit = Number.POSITIVE_INFINITY, dryRun, listMoved, ratePerSecond, giveUp, newKey } = request;
  const tally = new RunReportBuilder(deps.clock.now());
  const order = { by: 'person', ...(giveUp && { giveUp }), ...(newKey && { newKey }) } as const;
  const mover = new MessageMover(deps, tally, ratePerSecond, order);
  const seen = new Set<string | undefined>();

  async function visit(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const meant = events.filter((event) => {
      if (filter.eventIds.length > 0) seen.add(event.eventId);
      const why = whyItStays(event, filter, tally, deps.limits);
      if (why !== undefined) tally.skip([event], why);
      return why === undefined;
    });
    const chosen = meant.slice(0, limit - tally.moved);
    tally.skip(meant.slice(chosen.length), 'limit');
    if (dryRun) tally.add(chosen, 'would_move');
    const verdict = dryRun ? 'go_on' : await mover.move(chosen, hold);
    return verdict === 'go_on' && tally.moved >= limit ? stopped('limit') : verdict;
  }

  const ending = await scanQuarantine({ onBatch: visit }, endsAtMs, deps);
  const found = filter.eventIds.filter((id) => seen.has(id));
  const counted = found.length < filter.eventIds.length ? await deps.quarantine.count() : undefined;
  const heldElsewhere = counted?.kind === 'counted' ? counted.inFlight : 0;
  return {
    kind: 'redrive',
    dryRun,
    ...(filter.eventIds.length === 0 ? {} : { eventIdsFound: found }),
    ...(listMoved === true ? { movedKeys: tally.movedKeys } : {}),
    ...(heldElsewhere === 0 ? {} : { heldElsewhere }),
    ...tally.report(ending),
  };
}

/** Why this message is not to be moved, or undefined if it is. */
function whyItStays(
  event: QuarantinedEvent,
  filter: RedriveFilter,
  tally: RunReportBuilder,
  limits: Limits,
): SkipCause | undefined {
  if (!isMeant(event, filter)) return 'filter';
  // An event that fails again at once would go round and round.
  if (tally.arrivedDuringRun(event, filter.quarantinedBeforeMs)) return 'arrived_during_run';
  // A person who names an event knows that it has been redriven before.
  const named = filter.eventIds.length > 0;
  return redriveLimitReached(event, limits) && !named ? 'redrives_max' : undefined;
}

function isMeant(event: QuarantinedEvent, filter: RedriveFilter): boolean {
  const { receivedFromMs = Number.NEGATIVE_INFINITY, receivedToMs = Number.POSITIVE_INFINITY } = filter;
  return (
    isAmong(filter.reasons, event.reason) &&
    isAmong(filter.eventTypes, event.event?.type) &&
    isAmong(filter.eventIds, event.eventId) &&
    event.receivedAtMs >= receivedFromMs &&
    event.receivedAtMs < receivedToMs
  );
}

/** An empty list names everything. */
function isAmong<Item>(list: readonly Item[], item: Item | undefined): boolean {
  return list.length === 0 || (item !== undefined && list.includes(item));
}
