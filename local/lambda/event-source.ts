/** The event source mapping: takes messages from a queue to a function, as Lambda does for SQS. */
import { setTimeout as sleep } from 'node:timers/promises';
import { DeleteMessageBatchCommand, type Message, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { InvocationResult } from './runtime-messages.ts';
import { failedMessageIds, toSqsEvent } from './sqs-event.ts';

/** An event source mapping as the template has it. */
export interface EventSourceSpec {
  readonly logicalId: string;
  readonly enabled: boolean;
  readonly queueArn: string;
  readonly functionArn: string;
  readonly batchSize: number;
  readonly maximumConcurrency: number;
  readonly reportsBatchItemFailures: boolean;
}

const LONG_POLL_SECONDS = 20;
/** After a failed call to the queue, so that a queue that is away is not hammered. */
const PAUSE_MS = 1_000;

/** Ports and settings of an event source. */
export interface EventSourceOptions {
  readonly spec: EventSourceSpec;
  readonly queueUrl: string;
  readonly region: string;
  readonly client: SQSClient;
  readonly invoke: (event: unknown) => Promise<InvocationResult>;
}

/**
 * Receives batch after batch, and hands each to the function without waiting for its end, up to the
 * mapping's concurrency: an empty queue costs one long poll, a full one keeps all environments
 * busy.
 */
export class EventSource {
  readonly #options: EventSourceOptions;
  readonly #stopping = new AbortController();
  readonly #underWay = new Set<Promise<void>>();
  #receiving: Promise<void> = Promise.resolve();

  constructor(options: EventSourceOptions) {
    this.#options = options;
  }

  /** Begins to poll. */
  start(): void {
    this.#receiving = this.#receive();
  }

  /** Stops receiving at once and resolves when the batches under way have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#receiving;
    await Promise.all(this.#underWay);
  }

  async #receive(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      // Only what can be worked on at once is taken: a message that waits here uses up its
      // visibility.
      if (this.#underWay.size >= this.#options.spec.maximumConcurrency) {
        await Promise.race(this.#underWay);
        continue;
      }
      const messages = await this.#nextBatch();
      if (messages.length === 0) continue;
      const batch: Promise<void> = this.#work(messages).finally(() => this.#underWay.delete(batch));
      this.#underWay.add(batch);
    }
  }

  async #nextBatch(): Promise<readonly Message[]> {
    const { client, queueUrl, spec } = this.#options;
    const command = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: spec.batchSize,
      WaitTimeSeconds: LONG_POLL_SECONDS,
      MessageAttributeNames: ['All'],
      MessageSystemAttributeNames: ['All'],
    });
    try {
      return (await client.send(command, { abortSignal: this.#stopping.signal })).Messages ?? [];
    } catch {
      await sleep(PAUSE_MS, undefined, { signal: this.#stopping.signal }).catch(() => {});
      return [];
    }
  }

  async #work(messages: readonly Message[]): Promise<void> {
    const { client, queueUrl, spec, region, invoke } = this.#options;
    const result = await invoke(toSqsEvent(messages, spec.queueArn, region));
    const failed = failedMessageIds(
      result,
      messages.map((message) => message.MessageId ?? ''),
      spec.reportsBatchItemFailures,
    );
    const done = messages.filter((message) => !failed.has(message.MessageId ?? ''));
    if (done.length === 0) return;
    const Entries = done.map((message, index) => ({ Id: String(index), ReceiptHandle: message.ReceiptHandle }));
    // A message that cannot be deleted comes back when its visibility ends, which every SQS
    // function must tolerate.
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries })).catch(() => {});
  }
}
