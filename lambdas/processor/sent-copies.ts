/**
 * Messages that an execution environment has sent to quarantine, so that a failed settlement does
 * not multiply them.
 */
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';

/** Memory bound: about 1 MB. */
const COPIES_MAX = 4_096;

/**
 * Remembers confirmed sends by source message and reason. A copy in quarantine is removed only when
 * its event is final, or after a successor was sent, so that skipping a second send loses nothing.
 * Forgets the oldest beyond `max`.
 */
export class SentCopies {
  readonly #max: number;
  readonly #sent = new Set<string>();

  constructor(max = COPIES_MAX) {
    this.#max = max;
  }

  /** True if this environment has sent the message with this reason. */
  has(messageId: string, reason: QuarantineReason): boolean {
    return this.#sent.has(keyOf(messageId, reason));
  }

  /** Remembers a send that the queue has confirmed. */
  add(messageId: string, reason: QuarantineReason): void {
    this.#sent.add(keyOf(messageId, reason));
    if (this.#sent.size <= this.#max) return;
    for (const oldest of this.#sent) {
      this.#sent.delete(oldest);
      break;
    }
  }
}

function keyOf(messageId: string, reason: QuarantineReason): string {
  return `${reason} ${messageId}`;
}
