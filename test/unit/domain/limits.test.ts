import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveLimits } from '../../../lambdas/domain/limit-relations.ts';
import { DEFAULT_LIMITS, LIMIT_TABLE, type LimitName } from '../../../lambdas/domain/limits.ts';

describe('resolveLimits', () => {
  it('keeps every relation with the starting values', () => {
    expect(resolveLimits({})).toEqual({ limits: DEFAULT_LIMITS, overrides: {}, problems: [] });
  });

  it('takes numbers, and strings that are numbers, as `-c` passes them', () => {
    const resolved = resolveLimits({ crmConcurrency: '7', crmAttempts: 3 });
    expect(resolved.limits?.crmConcurrency).toBe(7);
    expect(resolved.problems).toEqual([]);
    expect('overrides' in resolved && resolved.overrides).toEqual({ crmConcurrency: 7, crmAttempts: 3 });
  });

  it('names every wrong value at once, with what it got and what it expected', () => {
    expect(resolveLimits({ crmConcurrency: 'many', batchSize: 11, crmAttempts: 2.5 }).problems).toEqual([
      {
        key: 'limits.crmConcurrency',
        got: '"many"',
        expected:
          'a whole number from 1 to 100 (CRM calls at once in one environment; times processorConcurrency at the CRM)',
      },
      {
        key: 'limits.batchSize',
        got: '11',
        expected: 'a whole number from 1 to 10 (records an invocation; more would need a batching window)',
      },
      {
        key: 'limits.crmAttempts',
        got: '2.5',
        expected: 'a whole number from 1 to 100 (CRM calls for one event before it is quarantined)',
      },
    ]);
  });

  it.each(['nonsense', '__proto__', 'toString'])('refuses an unknown name: %s', (name) => {
    const [problem] = resolveLimits(Object.fromEntries([[name, 1]])).problems;
    expect(problem?.key).toBe(`limits.${name}`);
    expect(problem?.expected).toContain('the name of a limit: encodedBodyMaxBytes, ');
  });

  it.each<[LimitName, number, string]>([
    ['crmTimeoutMs', 18_000, 'crmTimeoutMs < attemptBudgetMs'],
    [
      'attemptBudgetMs',
      12_000,
      'claim + probe + CRM call + quarantining + settle + circuit (crmTimeoutMs + 5 × storeBudgetMs) ≤ attemptBudgetMs',
    ],
    ['startReserveMs', 20_000, 'attemptBudgetMs + storeBudgetMs (for letting the message come back) ≤ startReserveMs'],
    ['startReserveMs', 28_000, 'startReserveMs + storeBudgetMs (the read-ahead) ≤ processorFunctionTimeoutMs'],
    ['leaseMs', 35_000, 'processorFunctionTimeoutMs < leaseMs − clockSkewMs'],
    ['visibilityMs', 179_000, '6 × processorFunctionTimeoutMs ≤ visibilityMs'],
    ['leaseMs', 150_000, 'leaseMs + processorFunctionTimeoutMs < visibilityMs'],
    ['maxReceiveCount', 400, 'maxReceiveCount × the longest wait (backoffCapMs or visibilityMs) < deliveryRetentionMs'],
    ['maxReceiveCount', 10, 'crmAttempts < maxReceiveCount'],
    ['finalRowTtlMs', 22 * 86_400_000, 'senderRetryMs + deliveryRetentionMs + quarantineRetentionMs < finalRowTtlMs'],
    ['contactRowTtlMs', 45 * 86_400_000 + 600_000, 'finalRowTtlMs < contactRowTtlMs - futureToleranceMs'],
    ['quarantineRefreshMs', 14 * 86_400_000, 'quarantineRefreshMs < quarantineRetentionMs'],
    [
      'deliveryRetentionMs',
      14 * 86_400_000,
      'deliveryRetentionMs < quarantineRetentionMs (a message that SQS moves keeps its age)',
    ],
    [
      'ingestFunctionTimeoutMs',
      7_000,
      '2 × secretTimeoutMs (the current version, and all of them where the signature does not fit) + ingestSendBudgetMs < ingestFunctionTimeoutMs',
    ],
    ['senderTimeoutMs', 8_000, 'ingestFunctionTimeoutMs < senderTimeoutMs'],
  ])('holds relations: %s = %i breaks “… %s”', (name, value, expected) => {
    expect(resolveLimits({ [name]: value }).problems.map((problem) => problem.expected)).toContain(expected);
  });

  it('never gives limits together with problems', () => {
    const anyLimit = fc.constantFrom(...(Object.keys(LIMIT_TABLE) as LimitName[]));
    fc.assert(
      fc.property(fc.dictionary(anyLimit, fc.integer()), (overrides) => {
        const resolved = resolveLimits(overrides);
        expect(resolved.limits === undefined).toBe(resolved.problems.length > 0);
      }),
    );
  });
});
