/** An embedded SQS in memory, in this process, for one test file. */
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { keepToLoopback, queueUrl } from '../../local/embedded-sqs-corrections.ts';
import { LOOPBACK } from '../../local/loopback.ts';

/** A running server and a client for it. */
export interface SqsForTest {
  readonly client: SQSClient;
  /** Creates a queue and gives its URL. */
  createQueue(name: string, attributes?: Readonly<Record<string, string>>): Promise<string>;
  stop(): Promise<void>;
}

/** Starts a server on 127.0.0.1. Dispose of it with `stop`. */
export async function startSqsForTest(): Promise<SqsForTest> {
  keepToLoopback();
  const { startFauxqs } = await import('fauxqs');
  const server = await startFauxqs({ port: 0, logger: false });
  const endpoint = `http://${LOOPBACK}:${server.port}`;
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  const client = new SQSClient({ endpoint, region: 'us-east-1', credentials });
  return {
    client,
    createQueue: async (name, attributes = {}) => {
      await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
      return queueUrl(endpoint, name);
    },
    stop: async () => {
      client.destroy();
      await server.stop();
    },
  };
}
