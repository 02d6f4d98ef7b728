/** Messages that a run has received and hides from others until it ends. */
import type { HeldMessage } from '../ports.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';

/** Time to release a message: ten in a call, and several calls side by side. */
const RELEASE_MS_EACH = 1;
/** Time for the last round, its moves and the response. */
const LAST_ROUND_MS = 6_000;
/** Maximum share of the run's time for the last round, for very short runs. */
const LAST_ROUND_SHARE = 0.4;

/** The messages that a run holds. */
export class HeldMessages {
  /** When the run ends. */
  readonly endsAtMs: number;
  readonly #lastRoundMs: number;
  /** Handles by message id: a message may come twice, and its newer handle counts. */
  readonly #handles = new Map<string, string>();
  readonly #seen = new Set<string>();

  constructor(endsAtMs: number, nowMs: number) {
    this.endsAtMs = endsAtMs;
    this.#lastRoundMs = Math.min(LAST_ROUND_MS, (endsAtMs - nowMs) * LAST_ROUND_SHARE);
  }

  /**
   * Time until which new work may start, in epoch ms. The time after it is reserved for releasing
   * held messages.
   */
  get workUntilMs(): number {
    return this.endsAtMs - this.#lastRoundMs - this.#handles.size * RELEASE_MS_EACH;
  }

  /** Takes what was received; gives what comes for the first time. */
  add(messages: readonly HeldMessage[]): HeldMessage[] {
    return messages.filter(({ message, receiptHandle }) => {
      const isNew = !this.#seen.has(message.messageId);
      this.#seen.add(message.messageId);
      if (isNew || this.#handles.has(message.messageId)) this.#handles.set(message.messageId, receiptHandle);
      return isNew;
    });
  }

  /** The handle by which a message is deleted now. */
  handleOf({ held }: QuarantinedEvent): string {
    return this.#handles.get(held.message.messageId) ?? held.receiptHandle;
  }

  /**
   * Excludes a message from the release at the end: it is deleted, or must stay invisible until the
   * hold ends.
   */
  remove({ held }: QuarantinedEvent): void {
    this.#handles.delete(held.message.messageId);
  }

  /** Number of held messages. */
  get size(): number {
    return this.#handles.size;
  }

  /** The handles of all that is held. */
  handles(): string[] {
    return [...this.#handles.values()];
  }
}
