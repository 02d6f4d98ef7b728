/** The action that every connector has: one request as the mapping gave it. */
import type { SendRequest } from '../domain/crm/action.ts';
import type { CrmRequests } from '../domain/crm/connector.ts';

/** Sends the request, with `headers` besides its own. */
export function* sendRequest(action: SendRequest, headers: Readonly<Record<string, string>> = {}): CrmRequests {
  const { method, path, body } = action;
  yield { method, path, headers: { ...headers, ...action.headers }, ...(body === undefined ? {} : { body }) };
  return undefined;
}
