/** Runs a connector against responses that a test lists. */
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import type { Connector, ConnectorSettings, CrmRequest } from '../../lambdas/domain/crm/connector.ts';
import type { CrmResponse } from '../../lambdas/domain/crm/crm-outcome.ts';
import { runRequests } from '../../lambdas/domain/crm/run-requests.ts';

/** One response of the CRM. */
export interface ListedReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The requests as they would be sent, and the response that decides. */
export interface DrivenAction {
  readonly requests: readonly Omit<CrmRequest, 'expects'>[];
  readonly response: CrmResponse;
}

/** Answers the requests of `action` one after another with `replies`. */
export async function drive(
  connector: Connector,
  action: CrmAction,
  replies: readonly ListedReply[],
  settings: Partial<ConnectorSettings> = {},
): Promise<DrivenAction> {
  const context = {
    settings: { ...connector.settings, ...settings } as ConnectorSettings,
    idempotencyKey: 'e-1',
  };
  const requests: Omit<CrmRequest, 'expects'>[] = [];
  const response = await runRequests(connector.requests(action, context), connector.rules, async (request) => {
    const { expects: _expects, ...sent } = request;
    const reply = replies[requests.length];
    requests.push(sent);
    if (reply === undefined) throw new Error(`no reply is listed for ${sent.method} ${sent.path}`);
    const { status, headers = {}, body } = reply;
    return { response: { kind: 'answered', status, excerpt: '' }, subject: { status, headers, body } };
  });
  return { requests, response };
}

/** Meaning of the response for the attempt; undefined: that of its status. */
export function meaningOf({ response }: DrivenAction): string | undefined {
  if (response.kind !== 'answered') return response.kind;
  return response.meaning?.kind ?? (response.status < 300 ? 'success' : undefined);
}
