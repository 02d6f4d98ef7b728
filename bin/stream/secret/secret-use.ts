/**
 * Finds deliveries signed with a version of the stream secret: ingest logs which it verified each
 * with.
 */
import type { SecretStage } from '../../../lambdas/domain/delivery/signature.ts';

/** Query. */
export interface UseQuery {
  readonly stage: SecretStage;
  /** Epoch milliseconds: only deliveries accepted since. */
  readonly sinceMs: number;
  /** Counting may stop here. */
  readonly enough: number;
}

/** Counts accepted deliveries by the secret that they were signed with. */
export interface SecretUse {
  /** Counts them, up to `enough`. Deliveries of the last moments may be missing. */
  usesSince(query: UseQuery): Promise<number>;
}

/**
 * Fields of ingest's log line for an accepted delivery of a stream: other senders have secrets of
 * their own.
 */
export const ACCEPTED = { message: 'delivery accepted', source: 'genesys-webhook' } as const;

/**
 * True if a line of ingest's log is an accepted delivery that was verified with this stage. False
 * for a line cut off.
 */
export function isUseOf(stage: SecretStage, sinceMs: number, line: string): boolean {
  try {
    const entry = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const accepted = entry.message === ACCEPTED.message && entry.source === ACCEPTED.source;
    return accepted && entry[STAGE_FIELD] === stage && Date.parse(String(entry.timestamp)) >= sinceMs;
  } catch {
    return false;
  }
}

/** The field of that line which names the stage of the secret that the delivery was signed with. */
export const STAGE_FIELD = 'secretStage';
