import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  behindNewerDelayMs,
  heldDelayMs,
  rateDelayMs,
  retryAfterIn,
  retryAfterMs,
  retryDelayMs,
} from '../../../../lambdas/domain/crm/backoff.ts';
import { backoffTotalMs } from '../../../../lambdas/domain/limit-arithmetic.ts';
import { DEFAULT_LIMITS } from '../../../../lambdas/domain/limits.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('retryDelayMs', () => {
  it('doubles its ceiling from 5 s to 15 min', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1_000].map((attempt) => retryDelayMs(DEFAULT_LIMITS, attempt, 1));
    expect(ceilings).toEqual([
      5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 640_000, 900_000, 900_000, 900_000,
    ]);
  });

  it('jitters over the whole range, from a second on', () => {
    expect(retryDelayMs(DEFAULT_LIMITS, 3, 0)).toBe(1_000);
    expect(retryDelayMs(DEFAULT_LIMITS, 3, 0.5)).toBe(10_000);
  });

  it('waits as long as the CRM asks, but never beyond the cap', () => {
    expect(retryDelayMs(DEFAULT_LIMITS, 1, 0, 60_000)).toBe(60_000);
    expect(retryDelayMs(DEFAULT_LIMITS, 1, 0, 10 ** 12)).toBe(900_000);
  });

  it('keeps all permitted attempts within 36 minutes', () => {
    expect(backoffTotalMs(DEFAULT_LIMITS)).toBe(2_175_000);
  });
});

describe('heldDelayMs', () => {
  it('grows from a second with each receive', () => {
    expect([1, 2, 3, 4].map((receives) => heldDelayMs(DEFAULT_LIMITS, receives, 40_000, 1))).toEqual([
      1_000, 2_000, 4_000, 8_000,
    ]);
  });

  it('never passes the end of the lease, but for the second that SQS knows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_000 }),
        fc.integer({ min: -10_000, max: 40_000 }),
        chance,
        (receives, leftMs, fraction) => {
          const delayMs = heldDelayMs(DEFAULT_LIMITS, receives, leftMs, fraction);
          expect(delayMs).toBeGreaterThanOrEqual(1_000);
          expect(delayMs).toBeLessThanOrEqual(Math.max(1_000, leftMs));
        },
      ),
    );
  });
});

describe('rateDelayMs', () => {
  it('grows by 5 s with each receive up to 15 min, jittered over its upper half', () => {
    expect([1, 2, 3, 1_000].map((receives) => rateDelayMs(DEFAULT_LIMITS, receives, 1))).toEqual([
      5_000, 10_000, 15_000, 900_000,
    ]);
    expect(rateDelayMs(DEFAULT_LIMITS, 1, 0)).toBe(2_500);
  });

  it('lets an event wait for more than two days before SQS has received it too often', () => {
    let waitedMs = 0;
    for (let receives = 1; receives <= DEFAULT_LIMITS.maxReceiveCount; receives += 1)
      waitedMs += rateDelayMs(DEFAULT_LIMITS, receives, 0.5);
    expect(waitedMs / 86_400_000).toBeGreaterThan(1.5);
  });
});

describe('behindNewerDelayMs', () => {
  it('is one to five seconds', () => {
    expect([behindNewerDelayMs(0), behindNewerDelayMs(1)]).toEqual([1_000, 5_000]);
  });
});

describe('retryAfterMs', () => {
  const now = Date.parse('2026-01-31T09:30:00Z');
  it.each([
    ['absent', undefined, 0],
    ['seconds', '120', 120_000],
    ['seconds with space around', ' 7 ', 7_000],
    ['an HTTP date', 'Sat, 31 Jan 2026 09:31:00 GMT', 60_000],
    ['an HTTP date in the past', 'Sat, 31 Jan 2026 09:29:00 GMT', 0],
    ['a negative number', '-5', 0],
    ['a fraction, rounded up', '1.5', 2_000],
    ['a whole number with decimals', '20.0', 20_000],
    ['the first of a list', '20, 20', 20_000],
    ['words', 'soon', 0],
    ['an ISO 8601 date', '2026-01-31T09:31:00Z', 60_000],
    ['a day that leads to no date', 'Monday', 0],
  ])('reads %s', (_name, header, expected) => {
    expect(retryAfterMs(header, now)).toBe(expected);
  });
});

describe('retryAfterIn', () => {
  const date = 'Sat, 31 Jan 2026 09:30:00 GMT';
  it.each<[string, number, Readonly<Record<string, string>>, string | undefined]>([
    ['Retry-After as it came', 503, { 'retry-after': '20, 20' }, '20, 20'],
    ['its date counted from the response’s own', 503, { 'retry-after': 'Sat, 31 Jan 2026 09:31:00 GMT', date }, '60'],
    [
      'its date as it came without one',
      503,
      { 'retry-after': 'Sat, 31 Jan 2026 09:31:00 GMT' },
      'Sat, 31 Jan 2026 09:31:00 GMT',
    ],
    ['RateLimit-Reset of a 429', 429, { 'ratelimit-reset': '20' }, '20'],
    ['nothing of RateLimit-Reset of another status', 500, { 'ratelimit-reset': '20' }, undefined],
    ['Retry-After before RateLimit-Reset', 429, { 'retry-after': '7', 'ratelimit-reset': '20' }, '7'],
  ])('takes %s', (_name, status, headers, expected) => {
    expect(retryAfterIn(status, headers)).toBe(expected);
  });
});
