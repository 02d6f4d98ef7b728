/**
 * A quarantine queue of a million messages in virtual time. Each call takes as long as SQS takes; a
 * receive brings a random sample; more than 120,000 in flight are refused; a message is deleted
 * when its retention ends.
 */
import type { Envelope } from '../../../lambdas/domain/delivery/envelope.ts';
import type { BatchResult, HeldMessage, QuarantineQueue, Sleep } from '../../../lambdas/ports.ts';
import type { VirtualClock } from './clock.virtual.ts';

const IN_FLIGHT_MAX = 120_000;
const RECEIVE_MAX = 10;
const LONG_POLL_MS = 1_000;

interface Stored {
  readonly id: number;
  readonly envelope: Envelope;
  readonly sentAtMs: number;
  receives: number;
  /** The second in which it becomes visible; 0 while it is visible or deleted. */
  hiddenUntil: number;
}

export interface VastQuarantineSettings {
  readonly clock: VirtualClock;
  readonly sleep: Sleep;
  /** In [0, 1). */
  readonly random: () => number;
  readonly callMs: number;
  readonly retentionMs: number;
}

/** Constant time for each message and call. */
export class VastQuarantine implements QuarantineQueue {
  readonly #settings: VastQuarantineSettings;
  readonly #visible: Stored[] = [];
  readonly #inFlight = new Map<number, Stored>();
  /** Messages by the second in which they become visible again. */
  readonly #hidden = new Map<number, Stored[]>();
  #hiddenCount = 0;
  #nextId = 0;
  /** Messages that SQS deleted because nobody sent them again in time. */
  expired = 0;

  constructor(settings: VastQuarantineSettings) {
    this.#settings = settings;
  }

  /** Messages that exist, however visible. */
  get size(): number {
    return this.#visible.length + this.#hiddenCount;
  }

  put(envelope: Envelope, delayMs = 0): void {
    const { clock } = this.#settings;
    this.#nextId += 1;
    const stored = { id: this.#nextId, envelope, sentAtMs: clock.now(), receives: 0, hiddenUntil: 0 };
    if (delayMs === 0) this.#visible.push(stored);
    else this.#hide(stored, delayMs);
  }

  /** Deletes what is too old, and gives the ages of what is left. */
  expire(): { readonly oldestMs: number } {
    const { clock, retentionMs } = this.#settings;
    this.#showDue();
    let oldestMs = 0;
    const kept = this.#visible.filter(({ sentAtMs }) => clock.now() - sentAtMs < retentionMs);
    this.expired += this.#visible.length - kept.length;
    this.#visible.length = 0;
    for (const stored of kept) {
      oldestMs = Math.max(oldestMs, clock.now() - stored.sentAtMs);
      this.#visible.push(stored);
    }
    return { oldestMs };
  }

  async receive(holdMs: number): ReturnType<QuarantineQueue['receive']> {
    await this.#settings.sleep.for(this.#settings.callMs);
    this.#showDue();
    const messages: HeldMessage[] = [];
    while (messages.length < RECEIVE_MAX && this.#visible.length > 0 && this.#inFlight.size < IN_FLIGHT_MAX) {
      const index = Math.floor(this.#settings.random() * this.#visible.length);
      const stored = this.#visible[index] as Stored;
      const last = this.#visible.pop() as Stored;
      if (last !== stored) this.#visible[index] = last;
      stored.receives += 1;
      this.#inFlight.set(stored.id, stored);
      this.#hide(stored, holdMs);
      messages.push(heldOf(stored));
    }
    if (messages.length === 0) await this.#settings.sleep.for(LONG_POLL_MS);
    return { kind: 'received', messages };
  }

  async sendBatch(envelopes: readonly Envelope[], delayMs?: number): Promise<BatchResult> {
    await this.#settings.sleep.for(this.#settings.callMs);
    for (const envelope of envelopes) this.put(envelope, delayMs);
    return { positions: new Set(envelopes.keys()) };
  }

  async remove(receiptHandles: readonly string[]): Promise<BatchResult> {
    await this.#settings.sleep.for(this.#settings.callMs);
    for (const handle of receiptHandles) {
      const stored = this.#inFlight.get(Number(handle));
      if (stored !== undefined) this.#unhide(stored);
    }
    return { positions: new Set(receiptHandles.keys()) };
  }

  async release(receiptHandles: readonly string[]): Promise<BatchResult> {
    await this.#settings.sleep.for(this.#settings.callMs);
    for (const handle of receiptHandles) {
      const stored = this.#inFlight.get(Number(handle));
      if (stored !== undefined) this.#visible.push(this.#unhide(stored));
    }
    return { positions: new Set(receiptHandles.keys()) };
  }

  async count(): ReturnType<QuarantineQueue['count']> {
    return { kind: 'counted', visible: this.#visible.length, inFlight: this.#inFlight.size };
  }

  #hide(stored: Stored, ms: number): void {
    const second = Math.ceil((this.#settings.clock.now() + ms) / 1_000);
    stored.hiddenUntil = second;
    const due = this.#hidden.get(second);
    if (due === undefined) this.#hidden.set(second, [stored]);
    else due.push(stored);
    this.#hiddenCount += 1;
  }

  #unhide(stored: Stored): Stored {
    this.#inFlight.delete(stored.id);
    this.#hiddenCount -= 1;
    stored.hiddenUntil = 0;
    return stored;
  }

  /** Shows again what was hidden until now, unless it was deleted, or released and hidden again. */
  #showDue(): void {
    const second = Math.floor(this.#settings.clock.now() / 1_000);
    for (const [at, due] of this.#hidden) {
      if (at > second) continue;
      this.#hidden.delete(at);
      for (const stored of due) if (stored.hiddenUntil === at) this.#visible.push(this.#unhide(stored));
    }
  }
}

function heldOf({ id, envelope, sentAtMs, receives }: Stored): HeldMessage {
  const { body, attributes } = envelope;
  const message = {
    messageId: String(id),
    body,
    attributes,
    receiveCount: receives,
    sentAtMs,
    firstReceivedAtMs: sentAtMs,
  };
  return { message, receiptHandle: String(id) };
}
