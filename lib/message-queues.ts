/** The delivery queue and its dead-letter queue, the quarantine. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Queue, QueueEncryption, type RedriveAllowPolicy, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/** Both are encrypted, take TLS only, and stay when the stack is deleted, except after a failed first deployment. */
export class MessageQueues extends Construct {
  /** Where ingest persists deliveries and the processor takes them from. */
  readonly delivery: Queue;
  /** Where events wait for a person or for a dependency. */
  readonly quarantine: Queue;

  constructor(scope: Construct, id: string, config: PipelineConfig) {
    super(scope, id);
    const { limits } = config;
    const encryptionMasterKey = storageKey(this, config);
    const common = {
      ...(encryptionMasterKey === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey }),
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      // The most that SQS takes, said aloud: a smaller one would turn accepted bodies into errors.
      maxMessageSizeBytes: 1_048_576,
    };
    this.quarantine = new Queue(this, 'Quarantine', {
      ...common,
      ...(config.quarantineName === undefined ? {} : { queueName: config.quarantineName }),
      retentionPeriod: Duration.millis(limits.quarantineRetentionMs),
      redriveAllowPolicy: this.#redriveAllowPolicy(config.deliveryQueueName),
    });
    this.delivery = new Queue(this, 'Delivery', {
      ...common,
      ...(config.deliveryQueueName === undefined ? {} : { queueName: config.deliveryQueueName }),
      retentionPeriod: Duration.millis(limits.deliveryRetentionMs),
      visibilityTimeout: Duration.millis(limits.visibilityMs),
      deadLetterQueue: { queue: this.quarantine, maxReceiveCount: limits.maxReceiveCount },
    });
  }

  /**
   * Denies `sqs:SendMessage` to every other principal of the account. AWS services are exempt: an identity policy
   * cannot let them in, only an Allow of the queue's own policy.
   */
  allowSenders(
    senders: { readonly delivery: readonly IRole[]; readonly quarantine: readonly IRole[] },
    others: readonly string[],
  ): void {
    for (const name of ['delivery', 'quarantine'] as const) {
      this[name].addToResourcePolicy(
        new PolicyStatement({
          sid: 'OnlyKnownSenders',
          effect: Effect.DENY,
          principals: [new AnyPrincipal()],
          actions: ['sqs:SendMessage'],
          resources: [this[name].queueArn],
          conditions: {
            ArnNotLike: { 'aws:PrincipalArn': [...senders[name].map(({ roleArn }) => roleArn), ...others] },
            Bool: { 'aws:PrincipalIsAWSService': 'false' },
          },
        }),
      );
    }
  }

  /** The delivery queue can be named here only by a name that is known beforehand: the two would depend on each other. */
  #redriveAllowPolicy(deliveryQueueName: string | undefined): RedriveAllowPolicy {
    if (deliveryQueueName === undefined) return { redrivePermission: RedrivePermission.ALLOW_ALL };
    const queueArn = Stack.of(this).formatArn({ service: 'sqs', resource: deliveryQueueName });
    return {
      redrivePermission: RedrivePermission.BY_QUEUE,
      sourceQueues: [Queue.fromQueueArn(this, 'QuarantineSource', queueArn)],
    };
  }
}
