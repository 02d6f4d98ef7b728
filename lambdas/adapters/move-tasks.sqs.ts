/** SQS's message move tasks: what its console calls “Start DLQ redrive”. */
import { ListMessageMoveTasksCommand, type SQSClient, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { MoveTasks } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * Tasks from quarantine to the delivery queue, which is named: what a program has sent to a
 * dead-letter queue has no source that SQS could move it back to. Each call of SQS ends within
 * `budgetMs`.
 */
export class SqsMoveTasks implements MoveTasks {
  readonly #client: SQSClient;
  readonly #arns: { readonly quarantine: string; readonly deliveryQueue: string };
  readonly #budgetMs: number;

  constructor(
    client: SQSClient,
    arns: { readonly quarantine: string; readonly deliveryQueue: string },
    budgetMs: number,
  ) {
    this.#client = client;
    this.#arns = arns;
    this.#budgetMs = budgetMs;
  }

  async start(ratePerSecond: number | undefined): ReturnType<MoveTasks['start']> {
    const sourceArn = this.#arns.quarantine;
    const command = new StartMessageMoveTaskCommand({
      SourceArn: sourceArn,
      DestinationArn: this.#arns.deliveryQueue,
      ...(ratePerSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: ratePerSecond }),
    });
    try {
      const running = await this.#running();
      if (running !== undefined) return running;
      const { TaskHandle = '' } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      return { kind: 'started', taskHandle: TaskHandle, sourceArn };
    } catch (error) {
      // Another caller may have started a task meanwhile.
      const running = await this.#running().catch(() => undefined);
      return running ?? { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
    }
  }

  async #running(): Promise<Extract<Awaited<ReturnType<MoveTasks['start']>>, { kind: 'running' }> | undefined> {
    const sourceArn = this.#arns.quarantine;
    const command = new ListMessageMoveTasksCommand({ SourceArn: sourceArn, MaxResults: 1 });
    const { Results = [] } = await withinBudget(this.#budgetMs, (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    const [latest] = Results;
    if (latest?.Status !== 'RUNNING') return undefined;
    return {
      kind: 'running',
      ...(latest.TaskHandle === undefined ? {} : { taskHandle: latest.TaskHandle }),
      sourceArn,
      moved: Number(latest.ApproximateNumberOfMessagesMoved ?? 0),
      toMove: Number(latest.ApproximateNumberOfMessagesToMove ?? 0),
    };
  }
}
