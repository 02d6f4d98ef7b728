import { describe, expect, it } from '@jest/globals';
import { classify } from '../../../../lambdas/domain/crm/crm-outcome.ts';

function answered(status: number) {
  const { kind, ...rest } = classify({ kind: 'answered', status, excerpt: '' });
  return 'applied' in rest ? `${kind}, ${rest.applied}` : kind;
}

describe('classify', () => {
  it.each([
    [200, 'success'],
    [204, 'success'],
    [299, 'success'],
    [301, 'redirect, unknown'],
    [302, 'redirect, unknown'],
    [400, 'permanent, not_applied'],
    [401, 'credentials, not_applied'],
    [403, 'permission, not_applied'],
    [404, 'permanent, not_applied'],
    [408, 'transient, not_applied'],
    [409, 'conflict, not_applied'],
    [422, 'permanent, not_applied'],
    [423, 'conflict, not_applied'],
    [425, 'transient, not_applied'],
    [429, 'throttled, not_applied'],
    [500, 'transient, unknown'],
    [503, 'transient, unknown'],
    [599, 'transient, unknown'],
    [0, 'transient, unknown'],
    [799, 'transient, unknown'],
  ])('takes HTTP %i for %s', (status, outcome) => {
    expect(answered(status)).toBe(outcome);
  });

  it('knows that nothing was applied only where nothing was sent', () => {
    expect(classify({ kind: 'not_sent', cause: 'ECONNREFUSED' })).toEqual({
      kind: 'transient',
      applied: 'not_applied',
      error: 'ECONNREFUSED',
    });
    expect(classify({ kind: 'unknown', cause: 'timeout' })).toEqual({
      kind: 'transient',
      applied: 'unknown',
      error: 'timeout',
      mayStillRun: true,
    });
    expect(classify({ kind: 'no_token', cause: 'no token' })).toEqual({
      kind: 'dependency',
      applied: 'not_applied',
      error: 'no token',
    });
    const overRate = { kind: 'over_rate', cause: 'no room' } as const;
    expect(classify(overRate)).toEqual({ kind: 'over_rate', applied: 'not_applied', error: 'no room' });
    expect(classify({ ...overRate, isPartlyApplied: true })).toMatchObject({ applied: 'unknown' });
  });

  it.each([400, 401, 403, 404, 409, 422, 423, 429])(
    'knows neither the effect nor the end of a call that was repeated and then got HTTP %i: the first one may have been applied',
    (status) => {
      expect(classify({ kind: 'answered', status, excerpt: '', isRepeated: true })).toMatchObject({
        applied: 'unknown',
        mayStillRun: true,
      });
    },
  );

  it('takes a repeated call that succeeds for a success whose first request may still run', () => {
    expect(classify({ kind: 'answered', status: 200, excerpt: '', isRepeated: true })).toEqual({
      kind: 'success',
      mayStillRun: true,
    });
  });

  it('keeps the status, the CRM’s words and Retry-After', () => {
    expect(classify({ kind: 'answered', status: 400, excerpt: 'phone is barred' })).toEqual({
      kind: 'permanent',
      applied: 'not_applied',
      error: 'HTTP 400: phone is barred',
    });
    expect(classify({ kind: 'answered', status: 429, excerpt: '', retryAfter: '7' })).toEqual({
      kind: 'throttled',
      applied: 'not_applied',
      error: 'HTTP 429',
      retryAfter: '7',
    });
  });
});
