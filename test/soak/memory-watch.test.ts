import { describe, expect, it } from '@jest/globals';
import { MemoryWatch, slopePerMinute } from './memory-watch.ts';

describe('memory over time', () => {
  it.each([
    ['a line', [10, 11, 12, 13], 60],
    ['nothing but noise', [10, 12, 12, 10], 0],
    ['one that falls', [13, 12, 11, 10], -60],
  ])('has the slope of %s', (_what, megabytes, slope) => {
    const samples = megabytes.map((value, second) => ({ atMs: second * 1_000, megabytes: value }));
    expect(slopePerMinute(samples)).toBeCloseTo(slope);
  });

  it('is judged over the second half of a life of five minutes or more, and of those processes that are to be', () => {
    const watch = new MemoryWatch((name) => name === 'judged');
    const processes = [
      { name: 'judged', pid: process.pid },
      { name: 'a server', pid: process.pid },
      { name: 'gone', pid: 2 ** 30 },
    ];
    watch.look(processes, 0);
    expect(watch.report().map(({ name, verdict }) => `${name}: ${verdict}`)).toEqual([
      'judged: too short to tell',
      'a server: not judged',
    ]);
    watch.look(processes, 150_000);
    watch.look(processes, 300_000);
    expect(watch.report()[0]).toMatchObject({
      name: 'judged',
      lifeSeconds: 300,
      verdict: expect.stringMatching(/flat|grows/),
    });
  });
});
