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

/** The delivery stream of the archive; only set if there is one. */
const ARCHIVE_STREAM_NAME = 'ARCHIVE_STREAM_NAME';

/** Values that the construct writes. */
export type ProcessorEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/** The variables that carry `values`, for the function's construct. */
export function writeProcessorEnvironment(
  values: ProcessorEnvironment,
  limits: LimitOverrides,
  archiveStreamName?: string,
): Record<string, string> {
  const archive = archiveStreamName === undefined ? {} : { [ARCHIVE_STREAM_NAME]: archiveStreamName };
  return { ...writeEnvironment(FIELDS, values, limits), ...archive };
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readProcessorEnvironment(environment: Environment) {
  const archiveStreamName = environment[ARCHIVE_STREAM_NAME];
  return {
    ...readEnvironment(FIELDS, environment),
    ...(archiveStreamName === undefined ? {} : { archiveStreamName }),
  };
}

/** The initial value of the CRM token's secret: the token has not been pasted yet. */
export const UNSET_CRM_TOKEN = 'PASTE_THE_CRM_TOKEN_HERE';
