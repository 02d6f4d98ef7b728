/** The servers that stand in for AWS and for the CRM, each on a free port of 127.0.0.1. */
import { join } from 'node:path';
import type { SampleCrmConfig } from './crm/sample-crm-server.ts';
import { startDynamoDb } from './dynamodb/embedded-dynamodb.ts';
import type { LoopbackServer } from './http/loopback.ts';
import type { ChildRegistry } from './processes/child-registry.ts';
import { type ServerProcess, startServerProcess } from './processes/server-process.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { serveSecretsManager } from './secrets/secrets-manager.ts';
import type { Settings } from './settings.ts';
import { startEmbeddedSqs } from './sqs/embedded-sqs.ts';

/** What all servers are started with. */
export interface ServerOptions {
  readonly settings: Settings;
  readonly accessKey: string;
  readonly registry: ChildRegistry;
  readonly onUnexpectedExit: (name: string) => void;
}

/** The running servers. */
export interface Servers {
  readonly sqs: ServerProcess;
  readonly dynamoDb: ServerProcess;
  readonly secretsManager: LoopbackServer;
  readonly secrets: SecretStore;
}

/** Starts the CRM to deliver to, unless the user has one. */
export async function startSampleCrm(options: ServerOptions): Promise<ServerProcess | undefined> {
  const { settings, accessKey, registry, onUnexpectedExit } = options;
  if (settings.crmBaseUrl !== undefined) return undefined;
  return startServerProcess<SampleCrmConfig>({
    name: 'sample CRM',
    script: new URL('./crm/sample-crm-server.ts', import.meta.url),
    config: { accessKey, path: join(settings.dataDir, 'crm.jsonl') },
    registry: registry,
    logPath: join(settings.dataDir, 'logs', 'crm.log'),
    onUnexpectedExit,
  });
}

/** Starts what stands in for AWS. `keep` is given each server as soon as it runs, so that none is forgotten. */
export async function startServers(
  options: ServerOptions,
  keep: (stop: () => Promise<void>) => void,
): Promise<Servers> {
  const { settings, accessKey, registry, onUnexpectedExit } = options;
  const secrets = new SecretStore(join(settings.dataDir, 'secrets.json'));
  const common = { accessKey, dataDir: settings.dataDir, registry, onUnexpectedExit };
  const [sqs, dynamoDb, secretsManager] = await Promise.all([
    startEmbeddedSqs(common).then((server) => kept(server, () => server.stop())),
    startDynamoDb({ ...common, endpoint: settings.dynamoDbEndpoint }).then((server) =>
      kept(server, () => server.stop()),
    ),
    serveSecretsManager(secrets, accessKey).then((server) => kept(server, () => server.close())),
  ]);
  return { sqs, dynamoDb, secretsManager, secrets };

  function kept<Server>(server: Server, stop: () => Promise<void>): Server {
    keep(stop);
    return server;
  }
}
