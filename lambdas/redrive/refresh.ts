/**
 * Keeps quarantine from being emptied by SQS, which deletes every message fourteen days after it was sent: what nears
 * that age is sent to quarantine again, as it is. Copies of events that are final by now are dropped.
 */
import type { EventRow } from '../domain/idempotency/event-row.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { IdempotencyStore } from '../ports.ts';
import { BATCH_MAX, toBatches } from './batches.ts';
import { forward, removeHeld } from './forward.ts';
import type { HeldMessages } from './held-messages.ts';
import { notedEnvelope, type QuarantinedEvent } from './quarantined-event.ts';
import { RunReportBuilder, stopped } from './run-report.ts';
import { type ScanDependencies, type ScanStep, scanQuarantine } from './scan-quarantine.ts';

/** What refreshing needs. */
export interface RefreshDependencies extends ScanDependencies {
  readonly store: Pick<IdempotencyStore, 'readAhead'>;
}

/** Looks at everything until `endsAtMs`. What it does not come to is there the next day. */
export async function refresh(endsAtMs: number, deps: RefreshDependencies): Promise<RedriveResult> {
  const { quarantine, store, clock, limits } = deps;
  const tally = new RunReportBuilder(deps.clock.now());

  async function visit(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const keys = new Set(events.flatMap(({ event }) => event?.key ?? []));
    const read = await store.readAhead({ events: [...keys], contacts: [] });
    // Without the table nothing is known to be final, and everything is kept.
    const rows = 'kind' in read ? new Map<string, EventRow>() : read.events;
    const final = events.filter((event) => isCopyOfFinal(event, rows));
    await drop(final, hold);
    const rest = events.filter((event) => !final.includes(event));
    const oldBeforeMs = clock.now() - limits.quarantineRefreshMs;
    const old = rest.filter(({ held }) => held.message.sentAtMs < oldBeforeMs);
    tally.skip(
      rest.filter((event) => !old.includes(event)),
      'young',
    );
    return sendAgain(old, hold);
  }

  async function drop(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<void> {
    for (const batch of toBatches(events, BATCH_MAX)) {
      const removed = await removeHeld(batch, quarantine, hold);
      tally.add(removed, 'dropped');
      tally.skip(
        batch.filter((event) => !removed.includes(event)),
        'not_deleted',
      );
    }
  }

  async function sendAgain(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const batches = toBatches(events, BATCH_MAX);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const outgoing = batch.map((event) => ({ event, envelope: notedEnvelope(event, clock.now()) }));
      const { sent, notSent, cause } = await forward(outgoing, quarantine, { quarantine, hold, tally });
      tally.add(sent, 'refreshed');
      tally.skip(notSent, 'not_sent');
      if (sent.length > 0) continue;
      tally.skip(batches.flat(), 'run_ended');
      return stopped('unavailable', cause);
    }
    return 'go_on';
  }

  const ending = await scanQuarantine({ onBatch: visit }, endsAtMs, deps);
  return { kind: 'refresh', ...tally.report(ending) };
}

/**
 * Whether the processor would only acknowledge this message. An id that is reused has another event's row, and of a
 * message that SQS moved nobody has looked whether it is that one: these are kept.
 */
function isCopyOfFinal({ event, reason }: QuarantinedEvent, rows: ReadonlyMap<string, EventRow>): boolean {
  if (event === undefined || reason === 'id_reused' || reason === 'dead_lettered') return false;
  const row = rows.get(event.key);
  const isFinal = row?.status === 'COMPLETED' || row?.status === 'STALE' || row?.status === 'IGNORED';
  return isFinal && row.identity === event.identity;
}
