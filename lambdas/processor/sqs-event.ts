/** Lambda's form of SQS messages, and of the answer that says which of them have to come back. */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { SourceRecord } from './parse-record.ts';
import type { BatchOutcome } from './process-batch.ts';

/** The records of an invocation. */
export function sourceRecordsFrom(event: SQSEvent): SourceRecord[] {
  return event.Records.map((record) => ({ receiptHandle: record.receiptHandle, message: messageFrom(record) }));
}

function messageFrom(record: SQSRecord): SourceRecord['message'] {
  const texts = Object.entries(record.messageAttributes)
    // Binary attributes are none of ours.
    .flatMap(([name, { stringValue }]) => (stringValue === undefined ? [] : [[name, stringValue]]));
  return {
    messageId: record.messageId,
    body: record.body,
    attributes: Object.fromEntries(texts),
    receiveCount: Number(record.attributes.ApproximateReceiveCount),
    sentAtMs: Number(record.attributes.SentTimestamp),
    firstReceivedAtMs: Number(record.attributes.ApproximateFirstReceiveTimestamp),
  };
}

/** The partial batch response. */
export function batchResponseFrom(result: BatchOutcome): SQSBatchResponse {
  return { batchItemFailures: result.retryIds.map((itemIdentifier) => ({ itemIdentifier })) };
}
