/** The redrive function's environment. */
import type { LimitOverrides } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  deliveryQueueArn: 'DELIVERY_QUEUE_ARN',
  quarantineUrl: 'QUARANTINE_URL',
  quarantineArn: 'QUARANTINE_ARN',
  stateTableName: 'STATE_TABLE_NAME',
  quarantineIndexName: 'QUARANTINE_INDEX_NAME',
  metricsNamespace: 'METRICS_NAMESPACE',
} as const;

/** Dead letters of the partner event bus; only set if there is one. */
const PARTNER_DEAD_LETTERS_URL = 'PARTNER_DEAD_LETTERS_URL';

/** Values that the construct writes. */
export type RedriveEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/** The variables that carry `values`, for the function's construct. */
export function writeRedriveEnvironment(
  values: RedriveEnvironment,
  limits: LimitOverrides,
  partnerDeadLettersUrl?: string,
): Record<string, string> {
  const partner = partnerDeadLettersUrl === undefined ? {} : { [PARTNER_DEAD_LETTERS_URL]: partnerDeadLettersUrl };
  return { ...writeEnvironment(FIELDS, values, limits), ...partner };
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readRedriveEnvironment(environment: Environment) {
  const partnerDeadLettersUrl = environment[PARTNER_DEAD_LETTERS_URL];
  return {
    ...readEnvironment(FIELDS, environment),
    ...(partnerDeadLettersUrl === undefined ? {} : { partnerDeadLettersUrl }),
  };
}
