import { setTimeout as pause } from 'node:timers/promises';
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SqsBatchQueue } from '../../lambdas/adapters/bulk-queue.sqs.ts';
import { SqsQuarantineQueue } from '../../lambdas/adapters/quarantine-queue.sqs.ts';
import type { Envelope } from '../../lambdas/domain/delivery/envelope.ts';
import type { HeldMessage, QuarantineQueue } from '../../lambdas/ports.ts';
import { VirtualClock } from '../harness/fakes/clock.virtual.ts';
import { MemoryQueue } from '../harness/fakes/message-queue.memory.ts';
import { MemoryQuarantineQueue } from '../harness/fakes/quarantine-queue.memory.ts';
import { VirtualSleep } from '../harness/fakes/sleep.virtual.ts';
import { startSqsForTest } from '../harness/sqs-server.ts';

/** A quarantine queue, and time to let pass. */
interface Subject {
  readonly quarantine: QuarantineQueue;
  pass(ms: number): Promise<void>;
  stop(): Promise<void>;
}

async function memory(): Promise<Subject> {
  const clock = new VirtualClock(1_000_000);
  const queue = new MemoryQueue({ name: 'quarantined', clock, visibilityMs: 30_000 });
  return {
    quarantine: new MemoryQuarantineQueue(queue, new VirtualSleep(clock)),
    pass: async (ms) => clock.advance(ms),
    stop: async () => {},
  };
}

async function sqs(): Promise<Subject> {
  const server = await startSqsForTest();
  const url = await server.createQueue('quarantined', { VisibilityTimeout: '30', MaximumMessageSize: '1048576' });
  const bulk = new SqsBatchQueue(server.client, url, 30_000);
  return {
    quarantine: new SqsQuarantineQueue(server.client, url, 30_000, bulk),
    // A little more than asked for: the server counts on its own clock.
    pass: (ms) => pause(ms + 150),
    stop: () => server.stop(),
  };
}

function envelopes(count: number, prefix: string): Envelope[] {
  return Array.from({ length: count }, (_, index) => ({
    body: `{"of":"${prefix}-${index}"}`,
    attributes: { schema: '1', eventId: `${prefix}-${index}`, source: '', quarantine: '{"reason":"crm_rejected"}' },
  }));
}

describe.each([
  ['the fake in memory', memory],
  ['the SQS adapter', sqs],
] as const)('quarantine, as %s', (_name, start) => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await start();
  });
  afterAll(async () => subject?.stop());

  /** Receives so many, or as many as there are. */
  async function receive(count: number, holdMs = 60_000): Promise<HeldMessage[]> {
    const all: HeldMessage[] = [];
    while (all.length < count) {
      const received = await subject.quarantine.receive(holdMs);
      if (received.kind === 'unavailable') throw new Error(received.cause);
      if (received.messages.length === 0) break;
      all.push(...received.messages);
    }
    return all;
  }

  const handles = (messages: readonly HeldMessage[]) => messages.map(({ receiptHandle }) => receiptHandle);
  const ids = (messages: readonly HeldMessage[]) => messages.map(({ message }) => message.attributes.eventId).sort();

  it('takes ten at once, and gives each once, with its attributes, to whom holds it', async () => {
    const sent = envelopes(10, 'a');
    expect(await subject.quarantine.sendBatch(sent)).toEqual({ positions: new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]) });
    const held = await receive(10);
    expect(ids(held)).toEqual(sent.map(({ attributes }) => attributes.eventId).sort());
    const [first] = held;
    expect(first?.message).toMatchObject({
      body: `{"of":"${first?.message.attributes.eventId}"}`,
      attributes: { schema: '1', quarantine: '{"reason":"crm_rejected"}' },
      receiveCount: 1,
    });
    expect(first?.message.attributes).not.toHaveProperty('source');
    expect(first?.message.firstReceivedAtMs).toBeGreaterThanOrEqual(first?.message.sentAtMs ?? Number.NaN);
    expect(await subject.quarantine.count()).toEqual({ kind: 'counted', visible: 0, inFlight: 10 });
    expect((await subject.quarantine.remove(handles(held))).positions.size).toBe(10);
    expect(await subject.quarantine.count()).toEqual({ kind: 'counted', visible: 0, inFlight: 0 });
  });

  it('gives what is let go to others at once, time and again', async () => {
    await subject.quarantine.sendBatch(envelopes(3, 'b'));
    for (let time = 1; time <= 3; time += 1) {
      const held = await receive(3);
      expect(held.map(({ message }) => message.receiveCount)).toEqual([time, time, time]);
      expect(await subject.quarantine.release(handles(held))).toEqual({ positions: new Set([0, 1, 2]) });
    }
    const held = await receive(3);
    expect(ids(held)).toEqual(['b-0', 'b-1', 'b-2']);
    await subject.quarantine.remove(handles(held));
  });

  it('gives what nobody has let go when it is no longer held', async () => {
    await subject.quarantine.sendBatch(envelopes(1, 'c'));
    const [held] = await receive(1, 2_000);
    expect(await receive(1, 2_000)).toEqual([]);
    await subject.pass(1_000);
    // Counted as such before anybody has asked for it.
    expect(await subject.quarantine.count()).toEqual({ kind: 'counted', visible: 1, inFlight: 0 });
    const again = await receive(1);
    expect(ids(again)).toEqual(['c-0']);
    // The old handle lets nobody go.
    expect((await subject.quarantine.release([held?.receiptHandle ?? ''])).positions.size).toBe(0);
    await subject.quarantine.remove(handles(again));
  });

  it('gives what was sent with a delay when the delay has passed', async () => {
    await subject.quarantine.sendBatch(envelopes(1, 'delayed'), 1_500);
    expect(await receive(1, 2_000)).toEqual([]);
    await subject.pass(2_000);
    const held = await receive(1);
    expect(ids(held)).toEqual(['delayed-0']);
    await subject.quarantine.remove(handles(held));
  });

  it('deletes without complaint what is gone already', async () => {
    await subject.quarantine.sendBatch(envelopes(1, 'd'));
    const held = await receive(1);
    await subject.quarantine.remove(handles(held));
    expect(await subject.quarantine.remove(handles(held))).toEqual({ positions: new Set([0]) });
  });
});

describe('the SQS adapter', () => {
  it('sends what is too large for one call in several', async () => {
    const subject = await sqs();
    try {
      const large = envelopes(5, 'large').map((envelope) => ({ ...envelope, body: 'x'.repeat(400_000) }));
      expect(await subject.quarantine.sendBatch(large)).toEqual({ positions: new Set([0, 1, 2, 3, 4]) });
      const largest = [{ body: 'x'.repeat(1_048_576 - 12), attributes: { a: '12345' } }];
      expect(await subject.quarantine.sendBatch(largest)).toEqual({ positions: new Set([0]) });
      expect(await subject.quarantine.count()).toMatchObject({ visible: 6 });
    } finally {
      await subject.stop();
    }
  });

  it('reports which of a batch were deleted, and nothing of a call without a response', async () => {
    const client = mockClient(SQSClient);
    const queue = new SqsBatchQueue(client as unknown as SQSClient, 'http://127.0.0.1/queue', 1_000);
    client.on(SendMessageBatchCommand).resolvesOnce({
      Successful: [
        { Id: '2', MessageId: 'm', MD5OfMessageBody: '' },
        { Id: '0', MessageId: 'n', MD5OfMessageBody: '' },
      ],
      Failed: [{ Id: '1', SenderFault: false, Code: 'InternalError' }],
    });
    expect(await queue.sendBatch(envelopes(3, 'e'))).toEqual({
      positions: new Set([0, 2]),
      cause: 'SQS: InternalError',
    });
    client.on(SendMessageBatchCommand).rejects(Object.assign(new Error('no'), { name: 'ServiceUnavailable' }));
    expect(await queue.sendBatch(envelopes(2, 'f'))).toEqual({
      positions: new Set(),
      cause: 'SQS: ServiceUnavailable',
    });
  });
});
