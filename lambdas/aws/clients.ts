/**
 * The AWS clients of the functions: the SDK's, told what it would otherwise find out, at start or again at each call.
 *
 * On Lambda an environment's region and credentials are environment variables that never change, there are no
 * configuration files, and neither FIPS nor dual-stack endpoints are asked for: so nothing is searched, loaded or
 * resolved a second time. Every call is bounded, one try and all of them.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { toEndpointV1 } from '@smithy/core/endpoints';
import { getSchemaSerdePlugin } from '@smithy/core/schema';
import type { AwsCredentialIdentity } from '@smithy/types';
import type { Environment } from '../environment.ts';
import { BoundedSending, type CallBounds, sendBounded } from './bounded-sending.ts';
import { sendDirectly } from './direct-stack.ts';
import { PlainJson11Protocol, PlainJsonProtocol } from './plain-json-protocol.ts';
import { BoundedRequestHandler } from './request-handler.ts';
import { RequestSigner } from './request-signer.ts';

/** A command's way is put together once, not at each call. The document client of DynamoDB cannot have it so. */
const ONCE = { cacheMiddleware: true };

/** A client of SQS. */
export function sqsClient(environment: Environment, bounds: CallBounds): SQSClient {
  const { config, signer } = fixedConfig(environment, 'sqs', 'AWS_ENDPOINT_URL_SQS', bounds);
  return direct(new SQSClient({ ...config, ...ONCE, protocol: PlainJsonProtocol }), config, signer, bounds);
}

/** A client of Secrets Manager. */
export function secretsManagerClient(environment: Environment, bounds: CallBounds): SecretsManagerClient {
  const { config, signer } = fixedConfig(environment, 'secretsmanager', 'AWS_ENDPOINT_URL_SECRETS_MANAGER', bounds);
  return direct(
    new SecretsManagerClient({ ...config, ...ONCE, protocol: PlainJson11Protocol }),
    config,
    signer,
    bounds,
  );
}

/** A client of DynamoDB, fit to be a document client's. */
export function dynamoDbClient(environment: Environment, bounds: CallBounds): DynamoDBClient {
  const { config, signer } = fixedConfig(environment, 'dynamodb', 'AWS_ENDPOINT_URL_DYNAMODB', bounds);
  const client = new DynamoDBClient({ ...config, endpointDiscoveryEnabled: false, accountIdEndpointMode: 'disabled' });
  // Plain: the SDK copies it three times a call, which takes 13 µs of the object that its resolvers leave behind, and
  // 0.1 µs of a copy of it.
  Object.assign(client, { config: { ...client.config } });
  client.middlewareStack.use(getSchemaSerdePlugin(client.config));
  sendBounded(client.middlewareStack, new BoundedSending(signer, bounds));
  return client;
}

function fixedConfig(environment: Environment, service: string, endpointVariable: string, { tries }: CallBounds) {
  const region = variable(environment, 'AWS_REGION');
  const credentials = credentialsFrom(environment);
  const endpoint = environment[endpointVariable];
  const config = {
    region,
    credentials,
    ...(endpoint === undefined ? {} : { endpoint }),
    // Looked up in configuration files otherwise.
    ignoreConfiguredEndpointUrls: true,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    defaultsMode: 'standard' as const,
    retryMode: 'standard',
    maxAttempts: tries,
    authSchemePreference: [],
    userAgentAppId: '',
    requestHandler: new BoundedRequestHandler(),
  };
  return { config, signer: new RequestSigner(service, region, credentials) };
}

/** Those of the function's role, for the life of its environment. */
function credentialsFrom(environment: Environment): AwsCredentialIdentity {
  const sessionToken = environment.AWS_SESSION_TOKEN;
  return {
    accessKeyId: variable(environment, 'AWS_ACCESS_KEY_ID'),
    secretAccessKey: variable(environment, 'AWS_SECRET_ACCESS_KEY'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}

function variable(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: Lambda sets it for every function`);
  return value;
}

/** A client whose commands need nothing of the SDK's middleware, with the one step in its place. */
function direct<Client extends SQSClient | SecretsManagerClient>(
  client: Client,
  { region, endpoint }: { readonly region: string; readonly endpoint?: string },
  signer: RequestSigner,
  bounds: CallBounds,
): Client {
  const { config, middlewareStack } = client as SecretsManagerClient;
  const found = config.endpointProvider({ Region: region, UseFIPS: false, UseDualStack: false, Endpoint: endpoint });
  config.protocol.setSerdeContext(config);
  sendDirectly(middlewareStack, config.protocol, toEndpointV1(found), new BoundedSending(signer, bounds));
  return client;
}
