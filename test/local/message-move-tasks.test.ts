/** API of the SQS console's redrive, on the embedded server. */
import {
  CancelMessageMoveTaskCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SqsMoveTasks } from '../../lambdas/adapters/move-tasks.sqs.ts';
import { countMessages } from '../../local/sqs/embedded-sqs.ts';
import { type SqsForTest, startSqsForTest } from '../harness/sqs-server.ts';

let sqs: SqsForTest;

beforeAll(async () => {
  sqs = await startSqsForTest();
});

afterAll(() => sqs?.stop());

let pairs = 0;

/** A queue that gives what has been received once to another. */
async function pair() {
  pairs += 1;
  const deadUrl = await sqs.createQueue(`dead-${pairs}`);
  const deadArn = await arnOf(deadUrl);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: deadArn, maxReceiveCount: 1 });
  const url = await sqs.createQueue(`source-${pairs}`, { RedrivePolicy, VisibilityTimeout: '0' });
  return { url, arn: await arnOf(url), deadUrl, deadArn };
}

async function arnOf(QueueUrl: string): Promise<string> {
  const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] });
  return (await sqs.client.send(command)).Attributes?.QueueArn ?? '';
}

async function send(QueueUrl: string, ...bodies: readonly string[]): Promise<void> {
  for (const body of bodies) {
    const MessageAttributes = { of: { DataType: 'String', StringValue: body } };
    await sqs.client.send(new SendMessageCommand({ QueueUrl, MessageBody: body, MessageAttributes }));
  }
}

async function receive(QueueUrl: string) {
  const command = new ReceiveMessageCommand({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageAttributeNames: ['All'],
    MessageSystemAttributeNames: ['All'],
  });
  return (await sqs.client.send(command)).Messages ?? [];
}

async function latestTask(SourceArn: string) {
  const { Results = [] } = await sqs.client.send(new ListMessageMoveTasksCommand({ SourceArn }));
  return Results[0];
}

async function ended(SourceArn: string) {
  for (;;) {
    const task = await latestTask(SourceArn);
    if (task?.Status !== 'RUNNING') return task;
  }
}

describe('a message move task', () => {
  it('moves everything that is visible to the destination, as new messages with their attributes', async () => {
    const { deadUrl, deadArn, url, arn } = await pair();
    await send(deadUrl, 'a', 'b', 'c');
    await sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn, DestinationArn: arn }));
    expect(await ended(deadArn)).toMatchObject({
      Status: 'COMPLETED',
      ApproximateNumberOfMessagesMoved: 3,
      ApproximateNumberOfMessagesToMove: 3,
      DestinationArn: arn,
    });
    const moved = await receive(url);
    expect(moved.map(({ Body }) => Body).sort()).toEqual(['a', 'b', 'c']);
    expect(moved.map(({ MessageAttributes }) => MessageAttributes?.of?.StringValue).sort()).toEqual(['a', 'b', 'c']);
    expect(moved.map(({ Attributes }) => Attributes?.ApproximateReceiveCount)).toEqual(['1', '1', '1']);
    expect(await countMessages(sqs.client, deadUrl)).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });

  it('moves back to where they were what SQS itself had moved, and fails on what a program has sent', async () => {
    const { url, deadUrl, deadArn } = await pair();
    await send(url, 'moved by SQS');
    await receive(url);
    expect(await receive(url)).toEqual([]);
    await sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn }));
    expect(await ended(deadArn)).toMatchObject({ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 1 });
    expect((await receive(url)).map(({ Body }) => Body)).toEqual(['moved by SQS']);

    await send(deadUrl, 'sent by a program');
    await sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn: deadArn }));
    expect(await ended(deadArn)).toMatchObject({
      Status: 'FAILED',
      FailureReason: 'CouldNotDetermineMessageSource',
    });
    expect((await countMessages(sqs.client, deadUrl)).visible).toBe(1);
  });

  it('moves messages of either origin to a destination that is named, as npm run redrive -- --all has it', async () => {
    const { url, arn, deadUrl, deadArn } = await pair();
    await send(url, 'moved by SQS');
    await receive(url);
    expect(await receive(url)).toEqual([]);
    await send(deadUrl, 'sent by a program');
    const tasks = new SqsMoveTasks(sqs.client, { quarantine: deadArn, deliveryQueue: arn }, 30_000);
    const started = await tasks.start(1);
    expect(started).toEqual({ kind: 'started', taskHandle: expect.any(String), sourceArn: deadArn });
    expect(await tasks.start(undefined)).toMatchObject({ kind: 'running', sourceArn: deadArn, toMove: 2 });
    expect(await ended(deadArn)).toMatchObject({ Status: 'COMPLETED', ApproximateNumberOfMessagesMoved: 2 });
    expect((await receive(url)).map(({ Body }) => Body).sort()).toEqual(['moved by SQS', 'sent by a program']);
  });

  it('is not started, which is told, where there is no such queue', async () => {
    const arn = 'arn:aws:sqs:us-east-1:000000000000:nowhere';
    const tasks = new SqsMoveTasks(sqs.client, { quarantine: arn, deliveryQueue: arn }, 30_000);
    expect(await tasks.start(undefined)).toEqual({
      kind: 'unavailable',
      cause: expect.stringMatching(/^SQS: .*ResourceNotFoundException$/),
    });
  });

  it('keeps to its rate, one at a time, until it is cancelled', async () => {
    const { deadUrl, deadArn, arn } = await pair();
    await send(deadUrl, 'a', 'b', 'c', 'd');
    const start = new StartMessageMoveTaskCommand({
      SourceArn: deadArn,
      DestinationArn: arn,
      MaxNumberOfMessagesPerSecond: 1,
    });
    const { TaskHandle } = await sqs.client.send(start);
    await expect(sqs.client.send(start)).rejects.toThrow('There is already a task running');
    expect(await latestTask(deadArn)).toMatchObject({ Status: 'RUNNING', TaskHandle });
    const cancelled = await sqs.client.send(new CancelMessageMoveTaskCommand({ TaskHandle }));
    expect(cancelled.ApproximateNumberOfMessagesMoved).toBeLessThan(4);
    expect(await latestTask(deadArn)).toMatchObject({ Status: 'CANCELLED' });
    await expect(sqs.client.send(new CancelMessageMoveTaskCommand({ TaskHandle }))).rejects.toThrow('no running task');
  });

  it.each([
    [
      'a queue that is nobody’s dead-letter queue',
      (queues: Awaited<ReturnType<typeof pair>>) => ({ SourceArn: queues.arn }),
      'must be configured as a Dead Letter Queue',
    ],
    [
      'a queue that is not there',
      () => ({ SourceArn: 'arn:aws:sqs:us-east-1:000000000000:nowhere' }),
      'does not exist',
    ],
    [
      'a rate beyond 500',
      (queues: Awaited<ReturnType<typeof pair>>) => ({
        SourceArn: queues.deadArn,
        DestinationArn: queues.arn,
        MaxNumberOfMessagesPerSecond: 501,
      }),
      'from 1 to 500',
    ],
  ])('is refused for %s', async (_what, input, message) => {
    const queues = await pair();
    await expect(sqs.client.send(new StartMessageMoveTaskCommand(input(queues)))).rejects.toThrow(message);
  });
});
