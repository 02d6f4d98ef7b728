import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { decodeArchive } from '../../../lambdas/archive-object.ts';

const line = (body: string) => `${JSON.stringify({ archivedAtMs: 1, body, attributes: {} })}\n`;

/** Bodies of an object; undefined for what cannot be read. */
async function bodiesOf(object: Uint8Array): Promise<(string | undefined)[]> {
  const bodies: (string | undefined)[] = [];
  for await (const delivery of decodeArchive(object)) bodies.push(delivery?.body);
  return bodies;
}

describe('an object of the archive', () => {
  it('is read across the members and chunks of its gzip', async () => {
    const large = 'ü'.repeat(100_000);
    const object = Buffer.concat([gzipSync(line('a')), gzipSync(line(large) + line('b'))]);
    expect(await bodiesOf(object)).toEqual(['a', large, 'b']);
  });

  it.each([
    ['no gzip', Buffer.from('hello')],
    ['empty', Buffer.alloc(0)],
    ['cut off at its beginning', gzipSync(line('a')).subarray(0, 12)],
  ])('that is %s counts as one line that cannot be read', async (_name, object) => {
    expect(await bodiesOf(object)).toEqual([undefined]);
  });

  it('that is damaged gives the lines before the damage', async () => {
    const lines = Array.from({ length: 1_000 }, (_, index) => line(`${index}`.repeat(20)));
    const whole = gzipSync(lines.join(''));
    const bodies = await bodiesOf(whole.subarray(0, whole.length / 2));
    expect(bodies.length).toBeGreaterThan(100);
    expect(bodies.at(-1)).toBeUndefined();
    expect(bodies.slice(0, -1)).toEqual(Array.from({ length: bodies.length - 1 }, (_, index) => `${index}`.repeat(20)));
  });

  it('that is not read to its end is not decompressed to its end', async () => {
    const bomb = gzipSync(line('a') + 'x'.repeat(50_000_000));
    const before = process.memoryUsage.rss();
    for await (const delivery of decodeArchive(bomb)) {
      expect(delivery?.body).toBe('a');
      break;
    }
    expect(process.memoryUsage.rss() - before).toBeLessThan(25_000_000);
  });
});
