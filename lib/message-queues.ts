/** The delivery queue and its dead-letter queue, the quarantine. */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';

/** Both are encrypted, take TLS only, and stay when the stack is deleted. */
export class MessageQueues extends Construct {
  /** Where ingest persists deliveries and the processor takes them from. */
  readonly delivery: Queue;
  /** Where events wait for a person or for a dependency. */
  readonly quarantine: Queue;

  constructor(scope: Construct, id: string, config: PipelineConfig) {
    super(scope, id);
    const { limits } = config;
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN,
      // The most that SQS takes, said aloud: a smaller one would turn accepted bodies into errors.
      maxMessageSizeBytes: 1_048_576,
    };
    this.quarantine = new Queue(this, 'Quarantine', {
      ...common,
      ...(config.quarantineName === undefined ? {} : { queueName: config.quarantineName }),
      retentionPeriod: Duration.millis(limits.quarantineRetentionMs),
      // Without restriction: a policy that named the delivery queue would make the two depend on each other.
      redriveAllowPolicy: { redrivePermission: RedrivePermission.ALLOW_ALL },
    });
    this.delivery = new Queue(this, 'Delivery', {
      ...common,
      ...(config.deliveryQueueName === undefined ? {} : { queueName: config.deliveryQueueName }),
      retentionPeriod: Duration.millis(limits.deliveryRetentionMs),
      visibilityTimeout: Duration.millis(limits.visibilityMs),
      deadLetterQueue: { queue: this.quarantine, maxReceiveCount: limits.maxReceiveCount },
    });
  }
}
