/** The ingest function's environment. */
import type { LimitOverrides } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
  streamSecretArn: 'STREAM_SECRET_ARN',
} as const;

/** What the construct has to give. */
export type IngestEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/** The variables that carry `values`, for the function's construct. */
export function writeIngestEnvironment(values: IngestEnvironment, limits: LimitOverrides): Record<string, string> {
  return writeEnvironment(FIELDS, values, limits);
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readIngestEnvironment(environment: Environment) {
  return readEnvironment(FIELDS, environment);
}
