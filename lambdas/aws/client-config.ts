/**
 * What the functions' clients have in common: the SDK's, told what it would otherwise find out, at start or again at
 * each call.
 *
 * On Lambda an environment's region and credentials are environment variables that never change, there are no
 * configuration files, and neither FIPS nor dual-stack endpoints are asked for: so nothing is searched, loaded or
 * resolved a second time. Every call is bounded, one try and all of them.
 */
import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { toEndpointV1 } from '@smithy/core/endpoints';
import type { AwsCredentialIdentity } from '@smithy/types';
import type { Environment } from '../environment.ts';
import { BoundedSending, type CallBounds } from './bounded-sending.ts';
import { sendDirectly } from './direct-stack.ts';
import { BoundedRequestHandler } from './request-handler.ts';
import { RequestSigner } from './request-signer.ts';

/** The configuration of a service's client, and what signs for it. `endpointVariable` names another endpoint than AWS's. */
export function fixedConfig(
  environment: Environment,
  service: string,
  endpointVariable: string,
  { tries }: CallBounds,
) {
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
    ...(sessionToken === undefined || sessionToken === '' ? {} : { sessionToken }),
  };
}

function variable(environment: Environment, name: string): string {
  const value = environment[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set: Lambda sets it for every function`);
  return value;
}

/** A client with the one step in place of the SDK's middleware. */
export function direct<Client extends object>(
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
