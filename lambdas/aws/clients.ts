/** The functions' clients of SQS and Secrets Manager. */
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { Environment } from '../environment.ts';
import type { CallBounds } from './bounded-sending.ts';
import { direct, fixedConfig } from './client-config.ts';
import { PlainJson11Protocol, PlainJsonProtocol } from './plain-json-protocol.ts';

/** A command's way is put together once, not at each call. A document client refuses to have it so. */
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
