/** The ingest function's environment. */

import { ALL_PROFILES, type ProfileName } from '../domain/delivery/signature-profiles.ts';
import type { LimitOverrides, Limits } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  metricsNamespace: 'METRICS_NAMESPACE',
} as const;

/** The secret of each sender that may deliver. */
export type SecretArns = Readonly<Record<'genesys-webhook', string> & Partial<Record<ProfileName, string>>>;

/** Values that the construct writes. */
export interface IngestEnvironment {
  readonly deliveryQueueUrl: string;
  readonly metricsNamespace: string;
  readonly secretArns: SecretArns;
}

/** The variables that carry `values`, for the function's construct. */
export function writeIngestEnvironment(values: IngestEnvironment, limits: LimitOverrides): Record<string, string> {
  const { secretArns, ...fields } = values;
  const arns = ALL_PROFILES.map(({ name, stack }) => [stack.secretVariable, secretArns[name]] as const);
  const given = arns.filter((entry): entry is readonly [string, string] => entry[1] !== undefined);
  return { ...writeEnvironment(FIELDS, fields, limits), ...Object.fromEntries(given) };
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readIngestEnvironment(environment: Environment): IngestEnvironment & { readonly limits: Limits } {
  const expected = ALL_PROFILES.filter(
    ({ stack, enabledBy: onlyWith }) => onlyWith === undefined || environment[stack.secretVariable] !== undefined,
  );
  const secretVariables = Object.fromEntries(expected.map(({ name, stack }) => [name, stack.secretVariable]));
  const read = readEnvironment({ ...FIELDS, ...secretVariables }, environment);
  const { limits, deliveryQueueUrl, metricsNamespace, ...secretArns } = read;
  return { limits, deliveryQueueUrl, metricsNamespace, secretArns: secretArns as SecretArns };
}
