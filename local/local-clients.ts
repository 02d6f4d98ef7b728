/** AWS clients for the servers of the local pipeline. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';

/** Where everything local claims to be. The embedded SQS server puts these into its ARNs. */
export const LOCAL_REGION = 'us-east-1';
export const LOCAL_ACCOUNT = '000000000000';

/** The servers check no signatures, but the SDK wants something to sign with. */
export const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' } as const;

/** How the aws CLI is called so that it asks `endpoint`, and nobody's account. */
export function localAwsCli(endpoint: string): string {
  const { accessKeyId, secretAccessKey } = LOCAL_CREDENTIALS;
  const credentials = `AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`;
  return `${credentials} aws --region ${LOCAL_REGION} --endpoint-url ${endpoint}`;
}

/** A client of the embedded SQS server. */
export function localSqsClient(endpoint: string): SQSClient {
  return new SQSClient({ endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS });
}

/** A client of the DynamoDB server. */
export function localDynamoDbClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS });
}

/** A client of the functions. An invocation is not tried again: it may have been carried out. */
export function localLambdaClient(endpoint: string): LambdaClient {
  return new LambdaClient({ endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS, maxAttempts: 1 });
}
