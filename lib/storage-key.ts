/** The user's KMS key, for everything that is stored. */
import { type IKey, Key } from 'aws-cdk-lib/aws-kms';
import type { Construct } from 'constructs';
import type { PipelineConfig } from './pipeline-config.ts';

/**
 * The key of `kms.keyArn` in this scope; undefined where AWS's keys are used. Its policy is the
 * user's.
 */
export function storageKey(scope: Construct, { kmsKeyArn }: PipelineConfig): IKey | undefined {
  return kmsKeyArn === undefined ? undefined : Key.fromKeyArn(scope, 'StorageKey', kmsKeyArn);
}
