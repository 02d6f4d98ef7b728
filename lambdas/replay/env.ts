/** The replay function's environment. */
import type { LimitOverrides } from '../domain/limits.ts';
import { type Environment, readEnvironment, writeEnvironment } from '../environment.ts';

const FIELDS = {
  archiveBucketName: 'ARCHIVE_BUCKET_NAME',
  deliveryQueueUrl: 'DELIVERY_QUEUE_URL',
} as const;

/** Longest run of one invocation, so that a person sees progress. */
export const REPLAY_RUN_MS = 20_000;

/** Values that the construct writes. */
export type ReplayEnvironment = Readonly<Record<keyof typeof FIELDS, string>>;

/** The variables that carry `values`, for the function's construct. */
export function writeReplayEnvironment(values: ReplayEnvironment, limits: LimitOverrides): Record<string, string> {
  return writeEnvironment(FIELDS, values, limits);
}

/** True for the environment of a replay function. */
export function isReplayEnvironment(environment: Environment): boolean {
  return environment[FIELDS.archiveBucketName] !== undefined;
}

/** Reads the variables; throws one error that names every one that is missing. */
export function readReplayEnvironment(environment: Environment) {
  return readEnvironment(FIELDS, environment);
}
