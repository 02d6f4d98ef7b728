/** The delivery queue and its dead-letter queue, the quarantine. */
import { Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, type IRole, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { Universal } from 'aws-cdk-lib/aws-scheduler-targets';
import { type IQueue, Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/**
 * Both are encrypted, take TLS only, and stay when the stack is deleted, except after a failed
 * first deployment.
 */
export class MessageQueues extends Construct {
  /** Ingest persists deliveries here; the processor receives them from it. */
  readonly delivery: Queue;
  /** Events wait here for a person or for a dependency. */
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
      ...this.#namedSource(config.deliveryQueueName),
    });
    this.delivery = new Queue(this, 'Delivery', {
      ...common,
      ...(config.deliveryQueueName === undefined ? {} : { queueName: config.deliveryQueueName }),
      retentionPeriod: Duration.millis(limits.deliveryRetentionMs),
      visibilityTimeout: Duration.millis(limits.visibilityMs),
      deadLetterQueue: { queue: this.quarantine, maxReceiveCount: limits.maxReceiveCount },
    });
    if (config.deliveryQueueName === undefined) this.#allowOnlySource(this.delivery);
  }

  /**
   * Denies `sqs:SendMessage` to every other principal of the account. AWS services are exempt: an
   * identity policy cannot let them in, only an Allow of the queue's own policy.
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

  /**
   * Quarantine's redrive-allow policy where the name of its one source queue is known beforehand.
   */
  #namedSource(deliveryQueueName: string | undefined) {
    if (deliveryQueueName === undefined) return {};
    const queueArn = Stack.of(this).formatArn({ service: 'sqs', resource: deliveryQueueName });
    const sourceQueues = [Queue.fromQueueArn(this, 'QuarantineSource', queueArn)];
    return { redriveAllowPolicy: { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueues } };
  }

  /**
   * Sets quarantine's redrive-allow policy every hour, outside the template: there the two queues
   * would depend on each other, and a name given to an existing delivery queue would replace it. An
   * update of quarantine may reset the policy; the next run restores it.
   */
  #allowOnlySource(source: IQueue): void {
    const policy = { redrivePermission: RedrivePermission.BY_QUEUE, sourceQueueArns: [source.queueArn] };
    const input = {
      QueueUrl: this.quarantine.queueUrl,
      Attributes: { RedriveAllowPolicy: Stack.of(this).toJsonString(policy) },
    };
    const mayConfigure = new PolicyStatement({
      actions: ['sqs:SetQueueAttributes'],
      resources: [this.quarantine.queueArn],
    });
    new Schedule(this, 'OnlySource', {
      description: 'Lets only the delivery queue use quarantine as its dead-letter queue',
      schedule: ScheduleExpression.rate(Duration.hours(1)),
      target: new Universal({
        service: 'sqs',
        action: 'setQueueAttributes',
        input: ScheduleTargetInput.fromObject(input),
        policyStatements: [mayConfigure],
        maxEventAge: Duration.hours(1),
      }),
    });
  }
}
