/** The sample CRM's process. The pipeline sends it the token once the secrets exist. */

import { messageOf } from '../../cli/user-error.ts';
import { listenOnLoopback } from '../http/loopback.ts';
import { reportToPipeline, serverConfig } from '../processes/server-process.ts';
import { CrmFaults } from './crm-faults.ts';
import { crmListener } from './crm-listener.ts';
import { SampleCrm } from './sample-crm.ts';
import { SampleCrmApi } from './sample-crm-api.ts';

/** File of its calls, and the key that authorizes changes of its behaviour. */
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
  const api = new SampleCrmApi({ crm, faults: new CrmFaults(), token: () => token });
  const server = await listenOnLoopback(crmListener(api, accessKey), 0);
  reportToPipeline({ kind: 'ready', url: server.url });
} catch (error) {
  reportToPipeline({ kind: 'failed', message: messageOf(error) });
}
