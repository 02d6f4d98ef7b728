/** The archive of deliveries, and the function that sends them again. */
import { Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { type IRole, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ARCHIVE_PREFIX, FIREHOSE_PREFIX } from '../lambdas/domain/replay/archive-keys.ts';
import { REPLAY_RUN_MS, writeReplayEnvironment } from '../lambdas/replay/env.ts';
import { bundledFunction } from './bundled-function.ts';
import type { PipelineConfig } from './pipeline-config.ts';
import { storageKey } from './storage-key.ts';

/** Time for the object and the batch that a run has begun. */
const RUN_MARGIN_MS = 40_000;

/** Prefix of what Firehose could not deliver. */
const ERROR_PREFIX = 'errors/';

/** Resources and settings of the archive. */
export interface DeliveryArchiveProps {
  readonly config: PipelineConfig;
  /** For how many days deliveries are kept. */
  readonly days: number;
  readonly deliveryQueue: IQueue;
}

/**
 * Keeps accepted deliveries for `days`, encrypted, in a bucket that nobody but the stack writes to.
 * The bucket stays when the stack is deleted; its objects expire.
 */
export class DeliveryArchive extends Construct {
  readonly stream: CfnDeliveryStream;
  readonly bucket: Bucket;
  /** Sends archived deliveries to the delivery queue again. */
  readonly replay: IFunction;

  constructor(scope: Construct, id: string, { config, days, deliveryQueue }: DeliveryArchiveProps) {
    super(scope, id);
    const encryptionKey = storageKey(this, config);
    this.bucket = new Bucket(this, 'Bucket', {
      ...(encryptionKey === undefined
        ? { encryption: BucketEncryption.S3_MANAGED }
        : { encryption: BucketEncryption.KMS, encryptionKey, bucketKeyEnabled: true }),
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      enforceSSL: true,
      lifecycleRules: [{ expiration: Duration.days(days), abortIncompleteMultipartUploadAfter: Duration.days(1) }],
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    Validations.of(this.bucket).acknowledge({
      id: 'AwsSolutions-S1',
      reason: 'Access logs need a bucket of their own that grows; CloudTrail data events record reads where wanted.',
    });
    this.stream = this.#deliveryStream(config, encryptionKey);
    this.replay = this.#replayFunction(config, deliveryQueue);
  }

  /**
   * Not CDK's own construct, whose role may do far more, and whose template has a table of
   * addresses that only other destinations need.
   */
  #deliveryStream(config: PipelineConfig, encryptionKey: IKey | undefined): CfnDeliveryStream {
    const logGroup = new LogGroup(this, 'StreamLogs', {
      ...(encryptionKey === undefined ? {} : { encryptionKey }),
      retention: config.logRetentionDays,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const logStream = logGroup.addStream('Delivery');
    const objects = [ARCHIVE_PREFIX, ERROR_PREFIX].map((prefix) => this.bucket.arnForObjects(`${prefix}*`));
    const role = new Role(this, 'StreamRole', {
      assumedBy: new ServicePrincipal('firehose.amazonaws.com'),
      // Not policies of their own: Firehose needs them as soon as the stream is made.
      inlinePolicies: {
        Write: new PolicyDocument({
          statements: [
            // The actions that Firehose asks for (developer guide, "Grant Firehose access to an
            // Amazon S3 destination").
            new PolicyStatement({
              actions: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'],
              resources: objects,
            }),
            new PolicyStatement({
              actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
              resources: [this.bucket.bucketArn],
            }),
            new PolicyStatement({ actions: ['logs:PutLogEvents'], resources: [logGroup.logGroupArn] }),
            ...(encryptionKey === undefined
              ? []
              : [
                  new PolicyStatement({
                    actions: ['kms:GenerateDataKey', 'kms:Decrypt'],
                    resources: [encryptionKey.keyArn],
                  }),
                ]),
          ],
        }),
      },
    });
    this.#acknowledgeObjects(role, ARCHIVE_PREFIX, 'Firehose names the objects.');
    this.#acknowledgeObjects(role, ERROR_PREFIX, 'Firehose names the objects.');
    return new CfnDeliveryStream(this, 'Stream', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput:
        encryptionKey === undefined
          ? { keyType: 'AWS_OWNED_CMK' }
          : { keyType: 'CUSTOMER_MANAGED_CMK', keyArn: encryptionKey.keyArn },
      extendedS3DestinationConfiguration: {
        bucketArn: this.bucket.bucketArn,
        roleArn: role.roleArn,
        prefix: FIREHOSE_PREFIX,
        errorOutputPrefix: `${ERROR_PREFIX}!{firehose:error-output-type}/`,
        fileExtension: '.gz',
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 5 },
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: logGroup.logGroupName,
          logStreamName: logStream.logStreamName,
        },
      },
    });
  }

  #acknowledgeObjects(role: IRole, prefix: string, reason: string): void {
    const arn = Stack.of(this).resolve(this.bucket.bucketArn) as { readonly 'Fn::GetAtt': readonly string[] };
    Validations.of(role).acknowledge({
      id: `AwsSolutions-IAM5[Resource::<${arn['Fn::GetAtt'][0]}.Arn>/${prefix}*]`,
      reason,
    });
  }

  #replayFunction(config: PipelineConfig, deliveryQueue: IQueue): IFunction {
    const handler = bundledFunction(this, 'Replay', {
      description: 'Sends archived deliveries to the delivery queue again',
      entry: 'lambdas/replay/handler',
      memoryMb: config.redriveMemoryMb,
      timeoutMs: REPLAY_RUN_MS + RUN_MARGIN_MS,
      environment: writeReplayEnvironment(
        { archiveBucketName: this.bucket.bucketName, deliveryQueueUrl: deliveryQueue.queueUrl },
        config.limitOverrides,
      ),
      config,
    });
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:ListBucket'],
        resources: [this.bucket.bucketArn],
        conditions: { StringLike: { 's3:prefix': `${ARCHIVE_PREFIX}*` } },
      }),
    );
    handler.addToRolePolicy(
      new PolicyStatement({
        actions: ['s3:GetObject'],
        resources: [this.bucket.arnForObjects(`${ARCHIVE_PREFIX}*`)],
      }),
    );
    handler.addToRolePolicy(new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [deliveryQueue.queueArn] }));
    if (handler.role !== undefined)
      this.#acknowledgeObjects(handler.role, ARCHIVE_PREFIX, 'Every object of the archive may be sent again.');
    return handler;
  }
}
