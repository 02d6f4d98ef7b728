import { describe, expect, it } from '@jest/globals';
import { percentileOf, sampleOf } from '../../../bench/statistics.ts';

describe('statistics', () => {
  it('take the middle of an odd number of runs, and between the middle two of an even one', () => {
    expect(sampleOf([9, 1, 5])).toEqual({ median: 5, min: 1, max: 9, runs: 3 });
    expect(sampleOf([4, 1, 3, 9])).toEqual({ median: 3.5, min: 1, max: 9, runs: 4 });
    expect(() => sampleOf([])).toThrow('nothing was measured');
  });

  it('take percentiles by rank', () => {
    const values = Array.from({ length: 100 }, (_, index) => 100 - index);
    expect([0.5, 0.99, 1].map((share) => percentileOf(values, share))).toEqual([50, 99, 100]);
    expect(percentileOf([7], 0.99)).toBe(7);
  });
});
