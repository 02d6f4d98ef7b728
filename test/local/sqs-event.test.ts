import { describe, expect, it } from '@jest/globals';
import type { InvocationResult } from '../../local/lambda/runtime-messages.ts';
import { failedMessageIds, toSqsEvent } from '../../local/lambda/sqs-event.ts';

const ARN = 'arn:aws:sqs:us-east-1:000000000000:q';

describe('a batch as an event', () => {
  it('has Lambda’s form', () => {
    const attributes = { ApproximateReceiveCount: '1', SentTimestamp: '5', SenderId: 's' };
    const event = toSqsEvent(
      [
        {
          MessageId: 'm',
          ReceiptHandle: 'h',
          Body: 'b',
          MD5OfBody: 'd',
          Attributes: attributes,
          MessageAttributes: {
            text: { DataType: 'String', StringValue: 'v' },
            bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2]) },
          },
        },
      ],
      ARN,
      'us-east-1',
    );
    expect(event).toEqual({
      Records: [
        {
          messageId: 'm',
          receiptHandle: 'h',
          body: 'b',
          md5OfBody: 'd',
          attributes,
          messageAttributes: {
            text: { stringValue: 'v', stringListValues: [], binaryListValues: [], dataType: 'String' },
            bytes: { binaryValue: 'AQI=', stringListValues: [], binaryListValues: [], dataType: 'Binary' },
          },
          eventSource: 'aws:sqs',
          eventSourceARN: ARN,
          awsRegion: 'us-east-1',
        },
      ],
    });
  });
});

describe('which messages stay', () => {
  const IDS = ['a', 'b', 'c'];
  const returned = (value: unknown): InvocationResult => ({ kind: 'returned', value });
  const failing = (...itemIdentifiers: unknown[]) =>
    returned({ batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })) });

  it.each([
    ['named ones', failing('b'), ['b']],
    ['none of an empty list', failing(), []],
    ['none without a list', returned({}), []],
    ['none of a null list', returned({ batchItemFailures: null }), []],
    ['none without an answer', returned(null), []],
    ['all for an empty identifier', failing('a', ''), IDS],
    ['all for a null identifier', failing(null), IDS],
    ['all for one that is not in the batch', failing('x'), IDS],
    ['all for a wrong key', returned({ batchItemFailures: [{ id: 'a' }] }), IDS],
    ['all for an answer of another kind', returned('done'), IDS],
    ['all after a failure', { kind: 'failed', errorType: 'E', errorMessage: '' } as const, IDS],
  ])('%s', (_what, result, expected) => {
    expect([...failedMessageIds(result, IDS, true)]).toEqual(expected);
  });

  it('all or none without ReportBatchItemFailures', () => {
    expect([...failedMessageIds(failing('b'), IDS, false)]).toEqual([]);
    expect([...failedMessageIds({ kind: 'failed', errorType: 'E', errorMessage: '' }, IDS, false)]).toEqual(IDS);
  });
});
