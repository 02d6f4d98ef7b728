import { describe, expect, it } from '@jest/globals';
import { decideSlots, formatRate, paceOf, parseRate } from '../../../../lambdas/domain/crm/request-rate.ts';

describe('a rate', () => {
  it.each([
    ['190/10s', { requests: 190, windowMs: 10_000 }],
    ['30/60s', { requests: 30, windowMs: 60_000 }],
    ['2/20s', { requests: 2, windowMs: 20_000 }],
    ['99999/1s', { requests: 99_999, windowMs: 1_000 }],
  ])('is read and written as %s', (text, rate) => {
    expect(parseRate(text)).toEqual(rate);
    expect(formatRate(rate)).toBe(text);
  });

  it.each(['', 'none', '190', '190/s', '190/10', '1/10s', '0/10s', '10/0s', '2/21s', '1.5/1s', ' 190/10s', '190/10m'])(
    'is not %j',
    (text) => {
      expect(parseRate(text)).toBeUndefined();
    },
  );

  it('is written as none if it is undefined', () => {
    expect(formatRate(undefined)).toBe('none');
  });

  it.each([
    ['100/10s', { spacingMs: 126.263, validMs: 2_000 }],
    ['190/10s', { spacingMs: 66.138, validMs: 2_000 }],
    ['200/60s', { spacingMs: 314.071, validMs: 2_000 }],
    ['10/1s', { spacingMs: 166.667, validMs: 400 }],
    ['2/1s', { spacingMs: 1_500, validMs: 400 }],
  ])('%s spaces its slots and says how long each may be used', (text, pace) => {
    expect(paceOf(parseRate(text) ?? { requests: 0, windowMs: 0 })).toEqual(pace);
  });

  it.each(['100/10s', '190/10s', '200/60s', '250/10s', '10/1s', '2/20s'])(
    '%s is not exceeded in any window, however late in their time the slots are used',
    (text) => {
      const rate = parseRate(text) ?? { requests: 0, windowMs: 0 };
      const { spacingMs, validMs } = paceOf(rate);
      const driftMs = validMs / 8;
      for (let seed = 1; seed <= 50; seed += 1) {
        const times = Array.from({ length: 3 * rate.requests }, (_, index) => {
          // The worst: one window's requests as late as they may be, and the next ones as early.
          const isLate = index < seed * (rate.requests / 25);
          return index * spacingMs + (isLate ? validMs + driftMs : -driftMs);
        }).sort((a, b) => a - b);
        for (let first = 0; first + rate.requests < times.length; first += 1)
          expect((times[first + rate.requests] ?? 0) - (times[first] ?? 0)).toBeGreaterThanOrEqual(rate.windowMs);
      }
    },
  );
});

describe('the schedule', () => {
  const wish = { count: 5, nowMs: 1_000, latestMs: 2_000, spacingMs: 100 };

  it.each([
    ['begins now where no slot was taken', undefined, { kind: 'taken', firstMs: 1_000 }],
    ['begins now where all slots have passed: unused ones are lost', 10, { kind: 'taken', firstMs: 1_000 }],
    ['goes on behind the slots that are taken', 1_500, { kind: 'taken', firstMs: 1_500 }],
    ['goes on up to the latest time', 2_000, { kind: 'taken', firstMs: 2_000 }],
    ['gives nothing after the latest time', 2_001, { kind: 'full', nextMs: 2_001 }],
  ])('%s', (_what, nextMs, decision) => {
    expect(decideSlots(nextMs, wish)).toEqual(decision);
  });
});
