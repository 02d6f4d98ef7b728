/** The bill in docs/cost.md is what `npm run cost` computes. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';

const DOC = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');

function cost(...args: readonly string[]): string {
  const { stdout } = spawnSync(process.execPath, ['bench/cost.ts', ...args], { encoding: 'utf8' });
  return stdout;
}

/** The rows of a Markdown table, without padding and rules. */
function rows(markdown: string): string[] {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| -'));
  return lines.map((line) => line.replace(/ +/g, ' '));
}

describe('docs/cost.md', () => {
  it('has the bill with the defaults', () => {
    const bill = rows(cost('--markdown'));
    expect(bill.length).toBeGreaterThan(10);
    expect(rows(DOC).slice(0, bill.length)).toEqual(bill);
  });

  it.each([
    ['tracing=true', ['--tracing']],
    ['processor.batchWindowSeconds=0', ['--batch-window', '0']],
    ['processor.batchWindowSeconds=5', ['--batch-window', '5']],
    ['processor.memoryMb=256', ['--processor-memory', '256']],
    ['ingest.memoryMb=256', ['--ingest-memory', '256']],
    ['ingest.provisionedConcurrency=1', ['--provisioned', '1']],
    ['archive.days=30', ['--archive-days', '30']],
    ['table.writeUnits', ['--provisioned-table', '3']],
  ])('has what %s changes', (key, options) => {
    const perMillion = (...args: string[]) => {
      const [dollars] =
        rows(cost('--markdown', '--events', '10000000', ...args))
          .at(-1)
          ?.match(/[\d.]+(?= \|$)/) ?? [];
      return Number(dollars);
    };
    const change = perMillion(...options) - perMillion();
    const said = new RegExp(`\\| \`${key.replaceAll('.', '\\.')}\`[^|]*\\| *([+−])\\$([\\d.]+) `).exec(DOC) ?? [];
    expect(Number(said[2]) * (said[1] === '+' ? 1 : -1)).toBeCloseTo(change, 2);
  });

  it('stays below $12 for a million events at 10 million a month', () => {
    const [total] = rows(cost('--markdown', '--events', '10000000')).slice(-1);
    expect(Number(/\$([\d.]+) \|$/.exec(total ?? '')?.[1])).toBeLessThanOrEqual(12);
  });
});
