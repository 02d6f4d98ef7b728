/** The archive's adapters, on the local Firehose and the embedded S3, and the fake beside them. */
import { randomBytes } from 'node:crypto';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FirehoseArchive } from '../../lambdas/adapters/archive.firehose.ts';
import { S3ArchiveObjects } from '../../lambdas/adapters/archive.s3.ts';
import type { ReceivedMessage } from '../../lambdas/domain/delivery/envelope.ts';
import type { ArchiveObjects, DeliveryArchive } from '../../lambdas/ports.ts';
import { serveFirehose } from '../../local/archive/firehose.ts';
import { newAccessKey } from '../../local/http/access-key.ts';
import type { LoopbackServer } from '../../local/http/loopback.ts';
import { LOCAL_REGION, localCredentials, localS3Client } from '../../local/local-clients.ts';
import { MemoryArchive } from '../harness/fakes/archive.memory.ts';
import { type SqsForTest, startSqsForTest } from '../harness/sqs-server.ts';

const systemClock = { now: () => Date.now() };
const accessKey = newAccessKey();
let sqs: SqsForTest;
let firehose: LoopbackServer;
const clients: { destroy(): void }[] = [];

beforeAll(async () => {
  sqs = await startSqsForTest();
  const s3 = localS3Client(sqs);
  clients.push(s3);
  firehose = await serveFirehose([{ name: 'stream', bucketName: 'archive' }], s3, accessKey);
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await firehose?.close();
  await sqs?.stop();
});

function shipped(streamName = 'stream'): { readonly archive: DeliveryArchive; readonly objects: ArchiveObjects } {
  const credentials = localCredentials(accessKey);
  const client = new FirehoseClient({ endpoint: firehose.url, region: LOCAL_REGION, credentials, maxAttempts: 1 });
  const s3 = localS3Client(sqs);
  clients.push(client, s3);
  return {
    archive: new FirehoseArchive(client, streamName, systemClock, 5_000),
    objects: new S3ArchiveObjects(s3, 'archive'),
  };
}

function inMemory() {
  const archive = new MemoryArchive(systemClock);
  return { archive, objects: archive };
}

function message(body: string, attributes: Readonly<Record<string, string>> = {}): ReceivedMessage {
  return { messageId: 'm', body, attributes, receiveCount: 1, sentAtMs: 5, firstReceivedAtMs: 6 };
}

async function everything(objects: ArchiveObjects) {
  const read = [];
  for await (const key of objects.keys('deliveries/', 'deliveries/~'))
    for await (const delivery of objects.read(key)) read.push(delivery);
  return read.map((delivery) => ({ ...delivery, archivedAtMs: 0 }));
}

describe.each([
  ['in memory', inMemory],
  ['Firehose and S3', shipped],
])('the archive: %s', (_name, subject) => {
  it('gives back what was stored, in its order, without the note of quarantine', async () => {
    const { archive, objects } = subject();
    const large = 'x'.repeat(1_000_000);
    expect(await archive.store([message('a\n“b”', { schema: '1', quarantine: '{}' }), message(large)])).toEqual({
      kind: 'stored',
    });
    expect(await everything(objects)).toEqual([
      { archivedAtMs: 0, body: 'a\n“b”', attributes: { receivedAtMs: '5', schema: '1' } },
      { archivedAtMs: 0, body: large, attributes: { receivedAtMs: '5' } },
    ]);
  });

  it('lists keys after the first and before the second', async () => {
    const { archive, objects } = subject();
    await archive.store([message('b')]);
    const keys: string[] = [];
    for await (const key of objects.keys('deliveries/', 'deliveries/~')) keys.push(key);
    const [first = '', ...rest] = keys;
    const later: string[] = [];
    for await (const key of objects.keys(first, 'deliveries/~')) later.push(key);
    expect(later).toEqual(rest);
    const earlier: string[] = [];
    for await (const key of objects.keys('deliveries/', first)) earlier.push(key);
    expect(earlier).toEqual([]);
  });
});

describe('Firehose', () => {
  it('that refuses is unavailable, with the name of its error', async () => {
    const { archive } = shipped('another');
    expect(await archive.store([message('a')])).toEqual({
      kind: 'unavailable',
      cause: 'Firehose: InvalidArgumentException',
    });
  });

  it('takes bodies that do not fit into one record together', async () => {
    const { archive, objects } = shipped();
    const before = (await everything(objects)).length;
    // Random: gzip makes it hardly smaller than three quarters.
    const bodies = [1, 2, 3].map(() => randomBytes(600_000).toString('base64'));
    expect(await archive.store(bodies.map((body) => message(body)))).toEqual({ kind: 'stored' });
    expect((await everything(objects)).length).toBe(before + 3);
  });
});
