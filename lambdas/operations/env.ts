/**
 * The environment of the two operations functions, which differ in what they may do and not in what
 * they are.
 */
import type { LimitOverrides } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  quarantineUrl: 'QUARANTINE_URL',
  stateTableName: 'STATE_TABLE_NAME',
  quarantineIndexName: 'QUARANTINE_INDEX_NAME',
  digestKeySecretArn: 'DIGEST_KEY_SECRET_ARN',
  redriveFunctionName: 'REDRIVE_FUNCTION_NAME',
  /** The function that buttons call to redrive. */
  actFunctionArn: 'ACT_FUNCTION_ARN',
} as const;

/** Values that the construct writes. */
export type OperationsEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/**
 * Instead of its own ARN, which its construct cannot write into a function: that which may act is
 * this one.
 */
export const THIS_FUNCTION = 'this function';

/** The variables that carry `values`, for the functions' construct. */
export function writeOperationsEnvironment(
  values: OperationsEnvironment,
  limits: LimitOverrides,
): Record<string, string> {
  return writeEnvironment(FIELDS, values, limits);
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readOperationsEnvironment(environment: Environment) {
  return readEnvironment(FIELDS, environment);
}
