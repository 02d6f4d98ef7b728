import { setTimeout as pause } from 'node:timers/promises';
import { DeleteMessageCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SqsMessageQueue } from '../../lambdas/adapters/message-queue.sqs.ts';
import { SqsMessageVisibility } from '../../lambdas/adapters/message-visibility.sqs.ts';
import type { Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import type { MessageQueue, MessageVisibility } from '../../lambdas/ports.ts';
import { VirtualClock } from '../harness/fakes/clock.virtual.ts';
import { MemoryQueue, MemoryVisibility, type Received } from '../harness/fakes/message-queue.memory.ts';
import { startSqsForTest } from '../harness/sqs-server.ts';

const VISIBILITY_SECONDS = 1;
const MAX_RECEIVE_COUNT = 2;

/** A delivery queue with its dead letters, the ports on it, and what a consumer does with it. */
interface QueueSubject {
  readonly delivery: MessageQueue;
  readonly visibility: MessageVisibility;
  receive(queue: 'delivery' | 'deadLetters'): Promise<Received[]>;
  remove(receiptHandle: string): Promise<void>;
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

async function memory(): Promise<QueueSubject> {
  const clock = new VirtualClock(1_000_000);
  const visibilityMs = VISIBILITY_SECONDS * 1_000;
  const deadLetters = new MemoryQueue({ name: 'dead', clock, visibilityMs });
  const redrivePolicy = { maxReceiveCount: MAX_RECEIVE_COUNT, deadLetters };
  const delivery = new MemoryQueue({ name: 'delivery', clock, visibilityMs, redrivePolicy });
  return {
    delivery,
    visibility: new MemoryVisibility(delivery),
    receive: async (queue) => (queue === 'delivery' ? delivery : deadLetters).receive(10),
    remove: async (receiptHandle) => void delivery.deleteNow(receiptHandle),
    pass: async (ms) => clock.advance(ms),
    stop: async () => {},
  };
}

let servers = 0;

async function sqs(): Promise<QueueSubject> {
  servers += 1;
  const server = await startSqsForTest();
  const attributes = { VisibilityTimeout: String(VISIBILITY_SECONDS) };
  const deadUrl = await server.createQueue(`dead-${servers}`, attributes);
  const { Attributes } = await server.client.send(
    new GetQueueAttributesCommand({ QueueUrl: deadUrl, AttributeNames: ['QueueArn'] }),
  );
  const policy = { deadLetterTargetArn: Attributes?.QueueArn, maxReceiveCount: MAX_RECEIVE_COUNT };
  const RedrivePolicy = JSON.stringify(policy);
  const url = await server.createQueue(`delivery-${servers}`, { ...attributes, RedrivePolicy });
  return {
    delivery: new SqsMessageQueue(server.client, url, 30_000),
    visibility: new SqsMessageVisibility(server.client, url, 30_000),
    receive: async (queue) => {
      const { Messages = [] } = await server.client.send(
        new ReceiveMessageCommand({
          QueueUrl: queue === 'delivery' ? url : deadUrl,
          MaxNumberOfMessages: 10,
          MessageAttributeNames: ['All'],
          MessageSystemAttributeNames: ['All'],
        }),
      );
      return Messages.map((message) => ({
        receiptHandle: message.ReceiptHandle ?? '',
        message: {
          messageId: message.MessageId ?? '',
          body: message.Body ?? '',
          attributes: Object.fromEntries(
            Object.entries(message.MessageAttributes ?? {}).map(([name, { StringValue }]) => [name, StringValue ?? '']),
          ),
          receiveCount: Number(message.Attributes?.ApproximateReceiveCount),
          sentAtMs: Number(message.Attributes?.SentTimestamp),
          firstReceivedAtMs: Number(message.Attributes?.ApproximateFirstReceiveTimestamp),
        },
      }));
    },
    remove: async (ReceiptHandle) => {
      await server.client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle }));
    },
    // A little more than asked for: the server counts on its own clock.
    pass: (ms) => pause(ms + 150),
    stop: () => server.stop(),
  };
}

const ENVELOPE: Envelope = { body: '{"a":1}', attributes: { schema: '1', eventId: 'e', source: '' } };

describe.each([
  ['the fake in memory', memory],
  ['the SQS adapters', sqs],
] as const)('the delivery queue, as %s', (_name, start) => {
  let subject: QueueSubject;
  beforeAll(async () => {
    subject = await start();
  });
  afterAll(async () => subject?.stop());

  /** Receives the only message there is. */
  async function receiveOne(): Promise<Received> {
    const [received, ...more] = await subject.receive('delivery');
    if (received === undefined || more.length > 0) throw new Error('there is not exactly one message');
    return received;
  }

  it('carries body and attributes, those without a value left out, and hides what is received', async () => {
    expect(await subject.delivery.send(ENVELOPE)).toEqual({ kind: 'sent' });
    const { message, receiptHandle } = await receiveOne();
    expect(message).toMatchObject({ body: '{"a":1}', receiveCount: 1 });
    expect(message.attributes).toEqual({ schema: '1', eventId: 'e' });
    expect(message.firstReceivedAtMs).toBeGreaterThanOrEqual(message.sentAtMs);
    expect(await subject.receive('delivery')).toEqual([]);
    await subject.remove(receiptHandle);
    await subject.pass(1_000);
    expect(await subject.receive('delivery')).toEqual([]);
  });

  it('brings a message back when its visibility ends, then hands it to the dead letters as it is', async () => {
    await subject.delivery.send(ENVELOPE);
    const first = await receiveOne();
    await subject.pass(1_000);
    const second = await receiveOne();
    expect(second.message).toEqual({ ...first.message, receiveCount: 2 });
    await subject.pass(1_000);
    expect(await subject.receive('delivery')).toEqual([]);
    const [dead] = await subject.receive('deadLetters');
    expect(dead?.message).toMatchObject({ body: '{"a":1}', attributes: { schema: '1', eventId: 'e' } });
  });

  it('brings a message back after the delay that was set, in whole seconds, at least one', async () => {
    await subject.delivery.send(ENVELOPE);
    const first = await receiveOne();
    expect(await subject.visibility.retryIn(first.receiptHandle, 1_001)).toEqual({ kind: 'set' });
    await subject.pass(1_500);
    expect(await subject.receive('delivery')).toEqual([]);
    await subject.pass(500);
    const second = await receiveOne();
    expect(await subject.visibility.retryIn(second.receiptHandle, 0)).toEqual({ kind: 'set' });
    expect(await subject.receive('delivery')).toEqual([]);
    await subject.remove(second.receiptHandle);
  });

  it('cannot set the delay of a message that is gone', async () => {
    await subject.delivery.send(ENVELOPE);
    const { receiptHandle } = await receiveOne();
    await subject.remove(receiptHandle);
    expect((await subject.visibility.retryIn(receiptHandle, 1_000)).kind).toBe('unavailable');
  });
});
