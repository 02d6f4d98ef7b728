/** An embedded SQS in a process of its own, for one test file. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CreateQueueCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { newAccessKey } from '../../local/http/access-key.ts';
import { localSqsClient } from '../../local/local-clients.ts';
import { ChildRegistry } from '../../local/processes/child-registry.ts';
import { startEmbeddedSqs } from '../../local/sqs/embedded-sqs.ts';
import { queueUrl } from '../../local/sqs/fauxqs-patches.ts';

/** A running server and a client for it. */
export interface SqsForTest {
  readonly client: SQSClient;
  /** Its URL, where S3 is served, too. */
  readonly sqs: string;
  readonly accessKey: string;
  /** Creates a queue and gives its URL. */
  createQueue(name: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** Starts the server of the local pipeline on an empty directory. Dispose of it with `stop`. */
export async function startSqsForTest(): Promise<SqsForTest> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sqs-for-test-'));
  mkdirSync(join(dataDir, 'logs'));
  const accessKey = newAccessKey();
  const server = await startEmbeddedSqs({
    accessKey,
    dataDir,
    registry: new ChildRegistry(join(dataDir, 'processes.jsonl')),
    onUnexpectedExit: () => {},
  });
  const client = localSqsClient({ sqs: server.url, accessKey });
  return {
    client,
    sqs: server.url,
    accessKey,
    createQueue: async (name, attributes = {}) => {
      await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
      return queueUrl(server.url, name);
    },
    stop: async () => {
      client.destroy();
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
