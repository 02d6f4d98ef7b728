/** SQS as a queue to send many envelopes to. */
import {
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  type SendMessageBatchResult,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { ATTRIBUTE_TYPE, type Envelope, MESSAGE_BYTES_MAX, messageBytes } from '../domain/delivery/envelope.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { BatchQueue, BatchResult } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Longest delay of a message (SQS quotas). */
const DELAY_SECONDS_MAX = 900;

/**
 * Sends to one queue. Each call of SQS ends within `budgetMs`; messages too large for one call take
 * several.
 */
export class SqsBatchQueue implements BatchQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #budgetMs: number;

  constructor(client: SQSClient, queueUrl: string, budgetMs: number) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#budgetMs = budgetMs;
  }

  async sendBatch(envelopes: readonly Envelope[], delayMs = 0): Promise<BatchResult> {
    const delaySeconds = Math.min(DELAY_SECONDS_MAX, Math.ceil(delayMs / 1_000));
    const done = await Promise.all(inCalls(envelopes, delaySeconds).map((entries) => this.#send(entries)));
    const positions = new Set(done.flatMap((call) => [...call.positions]));
    const cause = done.find((call) => call.cause !== undefined)?.cause;
    return cause === undefined ? { positions } : { positions, cause };
  }

  async #send(Entries: SendMessageBatchRequestEntry[]): Promise<BatchResult> {
    const command = new SendMessageBatchCommand({ QueueUrl: this.#queueUrl, Entries });
    try {
      return doneOf(await withinBudget(this.#budgetMs, (abortSignal) => this.#client.send(command, { abortSignal })));
    } catch (error) {
      return { positions: new Set(), cause: `SQS: ${errorName(error)}` };
    }
  }
}

function doneOf({ Successful = [], Failed = [] }: SendMessageBatchResult): BatchResult {
  const positions = new Set(Successful.map(({ Id }) => Number(Id)));
  return Failed[0] === undefined ? { positions } : { positions, cause: `SQS: ${Failed[0].Code ?? 'refused'}` };
}

/**
 * The envelopes as entries of as many calls as their sizes ask for; an entry's id is the envelope's
 * position.
 */
function inCalls(envelopes: readonly Envelope[], delaySeconds: number): SendMessageBatchRequestEntry[][] {
  const calls: SendMessageBatchRequestEntry[][] = [];
  let leftBytes = 0;
  envelopes.forEach((envelope, position) => {
    const bytes = messageBytes(envelope);
    if (calls.length === 0 || bytes > leftBytes) {
      calls.push([]);
      leftBytes = MESSAGE_BYTES_MAX;
    }
    calls.at(-1)?.push(entryOf(envelope, position, delaySeconds));
    leftBytes -= bytes;
  });
  return calls;
}

function entryOf({ body, attributes }: Envelope, position: number, delaySeconds: number): SendMessageBatchRequestEntry {
  const given = Object.entries(attributes)
    // SQS refuses an attribute without a value, which must not cost the message.
    .filter(([, value]) => value !== '')
    .map(([name, value]) => [name, { DataType: ATTRIBUTE_TYPE, StringValue: value }]);
  return {
    Id: String(position),
    MessageBody: body,
    MessageAttributes: Object.fromEntries(given),
    ...(delaySeconds === 0 ? {} : { DelaySeconds: delaySeconds }),
  };
}
