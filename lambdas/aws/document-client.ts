/** The functions' client of DynamoDB; apart from the others', so that ingest's bundle has nothing of it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { Environment } from '../environment.ts';
import type { CallBounds } from './bounded-sending.ts';
import { direct, fixedConfig } from './client-config.ts';
import { DocumentProtocol } from './document-protocol.ts';

/** A document client of DynamoDB: undefined values are left out, and numbers are read as numbers. */
export function documentClient(environment: Environment, bounds: CallBounds): DynamoDBDocumentClient {
  const { config, signer } = fixedConfig(environment, 'dynamodb', 'AWS_ENDPOINT_URL_DYNAMODB', bounds);
  const client = new DynamoDBClient({
    ...config,
    endpointDiscoveryEnabled: false,
    accountIdEndpointMode: 'disabled',
    protocol: DocumentProtocol,
  });
  return DynamoDBDocumentClient.from(direct(client, config, signer, bounds));
}
