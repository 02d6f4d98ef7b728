/**
 * The quarantine queue, and a queue that takes many messages at once, in memory; held to the
 * adapters by contract tests.
 */
import type { Envelope } from '../../../lambdas/domain/delivery/envelope.ts';
import type { BatchQueue, BatchResult, QuarantineQueue, Sleep } from '../../../lambdas/ports.ts';
import type { MemoryQueue } from './message-queue.memory.ts';

/** SQS takes and gives no more in one call. */
const CALL_MAX = 10;
/** An empty receive has waited for this long. */
const LONG_POLL_MS = 1_000;

/** Sends many messages to a queue. */
export class MemoryBulkQueue implements BatchQueue {
  readonly #queue: MemoryQueue;

  constructor(queue: MemoryQueue) {
    this.#queue = queue;
  }

  async sendBatch(envelopes: readonly Envelope[], delayMs = 0): Promise<BatchResult> {
    refuseMore(envelopes);
    for (const envelope of envelopes) this.#queue.sendNow(envelope, delayMs);
    return { positions: new Set(envelopes.keys()) };
  }
}

/** Looks through a queue. */
export class MemoryQuarantineQueue extends MemoryBulkQueue implements QuarantineQueue {
  readonly #queue: MemoryQueue;
  readonly #sleep: Sleep;

  constructor(queue: MemoryQueue, sleep: Sleep) {
    super(queue);
    this.#queue = queue;
    this.#sleep = sleep;
  }

  async receive(holdMs: number): ReturnType<QuarantineQueue['receive']> {
    const visibilityMs = Math.ceil(holdMs / 1_000) * 1_000;
    const messages = this.#queue.receive(CALL_MAX, visibilityMs);
    if (messages.length > 0) return { kind: 'received', messages };
    await this.#sleep.for(LONG_POLL_MS);
    return { kind: 'received', messages: this.#queue.receive(CALL_MAX, visibilityMs) };
  }

  async remove(receiptHandles: readonly string[]): Promise<BatchResult> {
    refuseMore(receiptHandles);
    for (const handle of receiptHandles) this.#queue.deleteNow(handle);
    // SQS does not say whether there was anything to delete.
    return { positions: new Set(receiptHandles.keys()) };
  }

  async release(receiptHandles: readonly string[]): Promise<BatchResult> {
    refuseMore(receiptHandles);
    const released = receiptHandles.map((handle) => this.#queue.releaseNow(handle));
    const positions = new Set([...released.keys()].filter((position) => released[position] === true));
    return positions.size === released.length ? { positions } : { positions, cause: 'SQS: ReceiptHandleIsInvalid' };
  }

  async count(): ReturnType<QuarantineQueue['count']> {
    const visible = this.#queue.visible().length;
    return { kind: 'counted', visible, inFlight: this.#queue.messages.size - visible };
  }
}

function refuseMore(entries: readonly unknown[]): void {
  if (entries.length === 0 || entries.length > CALL_MAX) throw new Error(`SQS takes 1 to ${CALL_MAX} at once`);
}
