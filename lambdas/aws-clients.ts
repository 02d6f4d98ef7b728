/**
 * The functions' AWS SDK clients, configured through public options only. The SDK reads the region,
 * and endpoints other than AWS's, from its own environment variables (`AWS_REGION`,
 * `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`).
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { AwsRequestHandler } from './aws-request-handler.ts';

/** Bounds of one call. `withinBudget` bounds all tries of a call together. */
export interface CallBounds {
  readonly tries: number;
  /** One try, to the end of its response. */
  readonly tryMs: number;
}

/** Identifies our calls in CloudTrail and in AWS's support tools. */
const USER_AGENT: [string, string][] = [['genesys-crm-pipeline', '0.2.0']];

/**
 * `loggerMiddleware` has no logger, and Node sets Content-Length. `recursionDetectionMiddleware`
 * would copy the trace of the invocation to the messages that the processor and the redrive
 * function send; after 16 hops with one trace Lambda stops a message as a runaway loop. Ingest
 * passes its trace on as a message attribute instead.
 */
const UNUSED_MIDDLEWARE = ['loggerMiddleware', 'contentLengthMiddleware', 'recursionDetectionMiddleware'];

/** An SQS client. Queue URLs name queues; requests go to the configured endpoint. */
export function sqsClient(bounds: CallBounds): SQSClient {
  return trimmed(new SQSClient({ ...options(bounds), cacheMiddleware: true, useQueueUrlAsEndpoint: false }));
}

/** A Secrets Manager client. */
export function secretsManagerClient(bounds: CallBounds): SecretsManagerClient {
  return trimmed(new SecretsManagerClient({ ...options(bounds), cacheMiddleware: true }));
}

/** A Firehose client. */
export function firehoseClient(bounds: CallBounds): FirehoseClient {
  return trimmed(new FirehoseClient({ ...options(bounds), cacheMiddleware: true }));
}

/** An S3 client, by the SDK's own request handler: objects are streams. */
export function s3Client(bounds: CallBounds): S3Client {
  const requestHandler = { requestTimeout: bounds.tryMs, throwOnRequestTimeout: true };
  return trimmed(new S3Client({ ...options(bounds), requestHandler }));
}

/** A Lambda client. */
export function lambdaClient(bounds: CallBounds): LambdaClient {
  return trimmed(new LambdaClient({ ...options(bounds), cacheMiddleware: true }));
}

/**
 * A DynamoDB document client. Undefined values are left out. A document client does not support
 * `cacheMiddleware`.
 */
export function documentClient(bounds: CallBounds): DynamoDBDocumentClient {
  const client = trimmed(new DynamoDBClient(options(bounds)));
  return DynamoDBDocumentClient.from(client, { marshallOptions: { removeUndefinedValues: true } });
}

function options({ tries, tryMs }: CallBounds) {
  return {
    credentials: credentials(),
    maxAttempts: tries,
    retryMode: 'standard',
    requestHandler: new AwsRequestHandler(tryMs),
    customUserAgent: USER_AGENT,
  };
}

/**
 * The credentials of the function's role, which Lambda sets once for the life of an environment.
 * Naming them keeps the SDK from resolving its chain of providers again.
 */
function credentials() {
  const sessionToken = process.env.AWS_SESSION_TOKEN ?? '';
  return {
    accessKeyId: required('AWS_ACCESS_KEY_ID'),
    secretAccessKey: required('AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken === '' ? {} : { sessionToken }),
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is missing. Lambda sets it for every function.`);
  return value;
}

function trimmed<Client extends { readonly middlewareStack: { remove(name: string): boolean } }>(
  client: Client,
): Client {
  for (const name of UNUSED_MIDDLEWARE) client.middlewareStack.remove(name);
  return client;
}
