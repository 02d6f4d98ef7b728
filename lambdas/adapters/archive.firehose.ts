/** The archive, written through Firehose, which gathers records into objects of S3. */
import { type FirehoseClient, PutRecordCommand } from '@aws-sdk/client-firehose';
import { encodeArchive } from '../archive-object.ts';
import type { ReceivedMessage } from '../domain/delivery/envelope.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, DeliveryArchive, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Writes to one delivery stream. A call ends within `budgetMs`, its retries included. */
export class FirehoseArchive implements DeliveryArchive {
  readonly #client: FirehoseClient;
  readonly #streamName: string;
  readonly #clock: Clock;
  readonly #budgetMs: number;

  constructor(client: FirehoseClient, streamName: string, clock: Clock, budgetMs: number) {
    this.#client = client;
    this.#streamName = streamName;
    this.#clock = clock;
    this.#budgetMs = budgetMs;
  }

  async store(messages: readonly ReceivedMessage[]): Promise<{ readonly kind: 'stored' } | Unavailable> {
    try {
      const records = await encodeArchive(messages, this.#clock.now());
      await withinBudget(this.#budgetMs, (abortSignal) =>
        Promise.all(records.map((Data) => this.#client.send(this.#command(Data), { abortSignal }))),
      );
      return { kind: 'stored' };
    } catch (error) {
      return { kind: 'unavailable', cause: `Firehose: ${errorName(error)}` };
    }
  }

  #command(Data: Uint8Array): PutRecordCommand {
    return new PutRecordCommand({ DeliveryStreamName: this.#streamName, Record: { Data } });
  }
}
