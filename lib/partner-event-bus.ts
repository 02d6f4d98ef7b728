/**
 * The partner event bus: the events that Genesys Cloud's “Amazon EventBridge Source” integration
 * publishes, on their way to the delivery queue.
 */
import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { type Archive, EventBus, Rule } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { type IQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Limits } from '../lambdas/domain/limits.ts';

/** Resources that the bus is bound to. */
export interface PartnerEventBusProps {
  /** The partner event source, which has to exist, and to be pending, when this is deployed. */
  readonly eventSource: string;
  /**
   * The `detail-type`s that are let through, as literal templates:
   * `v2.detail.events.conversation.{id}.customer.end`.
   */
  readonly topics: readonly string[];
  readonly deliveryQueue: IQueue;
  readonly limits: Limits;
  /** Encrypts the dead letters; left out: a key of SQS. */
  readonly encryptionKey?: IKey;
}

/** The longest that EventBridge goes on trying, and the most often. */
const RETRY_FOR = Duration.hours(24);
const RETRY_ATTEMPTS = 185;

/** Time left to act, when what has waited longest in the dead letters is about to expire there. */
const ARCHIVED_LONGER = Duration.days(1);

/**
 * Bus, rule, archive, and dead letters. What the delivery queue does not take is tried for a day,
 * then kept.
 */
export class PartnerEventBus extends Construct {
  /**
   * Events that EventBridge could not put into the delivery queue. Not the quarantine, whose
   * messages have been processed.
   */
  readonly deadLetters: Queue;
  readonly bus: EventBus;
  /**
   * Keeps every event that is let through for longer than the dead letters do, so that they can be
   * replayed.
   */
  readonly archive: Archive;

  constructor(
    scope: Construct,
    id: string,
    { eventSource, topics, deliveryQueue, limits, encryptionKey }: PartnerEventBusProps,
  ) {
    super(scope, id);
    const deadLetterRetention = Duration.millis(limits.quarantineRetentionMs);
    const eventPattern = { source: [eventSource], detailType: [...topics] };
    this.bus = new EventBus(this, 'Bus', { eventSourceName: eventSource });
    this.deadLetters = new Queue(this, 'DeadLetters', {
      ...(encryptionKey === undefined
        ? { encryption: QueueEncryption.SQS_MANAGED }
        : { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }),
      enforceSSL: true,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      maxMessageSizeBytes: 1_048_576,
      retentionPeriod: deadLetterRetention,
    });
    Validations.of(this.deadLetters).acknowledge({
      id: 'AwsSolutions-SQS3',
      reason: 'It is a dead-letter queue: that of the rule, which is no queue.',
    });
    const rule = new Rule(this, 'ToDelivery', {
      description: 'Events of Genesys Cloud into the delivery queue',
      eventBus: this.bus,
      eventPattern,
    });
    rule.addTarget(
      new SqsQueue(deliveryQueue, {
        deadLetterQueue: this.deadLetters,
        maxEventAge: RETRY_FOR,
        retryAttempts: RETRY_ATTEMPTS,
      }),
    );
    this.archive = this.bus.archive('Archive', {
      description: 'Events of Genesys Cloud, to be replayed',
      eventPattern,
      retention: Duration.days(
        Math.ceil(deadLetterRetention.plus(RETRY_FOR).plus(ARCHIVED_LONGER).toDays({ integral: false })),
      ),
    });
  }
}
