/** SQS's visibility timeout as the delay after which a message comes back. */
import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { MessageVisibility, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * SQS lets a message be invisible for 12 hours in all, counted from its receipt
 * (ChangeMessageVisibility API reference).
 */
const LONGEST_SECONDS = 12 * 60 * 60 - 60;

/** Sets the visibility of messages received from one queue. */
export class SqsMessageVisibility implements MessageVisibility {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #budgetMs: number;

  constructor(client: SQSClient, queueUrl: string, budgetMs: number) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#budgetMs = budgetMs;
  }

  async retryIn(receiptHandle: string, delayMs: number): Promise<{ readonly kind: 'set' } | Unavailable> {
    const seconds = Math.min(LONGEST_SECONDS, Math.max(1, Math.ceil(delayMs / 1_000)));
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: this.#queueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: seconds,
    });
    try {
      await withinBudget(this.#budgetMs, (abortSignal) => this.#client.send(command, { abortSignal }));
      return { kind: 'set' };
    } catch (error) {
      return { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
    }
  }
}
