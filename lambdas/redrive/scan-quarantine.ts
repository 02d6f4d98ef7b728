/**
 * Scans quarantine once. SQS can neither search nor list, so a scan receives every message. It
 * holds them, so that none is received twice, and releases those that stay at the end. After a run
 * that dies they become visible automatically: no message is held for much longer than its run may
 * last.
 */
import type { Limits } from '../domain/limits.ts';
import type { Clock, HeldMessage, QuarantineQueue, Unavailable } from '../ports.ts';
import { BATCH_MAX, toBatches } from './batches.ts';
import { HeldMessages } from './held-messages.ts';
import { type QuarantinedEvent, readQuarantined } from './quarantined-event.ts';
import { type Ending, stopped } from './run-report.ts';

/** Ports and settings of the scan. */
export interface ScanDependencies {
  readonly quarantine: QuarantineQueue;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Result of a round: go on, or end the run. */
export type ScanStep = 'go_on' | Exclude<Ending, { readonly reachedEnd: true }>;

/** Handles each round of messages. They are released at the end unless the handler takes them. */
export interface BatchHandler {
  onBatch(events: readonly QuarantinedEvent[], hold: HeldMessages): Promise<ScanStep>;
  /** Called when no more messages are available, while those left are still held. */
  atEnd?(hold: HeldMessages): Promise<ScanStep>;
  /**
   * True: waits a while for messages that another run, such as a dry run, holds and will release.
   */
  readonly waitsForHeld?: boolean;
}

/**
 * Receives at once, at the most: with more a function of this size only waits for its processor.
 */
const RECEIVES_MAX = 8;
/** One receive waits for a second and asks all of SQS's hosts; a second one makes sure. */
const EMPTY_ROUNDS_MAX = 2;
/** Further rounds, of a second each, while other runs hold messages. */
const HELD_ROUNDS_MAX = 20;
/** A function that has just ended may still be writing its last answer. */
const HOLD_MARGIN_MS = 5_000;
/**
 * Below the 120,000 that SQS lets be in flight: beyond, it answers a long poll as if the queue were
 * empty (SQS quotas).
 */
const HELD_MAX = 100_000;
const IN_FLIGHT_SUSPICIOUS = 115_000;
const RELEASES_AT_ONCE = 8;

/**
 * Passes every message that is available until `endsAtMs` to the visitor, each once, and releases
 * those that it leaves.
 */
export async function scanQuarantine(visitor: BatchHandler, endsAtMs: number, deps: ScanDependencies): Promise<Ending> {
  const hold = new HeldMessages(endsAtMs, deps.clock.now());
  try {
    return await lookAround(visitor, hold, deps);
  } finally {
    await letGo(hold, deps);
  }
}

async function lookAround(visitor: BatchHandler, hold: HeldMessages, deps: ScanDependencies): Promise<Ending> {
  const { clock } = deps;
  let receives = 1;
  let emptyRounds = 0;
  let heldRounds = visitor.waitsForHeld === true ? HELD_ROUNDS_MAX : 0;
  for (;;) {
    if (clock.now() >= hold.workUntilMs) return stopped('time');
    if (hold.size >= HELD_MAX) return stopped('in_flight_max');
    const round = await receiveRound(receives, hold.endsAtMs, deps);
    const events = hold.add(round.messages).map(readQuarantined);
    const verdict = events.length === 0 ? 'go_on' : await visitor.onBatch(events, hold);
    if (verdict !== 'go_on') return verdict;
    if (round.failure !== undefined) return stopped('unavailable', round.failure.cause);
    emptyRounds = round.messages.length === 0 ? emptyRounds + 1 : 0;
    if (emptyRounds >= EMPTY_ROUNDS_MAX) {
      const last = (await visitor.atEnd?.(hold)) ?? 'go_on';
      if (last !== 'go_on') return last;
      const counted = await deps.quarantine.count();
      const isHeldElsewhere = counted.kind === 'counted' && counted.visible + counted.inFlight > hold.size;
      if (heldRounds === 0 || !isHeldElsewhere) return endOf(counted);
      heldRounds -= 1;
    }
    receives = round.messages.length >= 5 * receives ? Math.min(RECEIVES_MAX, 2 * receives) : 1;
  }
}

/** Some receives side by side. What some have brought counts although others failed. */
async function receiveRound(
  receives: number,
  endsAtMs: number,
  { quarantine, clock }: ScanDependencies,
): Promise<{ readonly messages: readonly HeldMessage[]; readonly failure: Unavailable | undefined }> {
  const holdMs = endsAtMs - clock.now() + HOLD_MARGIN_MS;
  const answers = await Promise.all(Array.from({ length: receives }, () => quarantine.receive(holdMs)));
  return {
    messages: answers.flatMap((answer) => (answer.kind === 'received' ? answer.messages : [])),
    failure: answers.find((answer) => answer.kind === 'unavailable'),
  };
}

/** Nothing comes any more: because there is nothing, or because too much is in flight. */
function endOf(counted: Awaited<ReturnType<QuarantineQueue['count']>>): Ending {
  const tooMany = counted.kind === 'counted' && counted.inFlight >= IN_FLIGHT_SUSPICIOUS;
  return tooMany ? stopped('in_flight_max') : { reachedEnd: true };
}

/** Releases what is held. What there is no time for becomes visible a few seconds after the run. */
async function letGo(hold: HeldMessages, { quarantine, clock }: ScanDependencies): Promise<void> {
  const batches = toBatches(hold.handles(), BATCH_MAX);
  while (batches.length > 0 && clock.now() < hold.endsAtMs) {
    await Promise.all(batches.splice(0, RELEASES_AT_ONCE).map((batch) => quarantine.release(batch)));
  }
}
