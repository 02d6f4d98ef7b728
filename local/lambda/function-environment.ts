/** The environment variables of a function's process: the template's, and what Lambda adds. */
import { join } from 'node:path';
import { LOCAL_REGION, type LocalEndpoints, localCredentials } from '../local-clients.ts';
import { systemVariables } from '../processes/system-variables.ts';
import type { FunctionSpec } from './execution-environment.ts';

/** The servers that stand in for AWS; without Lambda's if no function calls another. */
export type Endpoints = Omit<LocalEndpoints, 'lambda'> & Partial<Pick<LocalEndpoints, 'lambda'>>;

/**
 * All variables that a process of the function has; nothing of the developer's own environment is
 * among them.
 */
export function functionEnvironment(spec: FunctionSpec, endpoints: Endpoints, dataDir: string): Record<string, string> {
  const { accessKeyId, secretAccessKey } = localCredentials(endpoints.accessKey);
  return {
    ...systemVariables(),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    _HANDLER: `index.${spec.exportName}`,
    AWS_REGION: LOCAL_REGION,
    AWS_DEFAULT_REGION: LOCAL_REGION,
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${process.versions.node.split('.')[0]}.x`,
    AWS_LAMBDA_FUNCTION_NAME: spec.name,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(spec.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${spec.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: 'local',
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_SQS: endpoints.sqs,
    AWS_ENDPOINT_URL_S3: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SECRETS_MANAGER: endpoints.secretsManager,
    ...(endpoints.firehose === undefined ? {} : { AWS_ENDPOINT_URL_FIREHOSE: endpoints.firehose }),
    ...(endpoints.lambda === undefined ? {} : { AWS_ENDPOINT_URL_LAMBDA: endpoints.lambda }),
    // The developer's own AWS profile must not reach in.
    AWS_CONFIG_FILE: join(dataDir, 'no-aws-config'),
    AWS_SHARED_CREDENTIALS_FILE: join(dataDir, 'no-aws-credentials'),
    AWS_EC2_METADATA_DISABLED: 'true',
    ...spec.environment,
  };
}
