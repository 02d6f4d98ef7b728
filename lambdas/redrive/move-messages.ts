/** Moves events to the delivery queue, no faster than a rate. */
import { MESSAGE_BYTES_MAX, messageBytes } from '../domain/delivery/envelope.ts';
import { type RedriveOrder, readQuarantineNote, returnedEnvelope } from '../domain/quarantine/quarantine-note.ts';
import { Pace } from '../pace.ts';
import type { BatchQueue, Clock, QuarantineQueue, Sleep } from '../ports.ts';
import { BATCH_MAX, toBatches } from './batches.ts';
import { type ForwardedEvent, forward } from './forward.ts';
import type { HeldMessages } from './held-messages.ts';
import { notedEnvelope, type QuarantinedEvent } from './quarantined-event.ts';
import { type RunReportBuilder, stopped } from './run-report.ts';
import type { ScanStep } from './scan-quarantine.ts';

/** Ports and settings for moving. */
export interface MoveDependencies {
  readonly quarantine: QuarantineQueue;
  readonly deliveryQueue: BatchQueue;
  readonly clock: Clock;
  readonly sleep: Sleep;
}

/**
 * Message for the delivery queue, with a note of who sends it back. Undefined if the message has no
 * room for the note and cannot go without: recovery counts its returns in the note, and an order to
 * give the event up, or to use a new key, stands there.
 */
export function outgoingEvent(event: QuarantinedEvent, order: RedriveOrder, nowMs: number): ForwardedEvent | undefined {
  const envelope = returnedEnvelope(notedEnvelope(event, nowMs), order, nowMs);
  const isNoted = readQuarantineNote(envelope.attributes)?.returned !== undefined;
  if (isNoted && messageBytes(envelope) <= MESSAGE_BYTES_MAX) return { event, envelope };
  const { by, giveUp, newKey } = order;
  const isOptional = by === 'person' && giveUp === undefined && newKey === undefined;
  return isOptional ? { event, envelope: event.held.message } : undefined;
}

/** Moves what it is given, batch by batch. */
export class MessageMover {
  readonly #deps: MoveDependencies;
  readonly #tally: RunReportBuilder;
  readonly #pace: Pace;
  readonly #batchMax: number;

  readonly #order: RedriveOrder;

  /** `perSecond` is a whole number. */
  constructor(deps: MoveDependencies, tally: RunReportBuilder, perSecond: number, order: RedriveOrder) {
    this.#deps = deps;
    this.#order = order;
    this.#tally = tally;
    this.#pace = new Pace(perSecond, deps.clock, deps.sleep);
    // No more at once than a second's worth.
    this.#batchMax = Math.min(BATCH_MAX, perSecond);
  }

  /**
   * Moves these, with the note by which the processor knows where they come from. Asks `mayGoOn`
   * before each batch.
   */
  async move(
    events: readonly QuarantinedEvent[],
    hold: HeldMessages,
    mayGoOn: () => Promise<ScanStep> = async () => 'go_on',
  ): Promise<ScanStep> {
    const batches = toBatches(events, this.#batchMax);
    for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
      const verdict = await this.#moveBatch(batch, hold, mayGoOn);
      if (verdict === 'go_on') continue;
      this.#tally.skip(batches.flat(), 'run_ended');
      return verdict;
    }
    return 'go_on';
  }

  async #moveBatch(
    batch: readonly QuarantinedEvent[],
    hold: HeldMessages,
    mayGoOn: () => Promise<ScanStep>,
  ): Promise<ScanStep> {
    const { deliveryQueue, quarantine } = this.#deps;
    const verdict = (await this.#pace.admit(batch.length, hold.workUntilMs)) ? await mayGoOn() : stopped('time');
    if (verdict !== 'go_on') {
      this.#tally.skip(batch, verdict.stoppedBecause === 'circuit_open' ? 'circuit_open' : 'run_ended');
      return verdict;
    }
    const outgoing = batch.flatMap((event) => outgoingEvent(event, this.#order, this.#deps.clock.now()) ?? []);
    this.#tally.skip(
      batch.filter((event) => !outgoing.some((one) => one.event === event)),
      'not_sent',
    );
    if (outgoing.length === 0) return 'go_on';
    const { sent, notSent, cause } = await forward(outgoing, deliveryQueue, { quarantine, hold, tally: this.#tally });
    this.#tally.add(sent, 'moved');
    this.#tally.skip(notSent, 'not_sent');
    return sent.length === 0 ? stopped('unavailable', cause) : 'go_on';
  }
}
