import { describe, expect, it } from '@jest/globals';
import { CRM_FAULTS, crmFaultFrom } from '../../../../lambdas/domain/crm/crm-fault.ts';
import { type CrmResponse, classify } from '../../../../lambdas/domain/crm/crm-outcome.ts';

function kindOf(response: CrmResponse) {
  const outcome = classify(response);
  if (outcome.kind === 'success') throw new Error('no failure');
  return crmFaultFrom(outcome, 5, undefined).kind;
}

describe('the fault of the CRM', () => {
  it.each([
    [{ kind: 'no_token', cause: 'the CRM credentials cannot be read' }, 'no_token'],
    [{ kind: 'no_token', cause: 'the token endpoint answered HTTP 503', isTokenOutage: true }, 'token_outage'],
    [{ kind: 'not_sent', cause: 'ECONNREFUSED' }, 'not_reached'],
    [{ kind: 'unknown', cause: 'timeout' }, 'no_response'],
    [{ kind: 'answered', status: 503, excerpt: '' }, 'failing'],
    [{ kind: 'answered', status: 302, excerpt: '' }, 'redirect'],
    [{ kind: 'answered', status: 401, excerpt: '' }, 'credentials'],
  ] as const)('of %j is %s', (response, kind) => {
    expect(kindOf(response)).toBe(kind);
  });

  it('asks nobody here for anything while the token endpoint is down', () => {
    expect(CRM_FAULTS.token_outage.needsPerson).toBe(false);
    expect(CRM_FAULTS.no_token.needsPerson).toBe(true);
  });
});
