/** The pipeline on this machine, found by DATA_DIR as the other commands do. */
import { localSecretsManagerClient } from '../../local/local-clients.ts';
import { findPipeline } from '../../local/pipeline-file.ts';
import { dataDirFrom } from '../../local/settings.ts';
import type { TargetPipeline } from './pipeline-source.ts';
import { LogFileSecretUse } from './secret/secret-use.log-file.ts';
import { SecretVersions } from './secret/secret-versions.ts';

/** Finds it. Refused where none runs. */
export function findLocalPipeline(environment: Readonly<Record<string, string | undefined>>): TargetPipeline {
  const { webhookUrl, endpoints, streamSecretArn, ingest } = findPipeline(dataDirFrom(environment));
  const client = localSecretsManagerClient(endpoints);
  return {
    name: 'the pipeline on this machine',
    webhookUrl,
    secretKnownAfterMs: ingest.secretKnownAfterMs,
    secrets: new SecretVersions(client, streamSecretArn),
    secretUse: new LogFileSecretUse(ingest.logPath),
    lookEveryMs: 1_000,
    close: () => client.destroy(),
  };
}
