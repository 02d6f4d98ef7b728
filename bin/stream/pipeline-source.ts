/** The pipeline that a stream delivers to: where it is, its secret, and what ingest makes of it. */
import type { SecretUse } from './secret/secret-use.ts';
import type { SecretVersions } from './secret/secret-versions.ts';

/** A pipeline, deployed or on this machine. */
export interface TargetPipeline {
  /** As it is named in messages. */
  readonly name: string;
  readonly webhookUrl: string;
  /** After this every execution environment of ingest knows a new version of the secret. */
  readonly secretKnownAfterMs: number;
  readonly secrets: SecretVersions;
  readonly secretUse: SecretUse;
  /** Interval at which arrivals are checked. */
  readonly lookEveryMs: number;
  /** Ends its clients. */
  close(): void;
}
