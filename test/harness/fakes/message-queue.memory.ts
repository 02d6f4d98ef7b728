/**
 * An SQS standard queue in memory: visibility, receive counts, dead-lettering, at-least-once
 * delivery. The contract tests hold its sends and visibility changes to what the real adapters do
 * on an embedded SQS.
 */
import type { Envelope, ReceivedMessage } from '../../../lambdas/domain/delivery/envelope.ts';
import type { Clock, MessageQueue, MessageVisibility, Unavailable } from '../../../lambdas/ports.ts';

/** A message, and the handle by which this receive of it is answered. */
export interface Received {
  readonly message: ReceivedMessage;
  readonly receiptHandle: string;
}

/** A message as the queue keeps it. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly envelope: Envelope;
  readonly sentAtMs: number;
  firstReceivedAtMs: number | undefined;
  receiveCount: number;
  visibleAtMs: number;
}

/**
 * A queue's attributes. `deadLetters` takes what has been received `maxReceiveCount` times and is
 * received again.
 */
export interface QueueSettings {
  /** Goes before the ids of messages, so that they differ from queue to queue. */
  readonly name: string;
  readonly clock: Clock;
  readonly visibilityMs: number;
  readonly redrivePolicy?: { readonly maxReceiveCount: number; readonly deadLetters: MemoryQueue };
}

/** The queue. Nothing in it expires. */
export class MemoryQueue implements MessageQueue {
  readonly messages = new Map<string, QueuedMessage>();
  readonly #settings: QueueSettings;
  #ids = 0;

  constructor(settings: QueueSettings) {
    this.#settings = settings;
  }

  async send(envelope: Envelope): Promise<{ readonly kind: 'sent' } | Unavailable> {
    this.sendNow(envelope);
    return { kind: 'sent' };
  }

  /**
   * Persists a message and gives its id. Attributes without a value are left out, as SQS does not
   * take them.
   */
  sendNow(envelope: Envelope, delayMs = 0): string {
    this.#ids += 1;
    const messageId = `${this.#settings.name}-${this.#ids}`;
    const attributes = Object.fromEntries(Object.entries(envelope.attributes).filter(([, value]) => value !== ''));
    const sentAtMs = this.#settings.clock.now();
    this.#put({
      messageId,
      envelope: { body: envelope.body, attributes },
      sentAtMs,
      firstReceivedAtMs: undefined,
      receiveCount: 0,
      visibleAtMs: sentAtMs + delayMs,
    });
    return messageId;
  }

  /** Ids of the messages that a receive could bring now. */
  visible(): string[] {
    const nowMs = this.#settings.clock.now();
    return [...this.messages.values()].flatMap(({ messageId, visibleAtMs }) =>
      visibleAtMs <= nowMs ? [messageId] : [],
    );
  }

  /** Up to `max` visible messages, the longest visible first. */
  receive(max: number, visibilityMs = this.#settings.visibilityMs): Received[] {
    return this.receiveThese(this.visible().slice(0, max), visibilityMs);
  }

  /**
   * Receives these, which are to be visible; what has come too often goes to the dead letters
   * instead.
   */
  receiveThese(messageIds: readonly string[], visibilityMs = this.#settings.visibilityMs): Received[] {
    return messageIds.flatMap((messageId) => {
      const message = this.messages.get(messageId);
      if (message === undefined) return [];
      const { redrivePolicy, clock } = this.#settings;
      if (redrivePolicy !== undefined && message.receiveCount >= redrivePolicy.maxReceiveCount) {
        this.messages.delete(messageId);
        redrivePolicy.deadLetters.#put({ ...message, visibleAtMs: clock.now() });
        return [];
      }
      message.receiveCount += 1;
      message.firstReceivedAtMs ??= clock.now();
      message.visibleAtMs = clock.now() + visibilityMs;
      return [receivedFrom(message)];
    });
  }

  /**
   * Deletes by a handle; by that of an earlier receive nothing happens, which SQS allows itself.
   */
  deleteNow(receiptHandle: string): boolean {
    const message = this.#byHandle(receiptHandle);
    return message !== undefined && this.messages.delete(message.messageId);
  }

  /**
   * Sets when an in-flight message is visible again; false where the handle no longer stands for
   * one.
   */
  changeVisibilityNow(receiptHandle: string, delayMs: number): boolean {
    const nowMs = this.#settings.clock.now();
    const message = this.#byHandle(receiptHandle);
    if (message === undefined || message.visibleAtMs <= nowMs) return false;
    message.visibleAtMs = nowMs + Math.max(1, Math.ceil(delayMs / 1_000)) * 1_000;
    return true;
  }

  /**
   * Makes an in-flight message visible at once; false where the handle no longer stands for one.
   */
  releaseNow(receiptHandle: string): boolean {
    const nowMs = this.#settings.clock.now();
    const message = this.#byHandle(receiptHandle);
    if (message === undefined || message.visibleAtMs <= nowMs) return false;
    message.visibleAtMs = nowMs;
    return true;
  }

  /** A message that a consumer has may be delivered to another at any time. */
  redeliver(messageId: string): void {
    const message = this.messages.get(messageId);
    if (message !== undefined) message.visibleAtMs = this.#settings.clock.now();
  }

  /** A deleted message may be delivered once more. */
  resurrect(message: QueuedMessage): void {
    if (!this.messages.has(message.messageId)) this.#put({ ...message, visibleAtMs: this.#settings.clock.now() });
  }

  /**
   * Moves a message as the console's redrive does: a new message with the old body and attributes.
   */
  move(messageId: string, to: MemoryQueue, noted = (envelope: Envelope) => envelope): string | undefined {
    const message = this.messages.get(messageId);
    if (message === undefined) return undefined;
    this.messages.delete(messageId);
    return to.sendNow(noted(message.envelope));
  }

  #put(message: QueuedMessage): void {
    this.messages.set(message.messageId, message);
  }

  #byHandle(receiptHandle: string): QueuedMessage | undefined {
    const [messageId = '', receive] = receiptHandle.split('@');
    const message = this.messages.get(messageId);
    return message?.receiveCount === Number(receive) ? message : undefined;
  }
}

function receivedFrom(message: QueuedMessage): Received {
  const { messageId, envelope, receiveCount, sentAtMs } = message;
  return {
    receiptHandle: `${messageId}@${receiveCount}`,
    message: {
      messageId,
      body: envelope.body,
      attributes: envelope.attributes,
      receiveCount,
      sentAtMs,
      firstReceivedAtMs: message.firstReceivedAtMs ?? sentAtMs,
    },
  };
}

/** The visibility of messages received from `queue`, as the processor sets it. */
export class MemoryVisibility implements MessageVisibility {
  readonly #queue: MemoryQueue;

  constructor(queue: MemoryQueue) {
    this.#queue = queue;
  }

  async retryIn(receiptHandle: string, delayMs: number): Promise<{ readonly kind: 'set' } | Unavailable> {
    const changed = this.#queue.changeVisibilityNow(receiptHandle, delayMs);
    return changed
      ? { kind: 'set' }
      : { kind: 'unavailable', cause: 'SQS: the handle stands for no message in flight' };
  }
}
