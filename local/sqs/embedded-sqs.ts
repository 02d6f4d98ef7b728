/** The embedded SQS server, and the template's queues in it. */
import { join } from 'node:path';
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ListQueuesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { UserError } from '../../cli/user-error.ts';
import type { ChildRegistry } from '../processes/child-registry.ts';
import { type ServerProcess, startServerProcess } from '../processes/server-process.ts';
import type { EmbeddedSqsConfig } from './embedded-sqs-server.ts';

/** A queue as the template has it. */
export interface QueueSpec {
  readonly logicalId: string;
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  /** As SQS's API takes them. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Number of messages in a queue. */
export interface QueueCounts {
  readonly visible: number;
  readonly inFlight: number;
  readonly delayed: number;
}

/** Starts the server; its state is in `dataDir`. */
export function startEmbeddedSqs(options: {
  readonly accessKey: string;
  readonly dataDir: string;
  readonly registry: ChildRegistry;
  readonly onUnexpectedExit: (name: string) => void;
}): Promise<ServerProcess> {
  return startServerProcess<EmbeddedSqsConfig>({
    name: 'SQS server',
    script: new URL('./embedded-sqs-server.ts', import.meta.url),
    config: {
      accessKey: options.accessKey,
      dataDir: join(options.dataDir, 'sqs'),
      archiveDir: join(options.dataDir, 'archive'),
    },
    registry: options.registry,
    logPath: join(options.dataDir, 'logs', 'sqs.log'),
    onUnexpectedExit: options.onUnexpectedExit,
  });
}

/**
 * Refuses queues of an earlier start that the template does not have any more while messages wait
 * in them.
 */
export async function refuseForgottenMessages(client: SQSClient, queues: readonly QueueSpec[]): Promise<void> {
  // By name: a URL has the port of the start that created the queue.
  const known = new Set(queues.map(({ name }) => name));
  for (const url of (await client.send(new ListQueuesCommand({}))).QueueUrls ?? []) {
    const name = url.split('/').at(-1) ?? '';
    if (known.has(name)) continue;
    const { visible, inFlight, delayed } = await countMessages(client, url);
    const waiting = visible + inFlight + delayed;
    if (waiting === 0) continue;
    throw new UserError(
      `${waiting} messages wait in the queue ${name} of DATA_DIR, which the stack has no more: were ` +
        'names.* or stackName changed? Start with the earlier values until it is empty, or with another DATA_DIR.',
    );
  }
}

/**
 * Makes the queues what the template says, those of an earlier start included; their messages stay.
 */
export async function createQueues(client: SQSClient, queues: readonly QueueSpec[]): Promise<void> {
  for (const { name, url, attributes } of queues) {
    await client.send(new CreateQueueCommand({ QueueName: name }));
    // Not with the creation: that would be refused for a queue that exists with other attributes.
    if (Object.keys(attributes).length === 0) continue;
    await client.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: attributes }));
  }
}

/** Number of messages in the queue now. */
export async function countMessages(client: SQSClient, url: string): Promise<QueueCounts> {
  const { Attributes: counts = {} } = await client.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return {
    visible: Number(counts.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(counts.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(counts.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}
