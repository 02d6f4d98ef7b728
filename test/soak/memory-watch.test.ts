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
  });

  it.each([
    ['flat', [100, 100, 100, 100, 100, 100]],
    ['flat', [50, 150, 150, 140, 140, 145]],
    ['grows', [100, 100, 100, 120, 140, 160]],
  ])('is called %s: %j megabytes, one sample a minute', (verdict, megabytes) => {
    const samples = megabytes.values();
    const watch = new MemoryWatch(
      () => true,
      () => samples.next().value,
    );
    for (const minute of megabytes.keys()) watch.look([{ name: 'processor', pid: 1 }], minute * 60_000);
    expect(watch.report()[0]).toMatchObject({ lifeSeconds: 300, verdict });
  });

  it('is read from the operating system', () => {
    const watch = new MemoryWatch(() => true);
    watch.look([{ name: 'this process', pid: process.pid }], 0);
    const { rss } = process.memoryUsage();
    expect(Math.abs((watch.report()[0]?.lastMb ?? 0) - rss / 2 ** 20)).toBeLessThan(rss / 2 ** 21);
  });
});
