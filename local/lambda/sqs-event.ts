/** Lambda's form of a batch of SQS messages, and its reading of a function's answer to it. */
import type { Message, MessageAttributeValue } from '@aws-sdk/client-sqs';
import type { SQSEvent, SQSMessageAttribute, SQSRecord } from 'aws-lambda';
import type { InvocationResult } from './runtime-messages.ts';

/** The event with which Lambda invokes a function for these messages. */
export function toSqsEvent(messages: readonly Message[], queueArn: string, region: string): SQSEvent {
  return { Records: messages.map((message) => toRecord(message, queueArn, region)) };
}

function toRecord(message: Message, queueArn: string, region: string): SQSRecord {
  const attributes = Object.entries(message.MessageAttributes ?? {}).map(([name, value]) => [name, toAttribute(value)]);
  return {
    messageId: message.MessageId ?? '',
    receiptHandle: message.ReceiptHandle ?? '',
    body: message.Body ?? '',
    attributes: message.Attributes as unknown as SQSRecord['attributes'],
    messageAttributes: Object.fromEntries(attributes) as SQSRecord['messageAttributes'],
    ...(message.MD5OfMessageAttributes === undefined ? {} : { md5OfMessageAttributes: message.MD5OfMessageAttributes }),
    md5OfBody: message.MD5OfBody ?? '',
    eventSource: 'aws:sqs',
    eventSourceARN: queueArn,
    awsRegion: region,
  };
}

function toAttribute(value: MessageAttributeValue): SQSMessageAttribute {
  return {
    ...(value.StringValue === undefined ? {} : { stringValue: value.StringValue }),
    ...(value.BinaryValue === undefined ? {} : { binaryValue: Buffer.from(value.BinaryValue).toString('base64') }),
    stringListValues: [] as never[],
    binaryListValues: [] as never[],
    dataType: value.DataType as SQSMessageAttribute['dataType'],
  };
}

/**
 * The messages that are not deleted. Without ReportBatchItemFailures all or none; with it what the
 * answer names, and all of them where the invocation failed or the answer names something that is
 * no message of the batch. No answer, or one without a list, is a success.
 */
export function failedMessageIds(
  result: InvocationResult,
  messageIds: readonly string[],
  reportsBatchItemFailures: boolean,
): ReadonlySet<string> {
  const all = new Set(messageIds);
  if (result.kind === 'failed') return all;
  if (!reportsBatchItemFailures) return new Set();
  if (result.value === undefined || result.value === null) return new Set();
  if (typeof result.value !== 'object') return all;
  const failures = (result.value as { readonly batchItemFailures?: unknown }).batchItemFailures;
  if (failures === undefined || failures === null) return new Set();
  if (!Array.isArray(failures)) return all;
  const named = failures.map((failure: unknown) =>
    typeof failure === 'object' && failure !== null
      ? (failure as { readonly itemIdentifier?: unknown }).itemIdentifier
      : undefined,
  );
  const known = named.filter((id): id is string => typeof id === 'string' && all.has(id));
  return known.length === named.length ? new Set(known) : all;
}
