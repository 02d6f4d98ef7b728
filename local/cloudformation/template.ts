/**
 * Resources of a template, as the local pipeline starts them. Whatever the template has that is not
 * known here is refused by name: a stack that means one thing on AWS must not quietly mean another
 * on this machine.
 */

import { UserError } from '../../cli/user-error.ts';
import type { RouteSpec } from '../api-gateway/http-routes.ts';
import type { ThrottleSpec } from '../api-gateway/throttle.ts';
import type { DeliveryStreamSpec } from '../archive/firehose.ts';
import type { TableSpec } from '../dynamodb/embedded-dynamodb.ts';
import type { EventSourceSpec } from '../lambda/event-source.ts';
import type { FunctionSpec } from '../lambda/execution-environment.ts';
import type { ScheduleSpec } from '../lambda/schedule.ts';
import { LOCAL_ACCOUNT, LOCAL_REGION } from '../local-clients.ts';
import type { GenerateSecretString } from '../secrets/generated-secret.ts';
import type { QueueSpec } from '../sqs/embedded-sqs.ts';
import { queueUrl } from '../sqs/fauxqs-patches.ts';
import { Intrinsics, type ResourceNames } from './intrinsics.ts';
import { type Resource, readResource } from './resource-properties.ts';

/** A synthesized template. */
export interface Template {
  readonly Resources: Readonly<
    Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
  >;
  readonly Parameters?: Readonly<Record<string, { readonly Default?: unknown }>>;
}

/** A secret as the template has it. */
export interface SecretSpec {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly value: string | GenerateSecretString;
}

/** Everything that is brought up. */
export interface LocalStack {
  readonly queues: readonly QueueSpec[];
  readonly tables: readonly TableSpec[];
  readonly functions: readonly FunctionSpec[];
  readonly eventSources: readonly EventSourceSpec[];
  readonly routes: readonly RouteSpec[];
  readonly throttle: ThrottleSpec | undefined;
  readonly schedules: readonly ScheduleSpec[];
  readonly secrets: readonly SecretSpec[];
  readonly deliveryStreams: readonly DeliveryStreamSpec[];
  /**
   * Names of event buses. Nothing publishes to them here: their rules are read, and never match.
   */
  readonly eventBuses: readonly string[];
}

/** Values on which the resolved template depends. */
export interface TemplateContext {
  readonly stackName: string;
  readonly sqsEndpoint: string;
  readonly apiEndpoint: string;
  /** The directory of a function's bundle, by its key in the asset bucket. */
  readonly assetDirectory: (objectKey: string) => string | undefined;
}

/**
 * Types that mean nothing on one machine: permissions, logs, alarms, names on the network, and
 * CDK's own.
 */
const IGNORED_TYPES = [
  /^AWS::IAM::/,
  /^AWS::Logs::/,
  /^AWS::CDK::Metadata$/,
  /^AWS::CloudWatch::/,
  /^AWS::KMS::/,
  /^AWS::Lambda::Permission$/,
  /^AWS::Lambda::EventInvokeConfig$/,
  /^AWS::SQS::QueuePolicy$/,
  /^AWS::S3::BucketPolicy$/,
  /^AWS::SecretsManager::(ResourcePolicy|RotationSchedule)$/,
  /^AWS::SNS::/,
  /^AWS::Events::Archive$/,
  /^AWS::Scheduler::ScheduleGroup$/,
  /^AWS::ApiGatewayV2::(DomainName|ApiMapping)$/,
  /^AWS::CertificateManager::/,
  /^AWS::Route53::/,
];

/** Resolves the template. Refuses resource types and properties that are not known. */
export function resolveTemplate(template: Template, surroundings: TemplateContext): LocalStack {
  const names = nameResources(template, surroundings);
  const intrinsics = new Intrinsics(names, pseudoParameters(template, surroundings.stackName));
  const resources = Object.entries(template.Resources)
    .filter(([, { Type }]) => !isIgnored(Type))
    .map(([logicalId, { Type, Properties = {} }]) => {
      const properties = intrinsics.resolve(Properties, logicalId);
      return readResource(logicalId, Type, properties);
    });
  return arrange(resources, names, surroundings);
}

function isIgnored(type: string): boolean {
  return IGNORED_TYPES.some((pattern) => pattern.test(type));
}

function pseudoParameters(template: Template, stackName: string): Record<string, string> {
  const own = Object.entries(template.Parameters ?? {}).map(([name, { Default }]) => [name, String(Default ?? '')]);
  return {
    ...(Object.fromEntries(own) as Record<string, string>),
    'AWS::Region': LOCAL_REGION,
    'AWS::AccountId': LOCAL_ACCOUNT,
    'AWS::Partition': 'aws',
    'AWS::URLSuffix': 'amazonaws.com',
    'AWS::StackName': stackName,
    'AWS::StackId': arn('cloudformation', `stack/${stackName}/local`),
  };
}

function arn(service: string, resource: string): string {
  return `arn:aws:${service}:${LOCAL_REGION}:${LOCAL_ACCOUNT}:${resource}`;
}

/**
 * The property of each type that gives a resource its name; without it the logical id is the name.
 */
const NAME_PROPERTIES: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::SecretsManager::Secret': 'Name',
};

function nameResources(template: Template, surroundings: TemplateContext): Map<string, ResourceNames> {
  // Names may be made of pseudo parameters, but not of other resources, which have no names yet.
  const early = new Intrinsics(new Map(), pseudoParameters(template, surroundings.stackName));
  const entries = Object.entries(template.Resources).map(([logicalId, { Type, Properties = {} }]) => {
    const given = Properties[NAME_PROPERTIES[Type] ?? ''];
    const name = given === undefined ? logicalId : String(early.resolve(given, logicalId));
    return [logicalId, namesOf(Type, logicalId, name, surroundings)] as const;
  });
  return new Map(entries);
}

function namesOf(type: string, logicalId: string, name: string, surroundings: TemplateContext): ResourceNames {
  switch (type) {
    case 'AWS::SQS::Queue': {
      const url = queueUrl(surroundings.sqsEndpoint, name);
      return { ref: url, attributes: { Arn: arn('sqs', name), QueueName: name, QueueUrl: url } };
    }
    case 'AWS::DynamoDB::Table':
    case 'AWS::DynamoDB::GlobalTable':
      return { ref: name, attributes: { Arn: arn('dynamodb', `table/${name}`), StreamArn: '' } };
    case 'AWS::Lambda::Function':
      return { ref: name, attributes: { Arn: arn('lambda', `function:${name}`) } };
    case 'AWS::SecretsManager::Secret': {
      const secretArn = arn('secretsmanager', `secret:${name}-local0`);
      return { ref: secretArn, attributes: { Id: secretArn } };
    }
    case 'AWS::S3::Bucket': {
      const bucketName = name.toLowerCase();
      return { ref: bucketName, attributes: { Arn: `arn:aws:s3:::${bucketName}` } };
    }
    case 'AWS::KinesisFirehose::DeliveryStream':
      return { ref: name, attributes: { Arn: arn('firehose', `deliverystream/${name}`) } };
    case 'AWS::ApiGatewayV2::Api':
      return { ref: logicalId, attributes: { ApiId: logicalId, ApiEndpoint: surroundings.apiEndpoint } };
    default:
      return { ref: logicalId, attributes: { Arn: arn('local', logicalId), Id: logicalId } };
  }
}

type Of<Kind extends Resource['kind']> = Extract<Resource, { kind: Kind }>;

function arrange(
  resources: readonly Resource[],
  names: ReadonlyMap<string, ResourceNames>,
  surroundings: TemplateContext,
): LocalStack {
  function all<Kind extends Resource['kind']>(kind: Kind): Of<Kind>[] {
    return resources.filter((resource): resource is Of<Kind> => resource.kind === kind);
  }
  function nameOf(logicalId: string): ResourceNames {
    return names.get(logicalId) ?? { ref: logicalId, attributes: {} };
  }
  return {
    queues: all('queue').map(({ logicalId, attributes }) => {
      const { ref: url, attributes: named } = nameOf(logicalId);
      return { logicalId, name: named.QueueName ?? '', url, arn: named.Arn ?? '', attributes };
    }),
    tables: all('table').map(({ logicalId, input, timeToLiveAttribute }) => {
      const { ref: name, attributes } = nameOf(logicalId);
      const table = { logicalId, name, arn: attributes.Arn ?? '', input: { ...input, TableName: name } };
      return timeToLiveAttribute === undefined ? table : { ...table, timeToLiveAttribute };
    }),
    functions: all('function').map((resource) => arrangeFunction(resource, nameOf(resource.logicalId), surroundings)),
    eventSources: all('event-source').map(({ logicalId, spec }) => ({
      ...spec,
      logicalId,
      functionArn: functionArnOf(spec.functionArn, names),
    })),
    routes: all('route').map(({ logicalId, routeKey, integrationId }) => {
      const integration = all('integration').find((other) => other.logicalId === integrationId);
      if (integration === undefined) throw new UserError(`${logicalId}: its target is no integration of the template`);
      return { key: routeKey, functionArn: functionArnOf(integration.functionArn, names) };
    }),
    throttle: all('stage').find(({ throttle }) => throttle !== undefined)?.throttle,
    eventBuses: all('event-bus').map(({ name }) => name),
    schedules: all('schedule').flatMap(({ schedules }) => schedules),
    deliveryStreams: all('delivery-stream').map(({ logicalId, bucketArn }) => ({
      name: nameOf(logicalId).ref,
      bucketName: bucketArn.replace('arn:aws:s3:::', ''),
    })),
    secrets: all('secret').map(({ logicalId, value }) => {
      const secretArn = nameOf(logicalId).ref;
      return { logicalId, name: secretArn.split(':secret:')[1]?.replace(/-local0$/, '') ?? '', arn: secretArn, value };
    }),
  };
}

function arrangeFunction(resource: Of<'function'>, names: ResourceNames, surroundings: TemplateContext): FunctionSpec {
  const { logicalId, handler, objectKey, timeoutMs, memoryMb, environment } = resource;
  const directory = surroundings.assetDirectory(objectKey);
  if (directory === undefined) throw new UserError(`${logicalId}: its code is no asset of the assembly (${objectKey})`);
  const at = handler.lastIndexOf('.');
  return {
    logicalId,
    name: names.ref,
    arn: names.attributes.Arn ?? '',
    file: `${directory}/${handler.slice(0, at)}.js`,
    exportName: handler.slice(at + 1),
    timeoutMs,
    memoryMb,
    environment,
  };
}

/** A function may be named by its ARN, an invocation URI that holds it, or its name. */
function functionArnOf(text: string, names: ReadonlyMap<string, ResourceNames>): string {
  const inUri = /arn:[^:]*:lambda:[^/]*:function:[^/:]+/.exec(text)?.[0];
  if (inUri !== undefined) return inUri;
  for (const { ref, attributes } of names.values())
    if (ref === text && attributes.Arn?.includes(':lambda:')) return attributes.Arn;
  throw new UserError(`${text} names no function of the template`);
}
