/** SQS as a queue to send envelopes to. */
import { SendMessageCommand, type SendMessageCommandInput, type SQSClient } from '@aws-sdk/client-sqs';
import { ATTRIBUTE_TYPE, type Envelope } from '../domain/delivery/envelope.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { MessageQueue, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/**
 * The X-Ray trace of the invocation under way, as Lambda gives it to Node (Lambda's defined
 * environment variables): for a message that is to go on in it.
 */
export function traceOfInvocation(): string | undefined {
  return process.env._X_AMZN_TRACE_ID;
}

/** Sends to one queue. A send ends within `budgetMs`, its retries included. */
export class SqsMessageQueue implements MessageQueue {
  readonly #client: SQSClient;
  readonly #queueUrl: string;
  readonly #budgetMs: number;
  readonly #trace: () => string | undefined;

  /**
   * `trace` returns the X-Ray trace to pass on with each message. Messages that circulate between
   * the processor and quarantine must not carry one: Lambda stops the sixteenth hop of a trace as a
   * runaway loop.
   */
  constructor(
    client: SQSClient,
    queueUrl: string,
    budgetMs: number,
    trace: () => string | undefined = () => undefined,
  ) {
    this.#client = client;
    this.#queueUrl = queueUrl;
    this.#budgetMs = budgetMs;
    this.#trace = trace;
  }

  async send(envelope: Envelope): Promise<{ readonly kind: 'sent' } | Unavailable> {
    const attributes: NonNullable<SendMessageCommandInput['MessageAttributes']> = {};
    for (const [name, value] of Object.entries(envelope.attributes)) {
      // SQS refuses an attribute without a value, which must not cost the message.
      if (value !== '') attributes[name] = { DataType: ATTRIBUTE_TYPE, StringValue: value };
    }
    const command = new SendMessageCommand({
      QueueUrl: this.#queueUrl,
      MessageBody: envelope.body,
      MessageAttributes: attributes,
      ...traceAttribute(this.#trace()),
    });
    try {
      const { MessageId } = await withinBudget(this.#budgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      // Without it it was something else that answered: a proxy, say, with a page of its own and a
      // 200.
      return MessageId === undefined ? { kind: 'unavailable', cause: 'SQS: no message id' } : { kind: 'sent' };
    } catch (error) {
      return { kind: 'unavailable', cause: `SQS: ${errorName(error)}` };
    }
  }
}

/** SQS counts it neither as an attribute nor by its size (X-Ray developer guide, Amazon SQS). */
function traceAttribute(trace: string | undefined): Pick<SendMessageCommandInput, 'MessageSystemAttributes'> {
  if (trace === undefined || trace === '') return {};
  return { MessageSystemAttributes: { AWSTraceHeader: { DataType: 'String', StringValue: trace } } };
}
