/** The quarantine queue in SQS, scanned message by message. */
import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { Envelope } from '../domain/delivery/envelope.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { BatchQueue, BatchResult, HeldMessage, QuarantineQueue, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * A long poll asks all of SQS's hosts, a short one some of them; a second is the shortest that
 * there is.
 */
const WAIT_SECONDS = 1;
const RECEIVE_MAX = 10;
/** The longest visibility timeout of SQS, twelve hours. */
const VISIBILITY_SECONDS_MAX = 43_200;

interface BatchAnswer {
  readonly Successful?: readonly { readonly Id: string | undefined }[] | undefined;
  readonly Failed?: readonly { readonly Code: string | undefined }[] | undefined;
}

/**
 * Each call ends within `budgetMs`; a receive waits for a second longer. What it sends goes through
 * `bulk`.
 */
export class SqsQuarantineQueue implements QuarantineQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #budgetMs: number;
  readonly #bulk: BatchQueue;

  constructor(client: SQSClient, queueUrl: string, budgetMs: number, bulk: BatchQueue) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#budgetMs = budgetMs;
    this.#bulk = bulk;
  }

  sendBatch(envelopes: readonly Envelope[], delayMs?: number): Promise<BatchResult> {
    return this.#bulk.sendBatch(envelopes, delayMs);
  }

  async receive(holdMs: number): ReturnType<QuarantineQueue['receive']> {
    const command = new ReceiveMessageCommand({
      QueueUrl: this.#queueUrl,
      MaxNumberOfMessages: RECEIVE_MAX,
      WaitTimeSeconds: WAIT_SECONDS,
      VisibilityTimeout: Math.min(VISIBILITY_SECONDS_MAX, Math.max(1, Math.ceil(holdMs / 1_000))),
      MessageAttributeNames: ['All'],
      // AWSTraceHeader is not among them: Lambda takes a trace that comes by often for a runaway
      // loop.
      MessageSystemAttributeNames: ['SentTimestamp', 'ApproximateReceiveCount', 'ApproximateFirstReceiveTimestamp'],
    });
    try {
      const { Messages = [] } = await withinBudget(WAIT_SECONDS * 1_000 + this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return { kind: 'received', messages: Messages.map(heldFrom) };
    } catch (error) {
      return unavailable(error);
    }
  }

  async remove(receiptHandles: readonly string[]): Promise<BatchResult> {
    const Entries = receiptHandles.map((ReceiptHandle, position) => ({ Id: String(position), ReceiptHandle }));
    const command = new DeleteMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries });
    return this.#batch((abortSignal) => this.#client.send(command, { abortSignal }));
  }

  async release(receiptHandles: readonly string[]): Promise<BatchResult> {
    const Entries = receiptHandles.map((ReceiptHandle, position) => ({
      Id: String(position),
      ReceiptHandle,
      VisibilityTimeout: 0,
    }));
    const command = new ChangeMessageVisibilityBatchCommand({ QueueUrl: this.#queueUrl, Entries });
    return this.#batch((abortSignal) => this.#client.send(command, { abortSignal }));
  }

  async count(): ReturnType<QuarantineQueue['count']> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#queueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    });
    try {
      const { Attributes: counts = {} } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return {
        kind: 'counted',
        visible: Number(counts.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
      };
    } catch (error) {
      return unavailable(error);
    }
  }

  /**
   * Returns the entries that a batch call has done. Nothing is certain of a call without a
   * response.
   */
  async #batch(send: (signal: AbortSignal) => Promise<BatchAnswer>): Promise<BatchResult> {
    try {
      const { Successful = [], Failed = [] } = await withinBudget(this.#budgetMs, send);
      const positions = new Set(Successful.map(({ Id }) => Number(Id)));
      return Failed[0] === undefined ? { positions } : { positions, cause: `SQS: ${Failed[0].Code ?? 'refused'}` };
    } catch (error) {
      return { positions: new Set(), cause: unavailable(error).cause };
    }
  }
}

function heldFrom({
  MessageId = '',
  ReceiptHandle = '',
  Body = '',
  Attributes,
  MessageAttributes,
}: Message): HeldMessage {
  const texts = Object.entries(MessageAttributes ?? {})
    // Binary attributes are none of ours.
    .flatMap(([name, { StringValue }]) => (StringValue === undefined ? [] : [[name, StringValue]]));
  return {
    receiptHandle: ReceiptHandle,
    message: {
      messageId: MessageId,
      body: Body,
      attributes: Object.fromEntries(texts),
      receiveCount: Number(Attributes?.ApproximateReceiveCount ?? 1),
      sentAtMs: Number(Attributes?.SentTimestamp ?? 0),
      firstReceivedAtMs: Number(Attributes?.ApproximateFirstReceiveTimestamp ?? 0),
    },
  };
}

function unavailable(error: unknown): Unavailable {
  return { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
}
