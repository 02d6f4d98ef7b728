/** The processor function's environment. */
import type { LimitOverrides } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  quarantineUrl: 'QUARANTINE_URL',
  stateTableName: 'STATE_TABLE_NAME',
  crmBaseUrl: 'CRM_BASE_URL',
  crmConnector: 'CRM_CONNECTOR',
  crmSettings: 'CRM_SETTINGS',
  crmRate: 'CRM_RATE',
  crmTokenSecretArn: 'CRM_TOKEN_SECRET_ARN',
  digestKeySecretArn: 'DIGEST_KEY_SECRET_ARN',
  metricsNamespace: 'METRICS_NAMESPACE',
} as const;

/** Values that the construct writes. */
export type ProcessorEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/** The variables that carry `values`, for the function's construct. */
export function writeProcessorEnvironment(
  values: ProcessorEnvironment,
  limits: LimitOverrides,
): Record<string, string> {
  return writeEnvironment(FIELDS, values, limits);
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readProcessorEnvironment(environment: Environment) {
  return readEnvironment(FIELDS, environment);
}

/** The initial value of the CRM token's secret: the token has not been pasted yet. */
export const UNSET_CRM_TOKEN = 'PASTE_THE_CRM_TOKEN_HERE';
