/** Number of messages in a queue. */
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { QueueDepth } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Asks one queue, all tries together within `budgetMs`. */
export class SqsQueueDepth implements QueueDepth {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #budgetMs: number;

  constructor(client: SQSClient, queueUrl: string, budgetMs: number) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#budgetMs = budgetMs;
  }

  async read(): ReturnType<QueueDepth['read']> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: this.#queueUrl,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    });
    try {
      const { Attributes = {} } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return {
        kind: 'counted',
        visible: Number(Attributes.ApproximateNumberOfMessages ?? 0),
        inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
        delayed: Number(Attributes.ApproximateNumberOfMessagesDelayed ?? 0),
      };
    } catch (error) {
      return { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
    }
  }
}
