/** Drives a connector through the requests of one action. Pure but for `send`. */
import { type CrmRequest, type CrmRequests, REQUESTS_MAX } from './connector.ts';
import type { CrmResponse } from './crm-outcome.ts';
import { candidatesIn, matchingRule, type ResponseRule, type RuleSubject } from './response-rules.ts';

/** Result of one request; `subject` if there was a response. */
export interface Exchange {
  readonly response: CrmResponse;
  readonly subject?: RuleSubject;
}

/**
 * Sends the requests one after another and returns the response that decides: the last one, or the
 * first that is neither a success nor expected. It carries the meaning that a rule or the connector
 * gives it, and whether an earlier request of the action was applied.
 */
export async function runRequests(
  requests: CrmRequests,
  rules: readonly ResponseRule[],
  send: (request: CrmRequest) => Promise<Exchange>,
): Promise<CrmResponse> {
  let step = requests.next();
  let last: CrmResponse | undefined;
  let endsExpected = false;
  const earlier = { isApplied: false, isRepeated: false };
  for (let count = 0; step.done !== true; count += 1) {
    if (count === REQUESTS_MAX) throw new Error(`a connector makes at most ${REQUESTS_MAX} requests for an action`);
    const request = step.value;
    const { response, subject } = await send(request);
    const rule = subject === undefined ? undefined : matchingRule(rules, subject);
    last = withEarlier(withMeaning(response, rule, subject), earlier);
    if (response.kind !== 'answered' || subject === undefined) return last;
    const isExpected = rule?.name !== undefined && request.expects?.includes(rule.name) === true;
    if (!isExpected && !isSuccess(response.status, rule)) return last;
    endsExpected = isExpected;
    earlier.isApplied ||= !isExpected && request.method !== 'GET';
    earlier.isRepeated ||= response.isRepeated === true;
    step = requests.next({ ...subject, ...(isExpected ? { rule: rule.name } : {}) });
  }
  if (last === undefined) throw new Error('a connector makes at least one request for an action');
  const hasOwnMeaning = step.value !== undefined || endsExpected;
  return hasOwnMeaning && last.kind === 'answered' ? { ...last, meaning: { kind: step.value ?? 'success' } } : last;
}

function isSuccess(status: number, rule: ResponseRule | undefined): boolean {
  return rule === undefined ? status >= 200 && status < 300 : rule.outcome === 'success';
}

function withMeaning(response: CrmResponse, rule: ResponseRule | undefined, subject: RuleSubject | undefined) {
  if (response.kind !== 'answered' || rule === undefined) return response;
  const { outcome, waitMs } = rule;
  const candidates = candidatesIn(rule, subject?.body);
  return {
    ...response,
    meaning: {
      kind: outcome,
      ...(waitMs === undefined ? {} : { waitMs }),
      ...(candidates.length === 0 ? {} : { candidates }),
    },
  };
}

function withEarlier(response: CrmResponse, earlier: { readonly isApplied: boolean; readonly isRepeated: boolean }) {
  return {
    ...response,
    ...(earlier.isApplied ? { isPartlyApplied: true as const } : {}),
    ...(earlier.isRepeated ? { isRepeated: true as const } : {}),
  };
}
