/**
 * The properties of each resource type that the local pipeline honours, and those that it may pass
 * over.
 */
import type { CreateTableCommandInput } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { UserError } from '../../cli/user-error.ts';
import { FIREHOSE_PREFIX } from '../../lambdas/domain/replay/archive-keys.ts';
import type { ThrottleSpec } from '../api-gateway/throttle.ts';
import type { EventSourceSpec } from '../lambda/event-source.ts';
import { parseRate, type ScheduleSpec } from '../lambda/schedule.ts';
import type { GenerateSecretString } from '../secrets/generated-secret.ts';

/** A resource, its properties read. */
export type Resource = { readonly logicalId: string } & (
  | { readonly kind: 'queue'; readonly attributes: Readonly<Record<string, string>> }
  | {
      readonly kind: 'table';
      readonly input: Omit<CreateTableCommandInput, 'TableName'>;
      readonly timeToLiveAttribute: string | undefined;
    }
  | {
      readonly kind: 'function';
      readonly handler: string;
      readonly objectKey: string;
      readonly timeoutMs: number;
      readonly memoryMb: number;
      readonly environment: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'event-source'; readonly spec: Omit<EventSourceSpec, 'logicalId'> }
  | { readonly kind: 'route'; readonly routeKey: string; readonly integrationId: string }
  | { readonly kind: 'integration'; readonly functionArn: string }
  | { readonly kind: 'api' }
  | { readonly kind: 'stage'; readonly throttle: ThrottleSpec | undefined }
  | { readonly kind: 'schedule'; readonly schedules: readonly ScheduleSpec[] }
  | { readonly kind: 'event-bus'; readonly name: string }
  /** A rule on an event bus, which puts what it matches into a queue. */
  | { readonly kind: 'bus-rule'; readonly queueArn: string }
  | { readonly kind: 'secret'; readonly value: string | GenerateSecretString }
  | { readonly kind: 'delivery-stream'; readonly bucketArn: string }
  /** Made by the stream that writes to it. */
  | { readonly kind: 'bucket' }
);

const text = z.optional(z.string());
const flag = z.optional(z.boolean());
/** CloudFormation takes numbers as strings, too. */
const number = z.optional(z.coerce.number());
/** Means nothing on one machine. */
const ignored = z.optional(z.unknown());

/** Schemas of resource types. A property that is missing in its schema is refused. */
const READERS: Readonly<Record<string, (logicalId: string, properties: unknown) => Resource>> = {
  'AWS::SQS::Queue': readQueue,
  'AWS::DynamoDB::Table': readTable,
  'AWS::DynamoDB::GlobalTable': readTable,
  'AWS::Lambda::Function': readFunction,
  'AWS::Lambda::EventSourceMapping': readEventSource,
  'AWS::ApiGatewayV2::Api': readApi,
  'AWS::ApiGatewayV2::Integration': readIntegration,
  'AWS::ApiGatewayV2::Route': readRoute,
  'AWS::ApiGatewayV2::Stage': readStage,
  'AWS::Events::EventBus': readEventBus,
  'AWS::Events::Rule': readRule,
  'AWS::Scheduler::Schedule': readSchedule,
  'AWS::SecretsManager::Secret': readSecret,
  'AWS::KinesisFirehose::DeliveryStream': readDeliveryStream,
  'AWS::S3::Bucket': readBucket,
};

/** Reads a resource's resolved properties. Refuses a type or a property that is not known. */
export function readResource(logicalId: string, type: string, properties: unknown): Resource {
  const read = READERS[type];
  if (read === undefined) {
    throw new UserError(
      `${logicalId}: the local pipeline does not know what to do with ${type} (local/cloudformation/template.ts)`,
    );
  }
  return read(logicalId, properties);
}

function parse<Schema extends z.ZodType>(schema: Schema, logicalId: string, properties: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(properties);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message].filter(Boolean).join(': '));
  throw new UserError(`${logicalId}: the local pipeline cannot bring this up: ${problems.join('; ')}`);
}

const queue = z.strictObject({
  QueueName: text,
  VisibilityTimeout: number,
  MessageRetentionPeriod: number,
  MaximumMessageSize: number,
  ReceiveMessageWaitTimeSeconds: number,
  DelaySeconds: number,
  RedrivePolicy: z.optional(z.object({ deadLetterTargetArn: z.string(), maxReceiveCount: z.coerce.number() })),
  RedriveAllowPolicy: ignored,
  SqsManagedSseEnabled: ignored,
  KmsMasterKeyId: ignored,
  KmsDataKeyReusePeriodSeconds: ignored,
  Tags: ignored,
});

function readQueue(logicalId: string, properties: unknown): Resource {
  const read = parse(queue, logicalId, properties);
  const given = {
    VisibilityTimeout: read.VisibilityTimeout,
    MessageRetentionPeriod: read.MessageRetentionPeriod,
    MaximumMessageSize: read.MaximumMessageSize,
    ReceiveMessageWaitTimeSeconds: read.ReceiveMessageWaitTimeSeconds,
    DelaySeconds: read.DelaySeconds,
    RedrivePolicy: read.RedrivePolicy === undefined ? undefined : JSON.stringify(read.RedrivePolicy),
  };
  const attributes = Object.entries(given).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)]],
  );
  return { kind: 'queue', logicalId, attributes: Object.fromEntries(attributes) };
}

const keySchema = z.array(z.object({ AttributeName: z.string(), KeyType: z.enum(['HASH', 'RANGE']) }));

const table = z.strictObject({
  TableName: text,
  KeySchema: keySchema,
  AttributeDefinitions: z.array(z.object({ AttributeName: z.string(), AttributeType: z.enum(['S', 'N', 'B']) })),
  GlobalSecondaryIndexes: z.optional(
    z.array(
      z.looseObject({
        IndexName: z.string(),
        KeySchema: keySchema,
        Projection: z.object({
          ProjectionType: z.enum(['ALL', 'KEYS_ONLY', 'INCLUDE']),
          NonKeyAttributes: z.optional(z.array(z.string())),
        }),
      }),
    ),
  ),
  TimeToLiveSpecification: z.optional(z.object({ AttributeName: text, Enabled: flag })),
  // On demand here, whatever is paid for there.
  BillingMode: ignored,
  ProvisionedThroughput: ignored,
  OnDemandThroughput: ignored,
  WriteProvisionedThroughputSettings: ignored,
  WriteOnDemandThroughputSettings: ignored,
  Replicas: ignored,
  PointInTimeRecoverySpecification: ignored,
  ContributorInsightsSpecification: ignored,
  SSESpecification: ignored,
  DeletionProtectionEnabled: ignored,
  TableClass: ignored,
  Tags: ignored,
});

function readTable(logicalId: string, properties: unknown): Resource {
  const read = parse(table, logicalId, properties);
  const indexes = (read.GlobalSecondaryIndexes ?? []).map(({ IndexName, KeySchema, Projection }) => ({
    IndexName,
    KeySchema,
    Projection: {
      ProjectionType: Projection.ProjectionType,
      ...(Projection.NonKeyAttributes === undefined ? {} : { NonKeyAttributes: Projection.NonKeyAttributes }),
    },
  }));
  const timeToLive = read.TimeToLiveSpecification;
  return {
    kind: 'table',
    logicalId,
    input: {
      KeySchema: read.KeySchema,
      AttributeDefinitions: read.AttributeDefinitions,
      BillingMode: 'PAY_PER_REQUEST',
      ...(indexes.length === 0 ? {} : { GlobalSecondaryIndexes: indexes }),
    },
    timeToLiveAttribute: timeToLive?.Enabled === false ? undefined : timeToLive?.AttributeName,
  };
}

const lambda = z.strictObject({
  FunctionName: text,
  Code: z.looseObject({ S3Key: z.string() }),
  Handler: z.string(),
  Timeout: number,
  MemorySize: number,
  Environment: z.optional(z.object({ Variables: z.optional(z.record(z.string(), z.coerce.string())) })),
  Runtime: z.string().check(z.regex(/^nodejs/, 'must be a Node.js runtime')),
  PackageType: z.optional(z.literal('Zip')),
  Architectures: ignored,
  Description: ignored,
  EphemeralStorage: ignored,
  LoggingConfig: ignored,
  RecursiveLoop: ignored,
  ReservedConcurrentExecutions: ignored,
  Role: ignored,
  RuntimeManagementConfig: ignored,
  Tags: ignored,
  TracingConfig: ignored,
  VpcConfig: ignored,
  KmsKeyArn: ignored,
});

function readFunction(logicalId: string, properties: unknown): Resource {
  const read = parse(lambda, logicalId, properties);
  return {
    kind: 'function',
    logicalId,
    handler: read.Handler,
    objectKey: read.Code.S3Key,
    timeoutMs: (read.Timeout ?? 3) * 1_000,
    memoryMb: read.MemorySize ?? 128,
    environment: read.Environment?.Variables ?? {},
  };
}

const eventSource = z.strictObject({
  EventSourceArn: z.string().check(z.regex(/^arn:[^:]*:sqs:/, 'must be an SQS queue')),
  FunctionName: z.string(),
  Enabled: flag,
  // More than ten need a batching window. Here a batch is delivered at once, as Lambda may do with
  // any window.
  BatchSize: z.optional(z.coerce.number().check(z.gte(1), z.lte(10))),
  MaximumBatchingWindowInSeconds: z.optional(z.coerce.number().check(z.gte(0), z.lte(300))),
  ScalingConfig: z.optional(z.object({ MaximumConcurrency: number })),
  FunctionResponseTypes: z.optional(z.array(z.literal('ReportBatchItemFailures'))),
  MetricsConfig: ignored,
  Tags: ignored,
});

/** With how many pollers Lambda begins where no maximum is set. */
const DEFAULT_CONCURRENCY = 5;

function readEventSource(logicalId: string, properties: unknown): Resource {
  const read = parse(eventSource, logicalId, properties);
  return {
    kind: 'event-source',
    logicalId,
    spec: {
      enabled: read.Enabled !== false,
      queueArn: read.EventSourceArn,
      functionArn: read.FunctionName,
      batchSize: read.BatchSize ?? 10,
      maximumConcurrency: read.ScalingConfig?.MaximumConcurrency ?? DEFAULT_CONCURRENCY,
      reportsBatchItemFailures: read.FunctionResponseTypes?.includes('ReportBatchItemFailures') ?? false,
    },
  };
}

const api = z.strictObject({
  ProtocolType: z.literal('HTTP'),
  Name: ignored,
  Description: ignored,
  DisableExecuteApiEndpoint: ignored,
  Tags: ignored,
});

function readApi(logicalId: string, properties: unknown): Resource {
  parse(api, logicalId, properties);
  return { kind: 'api', logicalId };
}

const integration = z.strictObject({
  ApiId: z.string(),
  IntegrationType: z.literal('AWS_PROXY'),
  IntegrationUri: z.string(),
  PayloadFormatVersion: z.literal('2.0'),
  IntegrationMethod: ignored,
  Description: ignored,
  // Above every function's timeout but Lambda's own, which is honoured.
  TimeoutInMillis: ignored,
});

function readIntegration(logicalId: string, properties: unknown): Resource {
  return { kind: 'integration', logicalId, functionArn: parse(integration, logicalId, properties).IntegrationUri };
}

const route = z.strictObject({
  ApiId: z.string(),
  RouteKey: z.string(),
  Target: z.string().check(z.regex(/^integrations\//)),
  AuthorizationType: z.optional(z.literal('NONE')),
  ApiKeyRequired: z.optional(z.literal(false)),
  OperationName: ignored,
});

function readRoute(logicalId: string, properties: unknown): Resource {
  const { RouteKey, Target } = parse(route, logicalId, properties);
  return { kind: 'route', logicalId, routeKey: RouteKey, integrationId: Target.replace('integrations/', '') };
}

const stage = z.strictObject({
  ApiId: z.string(),
  StageName: z.literal('$default'),
  AutoDeploy: ignored,
  DefaultRouteSettings: z.optional(z.looseObject({ ThrottlingRateLimit: number, ThrottlingBurstLimit: number })),
  AccessLogSettings: ignored,
  Description: ignored,
  Tags: ignored,
});

function readStage(logicalId: string, properties: unknown): Resource {
  const settings = parse(stage, logicalId, properties).DefaultRouteSettings;
  const { ThrottlingRateLimit: ratePerSecond, ThrottlingBurstLimit: burst } = settings ?? {};
  const throttle =
    ratePerSecond === undefined ? undefined : { ratePerSecond, burst: burst ?? Math.max(1, ratePerSecond) };
  return { kind: 'stage', logicalId, throttle };
}

const eventBus = z.strictObject({
  Name: z.string(),
  EventSourceName: text,
  DeadLetterConfig: ignored,
  Description: ignored,
  KmsKeyIdentifier: ignored,
  LogConfig: ignored,
  Policy: ignored,
  Tags: ignored,
});

function readEventBus(logicalId: string, properties: unknown): Resource {
  return { kind: 'event-bus', logicalId, name: parse(eventBus, logicalId, properties).Name };
}

const busRule = z.strictObject({
  EventBusName: z.string(),
  EventPattern: z.looseObject({}),
  State: ignored,
  Targets: z.tuple([
    z.strictObject({
      Arn: z.string().check(z.regex(/^arn:[^:]*:sqs:/, 'must be an SQS queue')),
      Id: ignored,
      RetryPolicy: ignored,
      DeadLetterConfig: ignored,
    }),
  ]),
  Name: ignored,
  Description: ignored,
  Tags: ignored,
});

function readBusRule(logicalId: string, properties: unknown): Resource {
  return { kind: 'bus-rule', logicalId, queueArn: parse(busRule, logicalId, properties).Targets[0].Arn };
}

const rule = z.strictObject({
  ScheduleExpression: z.string('only rules with a schedule, or on an event bus of the template, are known'),
  State: z.optional(z.enum(['ENABLED', 'DISABLED'])),
  Targets: z.array(
    z.strictObject({ Arn: z.string(), Id: ignored, Input: text, RetryPolicy: ignored, DeadLetterConfig: ignored }),
  ),
  Name: ignored,
  Description: ignored,
  Tags: ignored,
});

function readRule(logicalId: string, properties: unknown): Resource {
  if (Object.hasOwn(properties as object, 'EventBusName')) return readBusRule(logicalId, properties);
  const read = parse(rule, logicalId, properties);
  const everyMs = parseRate(read.ScheduleExpression, logicalId);
  const targets = read.State === 'DISABLED' ? [] : read.Targets;
  return {
    kind: 'schedule',
    logicalId,
    schedules: targets.map(({ Arn, Input }) => toSchedule(logicalId, everyMs, Arn, Input)),
  };
}

const schedule = z.strictObject({
  ScheduleExpression: z.string(),
  State: z.optional(z.enum(['ENABLED', 'DISABLED'])),
  Target: z.strictObject({
    Arn: z.string(),
    RoleArn: ignored,
    Input: text,
    RetryPolicy: ignored,
    DeadLetterConfig: ignored,
  }),
  FlexibleTimeWindow: ignored,
  ScheduleExpressionTimezone: ignored,
  GroupName: ignored,
  KmsKeyArn: ignored,
  Name: ignored,
  Description: ignored,
});

/** Sets what `RedriveAllowPolicy` of a queue sets, and is ignored as that is. */
const SETS_REDRIVE_ALLOW_POLICY = 'arn:aws:scheduler:::aws-sdk:sqs:setQueueAttributes';

function readSchedule(logicalId: string, properties: unknown): Resource {
  const read = parse(schedule, logicalId, properties);
  if (read.Target.Arn === SETS_REDRIVE_ALLOW_POLICY) return { kind: 'schedule', logicalId, schedules: [] };
  const everyMs = parseRate(read.ScheduleExpression, logicalId);
  const { Arn, Input } = read.Target;
  const schedules = read.State === 'DISABLED' ? [] : [toSchedule(logicalId, everyMs, Arn, Input)];
  return { kind: 'schedule', logicalId, schedules };
}

function toSchedule(logicalId: string, everyMs: number, functionArn: string, input: string | undefined): ScheduleSpec {
  const common = { logicalId, everyMs, functionArn };
  return input === undefined ? common : { ...common, input: JSON.parse(input) as unknown };
}

const secret = z.strictObject({
  Name: text,
  SecretString: text,
  GenerateSecretString: z.optional(
    z.strictObject({
      PasswordLength: number,
      ExcludeCharacters: text,
      ExcludeLowercase: flag,
      ExcludeUppercase: flag,
      ExcludeNumbers: flag,
      ExcludePunctuation: flag,
      IncludeSpace: flag,
      RequireEachIncludedType: flag,
      SecretStringTemplate: text,
      GenerateStringKey: text,
    }),
  ),
  Description: ignored,
  KmsKeyId: ignored,
  ReplicaRegions: ignored,
  Tags: ignored,
});

function readSecret(logicalId: string, properties: unknown): Resource {
  const read = parse(secret, logicalId, properties);
  return { kind: 'secret', logicalId, value: read.SecretString ?? read.GenerateSecretString ?? {} };
}

const deliveryStream = z.strictObject({
  DeliveryStreamType: z.literal('DirectPut'),
  ExtendedS3DestinationConfiguration: z.strictObject({
    BucketARN: z.string(),
    Prefix: z.literal(FIREHOSE_PREFIX),
    FileExtension: ignored,
    ErrorOutputPrefix: ignored,
    RoleARN: ignored,
    // Here every record is an object.
    BufferingHints: ignored,
    CloudWatchLoggingOptions: ignored,
  }),
  DeliveryStreamEncryptionConfigurationInput: ignored,
  Tags: ignored,
});

function readDeliveryStream(logicalId: string, properties: unknown): Resource {
  const { BucketARN } = parse(deliveryStream, logicalId, properties).ExtendedS3DestinationConfiguration;
  return { kind: 'delivery-stream', logicalId, bucketArn: BucketARN };
}

const bucket = z.strictObject({
  BucketEncryption: ignored,
  // Nothing expires on one machine.
  LifecycleConfiguration: ignored,
  OwnershipControls: ignored,
  PublicAccessBlockConfiguration: ignored,
  Tags: ignored,
});

function readBucket(logicalId: string, properties: unknown): Resource {
  parse(bucket, logicalId, properties);
  return { kind: 'bucket', logicalId };
}
