/** AWS clients for the servers of the local pipeline. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Region and account of all local resources. The embedded SQS server puts them into its ARNs. */
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';

/** Endpoints of the servers that stand in for AWS. */
export interface LocalEndpoints {
  readonly sqs: string;
  readonly dynamodb: string;
  readonly secretsManager: string;
  /** Takes records for the archive; absent: the stack has none. */
  readonly firehose?: string;
  /** Invokes the functions. */
  readonly lambda: string;
  /** The access key that all of them ask for. Each start has a new one. */
  readonly accessKey: string;
}

type EndpointOf<Service extends keyof LocalEndpoints> = Pick<LocalEndpoints, Service | 'accessKey'>;

/** The servers read the access key from the signature, and do not verify the rest of it. */
export function localCredentials(accessKey: string) {
  return { accessKeyId: accessKey, secretAccessKey: 'local' };
}

/** The aws CLI's command line up to its first argument, for the server at `endpoint`. */
export function localAwsCli(endpoint: string, accessKey: string): string {
  const { accessKeyId, secretAccessKey } = localCredentials(accessKey);
  const credentials = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
  return `${credentials} aws --region ${LOCAL_REGION} --endpoint-url ${endpoint}`;
}

/** A client of the embedded SQS server. */
export function localSqsClient({ sqs, accessKey }: EndpointOf<'sqs'>): SQSClient {
  return new SQSClient({ endpoint: sqs, region: LOCAL_REGION, credentials: localCredentials(accessKey) });
}

/** A client of S3, which the embedded SQS server serves, too. */
export function localS3Client({ sqs, accessKey }: EndpointOf<'sqs'>): S3Client {
  return new S3Client({ endpoint: sqs, region: LOCAL_REGION, credentials: localCredentials(accessKey) });
}

/** A client of the DynamoDB server. */
export function localDynamoDbClient({ dynamodb, accessKey }: EndpointOf<'dynamodb'>): DynamoDBClient {
  return new DynamoDBClient({ endpoint: dynamodb, region: LOCAL_REGION, credentials: localCredentials(accessKey) });
}

/** A client of the local Secrets Manager. */
export function localSecretsManagerClient({
  secretsManager,
  accessKey,
}: EndpointOf<'secretsManager'>): SecretsManagerClient {
  const credentials = localCredentials(accessKey);
  return new SecretsManagerClient({ endpoint: secretsManager, region: LOCAL_REGION, credentials });
}

/** A client of the functions. An invocation is not tried again: it may have been carried out. */
export function localLambdaClient({ lambda, accessKey }: EndpointOf<'lambda'>): LambdaClient {
  const credentials = localCredentials(accessKey);
  return new LambdaClient({ endpoint: lambda, region: LOCAL_REGION, credentials, maxAttempts: 1 });
}
