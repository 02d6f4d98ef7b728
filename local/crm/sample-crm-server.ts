/** The sample CRM's process. The pipeline tells it the token once the secrets are there. */

import { messageOf } from '../../cli/user-error.ts';
import { listenOnLoopback } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { CrmFaults } from './crm-faults.ts';
import { SampleCrm } from './sample-crm.ts';
import { sampleCrmListener } from './sample-crm-http.ts';

/** Where it keeps its calls, and the key that changes how it behaves. */
export interface SampleCrmConfig {
  readonly accessKey: string;
  readonly path: string;
}

let token: string | undefined;
process.on('message', (message: { readonly token?: string }) => {
  token = message.token ?? token;
});
const { accessKey, path } = serverConfig<SampleCrmConfig>(() => {});
try {
  const crm = new SampleCrm(path);
  const listener = sampleCrmListener({ crm, faults: new CrmFaults(), token: () => token, accessKey });
  const server = await listenOnLoopback(listener, 0);
  reportToPipeline({ kind: 'ready', url: server.url });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}
