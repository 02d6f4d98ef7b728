/** The servers that stand in for AWS and for the CRM, each on a free port of 127.0.0.1. */
import { join } from 'node:path';
import { cdkJsonContext } from './cloudformation/synthesize.ts';
import type { FakeCrmConfig } from './crm/fake-crm-server.ts';
import { FAKE_VENDORS, type FakeVendorName } from './crm/fakes/vendors.ts';
import type { SampleCrmConfig } from './crm/sample-crm-server.ts';
import { startDynamoDb } from './dynamodb/embedded-dynamodb.ts';
import type { LoopbackServer } from './http/loopback.ts';
import type { ChildRegistry } from './processes/child-registry.ts';
import { type ServerProcess, startServerProcess } from './processes/server-process.ts';
import { SecretStore } from './secrets/secret-store.ts';
import { serveSecretsManager } from './secrets/secrets-manager.ts';
import type { Settings } from './settings.ts';
import { startEmbeddedSqs } from './sqs/embedded-sqs.ts';

/** Settings of all servers. */
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

/** The CRM on this machine. */
export interface LocalCrmServer extends ServerProcess {
  /** Undefined: the sample CRM. */
  readonly vendor: FakeVendorName | undefined;
}

/**
 * Starts the CRM to deliver to, unless the user has one: the sample CRM, or the fake of the
 * connector's vendor.
 */
export async function startLocalCrm(options: ServerOptions): Promise<LocalCrmServer | undefined> {
  const { settings, accessKey, registry, onUnexpectedExit } = options;
  const { dataDir, crmBaseUrl } = settings;
  if (crmBaseUrl !== undefined) return undefined;
  const context = { ...cdkJsonContext(), ...settings.context };
  const vendor = fakeVendorOf(context);
  const common = { registry, logPath: join(dataDir, 'logs', 'crm.log'), onUnexpectedExit };
  const server = await (vendor === undefined
    ? startServerProcess<SampleCrmConfig>({
        ...common,
        name: 'sample CRM',
        script: new URL('./crm/sample-crm-server.ts', import.meta.url),
        config: { accessKey, path: join(dataDir, 'crm.jsonl') },
      })
    : startServerProcess<FakeCrmConfig>({
        ...common,
        name: `fake of ${FAKE_VENDORS[vendor].title}`,
        script: new URL('./crm/fake-crm-server.ts', import.meta.url),
        config: { accessKey, vendor, settings: settingsIn(context), path: join(dataDir, `crm-${vendor}.jsonl`) },
      }));
  return { ...server, vendor };
}

function fakeVendorOf({ 'crm.connector': name }: Readonly<Record<string, unknown>>): FakeVendorName | undefined {
  return typeof name === 'string' && Object.hasOwn(FAKE_VENDORS, name) ? (name as FakeVendorName) : undefined;
}

/** The names of fields and objects as configured. */
function settingsIn(context: Readonly<Record<string, unknown>>): FakeCrmConfig['settings'] {
  const names = ['apiVersion', 'contactKey', 'callKey', 'contactObject', 'callObject'];
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = context[`crm.${name}`];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}

/**
 * Starts what stands in for AWS. `keep` is given each server as soon as it runs, so that none is
 * forgotten.
 */
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
