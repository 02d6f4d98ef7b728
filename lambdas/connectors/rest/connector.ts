/** Any REST API: the request of the mapping, with an idempotency key. */
import type { Connector } from '../../domain/crm/connector.ts';
import { sendRequest } from '../send-request.ts';

/** Rules for what its responses mean come with the mapping, if the statuses alone do not say it. */
export const rest: Connector = {
  title: 'CRM',
  settings: {},
  actions: ['request'],
  token: {},
  rules: [],
  requests(action, { idempotencyKey }) {
    if (action.kind !== 'request') throw new Error(`rest does not support ${action.kind}`);
    return sendRequest(action, { 'idempotency-key': idempotencyKey });
  },
};
