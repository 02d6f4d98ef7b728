/**
 * Keeps quarantine from being emptied by SQS, which deletes every message fourteen days after it
 * was sent: what nears that age is sent to quarantine again, as it is. Copies of events that are
 * final by now are dropped.
 */
import { type EventRow, isFinal } from '../domain/idempotency/event-row.ts';
import type { RedriveResult } from '../domain/quarantine/redrive-result.ts';
import type { IdempotencyStore } from '../ports.ts';
import { BATCH_MAX, toBatches } from './batches.ts';
import { forward, removeHeld } from './forward.ts';
import type { HeldMessages } from './held-messages.ts';
import { notedEnvelope, type QuarantinedEvent } from './quarantined-event.ts';
import { RunReportBuilder, stopped } from './run-report.ts';
import { type BatchHandler, type ScanDependencies, type ScanStep, scanQuarantine } from './scan-quarantine.ts';

/** The ports of a refresh. */
export interface RefreshDependencies extends ScanDependencies {
  readonly store: Pick<IdempotencyStore, 'readAhead'>;
}

/**
 * Meets every message once, until `endsAtMs`. What it did not reach is older at the next run, hours
 * later.
 *
 * A message is met once because it is hidden until the run ends: young ones are held, as SQS allows
 * 120,000 in flight. In a larger quarantine the others are sent again, whatever their age, with a
 * delay: a delayed message is not in flight.
 */
export async function refresh(endsAtMs: number, deps: RefreshDependencies): Promise<RedriveResult> {
  const run = new Refresh(endsAtMs, deps);
  const ending = await scanQuarantine(run, endsAtMs, deps);
  return { kind: 'refresh', ...run.tally.report(ending) };
}

class Refresh implements BatchHandler {
  readonly tally: RunReportBuilder;
  readonly #endsAtMs: number;
  readonly #deps: RefreshDependencies;

  constructor(endsAtMs: number, deps: RefreshDependencies) {
    this.tally = new RunReportBuilder(deps.clock.now());
    this.#endsAtMs = endsAtMs;
    this.#deps = deps;
  }

  async onBatch(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep> {
    const { store, clock, limits } = this.#deps;
    const keys = new Set(events.flatMap(({ event }) => event?.key ?? []));
    const read = await store.readAhead({ events: [...keys], contacts: [] });
    // Without the table nothing is known to be final, and everything is kept.
    const rows = 'kind' in read ? new Map<string, EventRow>() : read.events;
    const oldBeforeMs = clock.now() - limits.quarantineRefreshMs;
    const isFull = hold.size > limits.refreshHeldMax;
    const final = events.filter((event) => isCopyOfFinal(event, rows));
    const rest = events.filter((event) => !final.includes(event));
    const again = isFull ? rest : rest.filter(({ held }) => held.message.sentAtMs < oldBeforeMs);
    this.tally.skip(
      rest.filter((event) => !again.includes(event)),
      'young',
    );
    await Promise.all(toBatches(final, BATCH_MAX).map((batch) => this.#drop(batch, hold)));
    const delayMs = isFull ? this.#endsAtMs - clock.now() : 0;
    const causes = await Promise.all(toBatches(again, BATCH_MAX).map((batch) => this.#sendAgain(batch, hold, delayMs)));
    const failed = causes.find((cause) => cause !== undefined);
    return failed === undefined ? 'go_on' : stopped('unavailable', failed);
  }

  async #drop(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<void> {
    const removed = await removeHeld(events, this.#deps.quarantine, hold);
    this.tally.add(removed, 'dropped');
    this.tally.skip(
      events.filter((event) => !removed.includes(event)),
      'not_deleted',
    );
  }

  /** Returns why nothing was sent, or undefined. */
  async #sendAgain(
    events: readonly QuarantinedEvent[],
    hold: HeldMessages,
    delayMs: number,
  ): Promise<string | undefined> {
    const { quarantine, clock } = this.#deps;
    const outgoing = events.map((event) => ({ event, envelope: notedEnvelope(event, clock.now()) }));
    const context = { quarantine, hold, tally: this.tally, delayMs };
    const { sent, notSent, cause = 'SQS: nothing sent' } = await forward(outgoing, quarantine, context);
    this.tally.add(sent, 'refreshed');
    this.tally.skip(notSent, 'not_sent');
    return sent.length > 0 ? undefined : cause;
  }
}

/**
 * True if the processor would only acknowledge this message. False for a reused id, whose row is
 * another event's, and for a message that SQS moved, for which that has not been checked.
 */
function isCopyOfFinal({ event, reason }: QuarantinedEvent, rows: ReadonlyMap<string, EventRow>): boolean {
  if (event === undefined || reason === 'id_reused' || reason === 'dead_lettered') return false;
  const row = rows.get(event.key);
  return row !== undefined && isFinal(row.status) && row.identity === event.identity;
}
