import { describe, expect, it } from '@jest/globals';
import { SOAK_FAULTS, scheduleFaults } from './fault-schedule.ts';

const TEN_MINUTES = 600_000;

describe('the schedule of a soak', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(scheduleFaults(7, TEN_MINUTES)).toEqual(scheduleFaults(7, TEN_MINUTES));
    expect(scheduleFaults(7, TEN_MINUTES)).not.toEqual(scheduleFaults(8, TEN_MINUTES));
  });

  it.each([1, 2, 3, 4, 5])('of ten minutes has every fault in it, one at a time, and a calm end (seed %i)', (seed) => {
    const schedule = scheduleFaults(seed, TEN_MINUTES);
    expect(new Set(schedule.map(({ name }) => name))).toEqual(new Set(SOAK_FAULTS.map(({ name }) => name)));
    for (const [index, { atMs }] of schedule.entries()) {
      const before = schedule[index - 1];
      expect(atMs).toBeGreaterThanOrEqual(before === undefined ? 0 : before.atMs + before.forMs);
    }
    const last = schedule.at(-1);
    expect((last?.atMs ?? 0) + (last?.forMs ?? 0)).toBeLessThanOrEqual(510_000);
  });
});
