/** SQS as a queue to send envelopes to. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { ATTRIBUTE_TYPE, type Envelope } from '../domain/envelope.ts';
import { errorName } from '../domain/error-name.ts';
import type { MessageQueue, Unavailable } from '../ports.ts';

/** Sends to one queue, all tries together within the client’s budget. */
export class SqsMessageQueue implements MessageQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;

  constructor(client: SQSClient, queueUrl: string) {
    this.#client = client;
    this.#queueUrl = queueUrl;
  }

  async send(envelope: Envelope): Promise<{ readonly kind: 'sent' } | Unavailable> {
    const attributes = Object.entries(envelope.attributes)
      // SQS refuses an attribute without a value, which must not cost the message.
      .filter(([, value]) => value !== '')
      .map(([name, value]) => [name, { DataType: ATTRIBUTE_TYPE, StringValue: value }]);
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: envelope.body,
      MessageAttributes: Object.fromEntries(attributes),
    });
    try {
      await this.#client.send(command);
      return { kind: 'sent' };
    } catch (error) {
      return { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
    }
  }
}
