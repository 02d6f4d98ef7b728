/**
 * A replay: sends archived deliveries to the delivery queue again, no faster than a rate. Dying in
 * between can only duplicate, which the id of the replay absorbs.
 */
import { decodeEnvelope, type Envelope, replayEnvelope } from '../domain/delivery/envelope.ts';
import type { PipelineEvent } from '../domain/event/event.ts';
import { identityOf } from '../domain/event/event-key.ts';
import { parseSourceEvent } from '../domain/event/parse-event.ts';
import { prefixesOf } from '../domain/replay/archive-keys.ts';
import type { ArchivedDelivery } from '../domain/replay/archived-delivery.ts';
import {
  type ArchivePlace,
  parseReplayRequest,
  type ReplayRequest,
  type ReplayResult,
} from '../domain/replay/replay-request.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import { Pace } from '../pace.ts';
import type { ArchiveObjects, BatchQueue, Clock, Log, Sleep } from '../ports.ts';
import { REPLAY_RUN_MS } from './env.ts';

/** Ports and settings of the function. */
export interface ReplayDependencies {
  readonly archive: ArchiveObjects;
  readonly deliveryQueue: BatchQueue;
  readonly clock: Clock;
  readonly sleep: Sleep;
  readonly log: Log;
}

type Run = Extract<ReplayResult, { kind: 'replay' }>;

/** Messages of one call of SQS (SendMessageBatch API reference). */
const BATCH_MAX = 10;

/**
 * Carries a request out for about `REPLAY_RUN_MS`. The answer says where the next request goes on.
 * Whatever is wrong with the request is in the answer.
 */
export async function handleReplayRequest(given: unknown, deps: ReplayDependencies): Promise<ReplayResult> {
  const parsed = parseReplayRequest(given);
  if (parsed.kind === 'refused') {
    deps.log.write('warn', 'replay: request refused', { problems: parsed.problems.join('; ') });
    return parsed;
  }
  const { request } = parsed;
  const { replayId, by, reason, dryRun } = request;
  const answer = await new Replay(request, deps).run();
  const { examined, sent, unreadable, damaged, cause } = answer;
  const details = { replayId, by, reason, dryRun, looked: examined, sent, unreadable, cause };
  const isWhole = cause === undefined && damaged === undefined;
  deps.log.write(isWhole ? 'info' : 'warn', 'replay: deliveries sent again', {
    ...details,
    damaged: damaged?.join(', '),
  });
  return answer;
}

/** One run, from the place where the last one stopped. */
class Replay {
  readonly #request: ReplayRequest;
  readonly #deps: ReplayDependencies;
  readonly #pace: Pace;
  readonly #endsAtMs: number;
  /** Not an object: an event may be of the type `constructor`. */
  readonly #matched = new Map<string, number>();
  readonly #damaged = new Set<string>();
  /** Everything before it has been looked at, and what was meant has been sent. */
  #place: ArchivePlace | undefined;
  /** Events that this run has sent. */
  readonly #met = new Set<string>();
  #examined = 0;
  #repeated = 0;
  #sent = 0;
  #unreadable = 0;

  constructor(request: ReplayRequest, deps: ReplayDependencies) {
    this.#request = request;
    this.#deps = deps;
    this.#place = request.after;
    this.#pace = new Pace(request.ratePerSecond, deps.clock, deps.sleep);
    this.#endsAtMs = deps.clock.now() + REPLAY_RUN_MS;
  }

  async run(): Promise<Run> {
    try {
      return this.#answer((await this.#sendAll()) ? {} : this.#rest());
    } catch (error) {
      const cause = error instanceof NotSent ? error.message : `the archive cannot be read: ${errorName(error)}`;
      return this.#answer({ ...this.#rest(), cause });
    }
  }

  #answer(end: Pick<Run, 'after' | 'cause'>): Run {
    return {
      kind: 'replay',
      examined: this.#examined,
      matched: Object.fromEntries(this.#matched),
      sent: this.#sent,
      repeated: this.#repeated,
      unreadable: this.#unreadable,
      ...(this.#damaged.size === 0 ? {} : { damaged: [...this.#damaged] }),
      ...end,
    };
  }

  #rest(): Pick<Run, 'after'> {
    return this.#place === undefined ? {} : { after: this.#place };
  }

  /** True if it came to the end of the archive's window. */
  async #sendAll(): Promise<boolean> {
    const { after, fromMs, toMs } = this.#request;
    const [from, before] = prefixesOf(fromMs, toMs);
    if (after !== undefined && !(await this.#sendObject(after))) return false;
    for await (const key of this.#deps.archive.keys(after?.key ?? from, before))
      if (!(await this.#sendObject({ key, count: 0 }))) return false;
    return true;
  }

  /** Sends what is meant of an object, from a place in it on. False if time ran out. */
  async #sendObject({ key, count }: ArchivePlace): Promise<boolean> {
    const { ratePerSecond } = this.#request;
    let batch: Envelope[] = [];
    let read = 0;
    for await (const delivery of this.#deps.archive.read(key)) {
      read += 1;
      if (read <= count) continue;
      if (delivery === undefined) this.#damaged.add(key);
      const envelope = this.#envelopeOf(delivery);
      if (envelope !== undefined) batch.push(envelope);
      // No more at once than a second's worth.
      if (batch.length < Math.min(BATCH_MAX, ratePerSecond)) continue;
      if (!(await this.#sendUpTo({ key, count: read }, batch))) return false;
      batch = [];
    }
    return read <= count || this.#sendUpTo({ key, count: read }, batch);
  }

  /** Sends a batch, after which the run has come to `place`. False if time ran out. */
  async #sendUpTo(place: ArchivePlace, batch: readonly Envelope[]): Promise<boolean> {
    await this.#send(batch);
    this.#place = place;
    return this.#deps.clock.now() < this.#endsAtMs;
  }

  async #send(batch: readonly Envelope[]): Promise<void> {
    if (batch.length === 0 || this.#request.dryRun) return;
    await this.#pace.admit(batch.length, Number.POSITIVE_INFINITY);
    const { positions, cause } = await this.#deps.deliveryQueue.sendBatch(batch);
    this.#sent += positions.size;
    if (positions.size < batch.length) throw new NotSent(cause ?? 'SQS did not take every message');
  }

  /** The message of a delivery that is meant; undefined for any other. */
  #envelopeOf(delivery: ArchivedDelivery | undefined): Envelope | undefined {
    if (delivery === undefined) {
      this.#unreadable += 1;
      return undefined;
    }
    const { fromMs, toMs, replayId } = this.#request;
    const { archivedAtMs, body, attributes } = delivery;
    if (archivedAtMs < fromMs || archivedAtMs >= toMs) return undefined;
    this.#examined += 1;
    const event = eventOf(delivery);
    if (event === undefined) this.#unreadable += 1;
    if (event === undefined || !this.#isMeant(event) || this.#isRepeated(event)) return undefined;
    const envelope = replayEnvelope({ body, attributes }, replayId);
    // Nothing else would be sent any more if SQS refused it each time.
    if (envelope === undefined) this.#unreadable += 1;
    else this.#matched.set(event.type, (this.#matched.get(event.type) ?? 0) + 1);
    return envelope;
  }

  /** True if this run has sent the event already; another run may have, and the id absorbs it. */
  #isRepeated(event: PipelineEvent): boolean {
    const name = `${event.id} ${identityOf(event)}`;
    const isRepeated = this.#met.has(name);
    if (isRepeated) this.#repeated += 1;
    this.#met.add(name);
    return isRepeated;
  }

  #isMeant({ type, contactAddress }: PipelineEvent): boolean {
    const { types, contactAddress: wanted } = this.#request;
    return (types.length === 0 || types.includes(type)) && (wanted === undefined || contactAddress === wanted);
  }
}

/** Undefined for a body that is no valid event: it waits in quarantine, or has been given up. */
function eventOf({ body, attributes, archivedAtMs }: ArchivedDelivery): PipelineEvent | undefined {
  const { bytes, origin, problem } = decodeEnvelope({ body, attributes, sentAtMs: archivedAtMs });
  const parsed = problem === undefined ? parseSourceEvent(bytes, origin) : undefined;
  return parsed?.kind === 'event' ? parsed.event : undefined;
}

/** The delivery queue did not take a batch, or not all of it. */
class NotSent extends Error {}
