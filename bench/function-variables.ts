/**
 * The environment variables of a function that is measured: those of the stack, Lambda's, and the
 * peers'.
 */

import { writeIngestEnvironment } from '../lambdas/ingest/env.ts';
import { writeProcessorEnvironment } from '../lambdas/processor/env.ts';
import type { FunctionSpec } from '../local/lambda/execution-environment.ts';
import { type Endpoints, functionEnvironment } from '../local/lambda/function-environment.ts';
import { type BenchCrm, type BenchServers, CRM_TOKEN_ARN, DIGEST_KEY_ARN, STREAM_SECRET_ARN } from './servers.ts';

/** Addresses and names of the resources that a measured function uses. */
export interface Places {
  readonly deliveryQueueUrl: string;
  readonly quarantineUrl: string;
  readonly stateTableName: string;
  /** CRM that the processor calls; the sample CRM if missing. */
  readonly crm?: BenchCrm;
  /** Endpoint in place of the server's, for example a proxy before it. */
  readonly dynamoDbEndpoint?: string;
}

/** Namespace of the metrics in the functions' logs, which the bench ignores. */
const METRICS_NAMESPACE = 'Bench';

/** The function as `ExecutionEnvironment` takes it. */
export function functionSpec(name: string, file: string, servers: BenchServers, places: Places): FunctionSpec {
  const crm = places.crm ?? servers.crm;
  return {
    logicalId: name,
    name,
    arn: `arn:aws:lambda:us-east-1:000000000000:function:${name}`,
    file,
    exportName: 'handler',
    timeoutMs: 30_000,
    memoryMb: 512,
    environment: {
      ...writeIngestEnvironment(
        {
          deliveryQueueUrl: places.deliveryQueueUrl,
          metricsNamespace: METRICS_NAMESPACE,
          secretArns: { 'genesys-webhook': STREAM_SECRET_ARN },
        },
        {},
      ),
      ...writeProcessorEnvironment(
        {
          deliveryQueueUrl: places.deliveryQueueUrl,
          quarantineUrl: places.quarantineUrl,
          stateTableName: places.stateTableName,
          crmBaseUrl: crm.url,
          crmConnector: crm.connector,
          crmSettings: '{}',
          crmRate: 'none',
          crmTokenSecretArn: CRM_TOKEN_ARN,
          digestKeySecretArn: DIGEST_KEY_ARN,
          metricsNamespace: METRICS_NAMESPACE,
        },
        {},
      ),
      // The peers read no secrets.
      STREAM_SECRET: servers.streamSecret,
      CRM_TOKEN: servers.crmToken,
    },
  };
}

/** All variables of its process. */
export function functionVariables(spec: FunctionSpec, servers: BenchServers, places: Places): Record<string, string> {
  const endpoints: Endpoints = {
    ...servers.endpoints,
    dynamodb: places.dynamoDbEndpoint ?? servers.endpoints.dynamodb,
  };
  return functionEnvironment(spec, endpoints, '/nonexistent');
}
