/** The X-Ray trace that a message goes on in; the embedded server drops it. */
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SqsMessageQueue, traceOfInvocation } from '../../../lambdas/adapters/message-queue.sqs.ts';

const TRACE = 'Root=1-5e1b4151-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=1';
const ENVELOPE = { body: '{}', attributes: { schema: '1' } };
const mock = mockClient(SQSClient);
const client = new SQSClient({ region: 'us-east-1' });

beforeEach(() => {
  mock.reset().on(SendMessageCommand).resolves({ MessageId: 'm' });
});
afterEach(() => {
  delete process.env._X_AMZN_TRACE_ID;
});

describe('a message', () => {
  it('goes on in the trace of the invocation that sends it, whichever that is', async () => {
    const queue = new SqsMessageQueue(client, 'https://queue', 3_000, traceOfInvocation);
    process.env._X_AMZN_TRACE_ID = TRACE;
    await queue.send(ENVELOPE);
    delete process.env._X_AMZN_TRACE_ID;
    expect(await queue.send(ENVELOPE)).toEqual({ kind: 'sent' });
    expect(mock.commandCalls(SendMessageCommand).map(({ args }) => args[0].input.MessageSystemAttributes)).toEqual([
      { AWSTraceHeader: { DataType: 'String', StringValue: TRACE } },
      undefined,
    ]);
  });

  it('that goes round has none: Lambda would stop it as a loop', async () => {
    process.env._X_AMZN_TRACE_ID = TRACE;
    await new SqsMessageQueue(client, 'https://queue', 3_000).send(ENVELOPE);
    expect(mock.commandCalls(SendMessageCommand)[0]?.args[0].input.MessageSystemAttributes).toBeUndefined();
  });
});
