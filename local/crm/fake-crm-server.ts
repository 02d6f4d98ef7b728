/**
 * The process of a vendor's fake. The pipeline sends it the credentials once the secrets are there.
 */

import { messageOf } from '../../cli/user-error.ts';
import type { ConnectorSettings } from '../../lambdas/domain/crm/connector.ts';
import { listenOnLoopback } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { crmListener } from './crm-listener.ts';
import { FakeCrm } from './fakes/fake-crm.ts';
import type { FakeCredentials } from './fakes/tokens.ts';
import { FAKE_VENDORS, type FakeVendorName } from './fakes/vendors.ts';

/** Which vendor, where its records are kept, and the key that changes how it behaves. */
export interface FakeCrmConfig {
  readonly accessKey: string;
  readonly path: string;
  readonly vendor: FakeVendorName;
  /** Names that differ from the vendor's defaults. */
  readonly settings: Partial<ConnectorSettings>;
}

const { accessKey, path, vendor, settings } = serverConfig<FakeCrmConfig>(() => {});
try {
  const crm = new FakeCrm({ vendor: FAKE_VENDORS[vendor], path, settings });
  process.on('message', ({ token }: { readonly token: string }) => {
    crm.tokens.credentials = credentialsIn(token);
  });
  const server = await listenOnLoopback(crmListener(crm, accessKey), 0);
  crm.origin = server.url;
  reportToPipeline({ kind: 'ready', url: server.url });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}

/** The secret's value: JSON, or a bare bearer token. */
function credentialsIn(secret: string): FakeCredentials {
  return secret.trim().startsWith('{') ? (JSON.parse(secret) as FakeCredentials) : { token: secret.trim() };
}
