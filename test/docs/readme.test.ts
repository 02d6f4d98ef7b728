/** What README says of the configuration is what the code says. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { describeRetryPlan } from '../../bin/limit-table.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { CONFIG_KEYS, type ConfigKey } from '../../lib/pipeline-config.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

/** The cells of each table row of README, by the first. */
const ROWS = new Map(
  README.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, first = '', ...rest]) => [first, rest.slice(0, -1)] as const),
);

describe('README', () => {
  it.each(Object.entries<ConfigKey>(CONFIG_KEYS))(
    'lists %s with its default',
    (key, { default: fallback, description: about }) => {
      expect(ROWS.get(`\`${key}\``)).toEqual([fallback === undefined ? '' : `\`${fallback}\``, about]);
    },
  );

  it('has the plan of retries that follows from the limits (npm run limits prints it)', () => {
    expect(README.replace(/\s+/g, ' ')).toContain(describeRetryPlan(DEFAULT_LIMITS));
  });

  it('has no place left to fill in', () => {
    expect(README).not.toMatch(/@@|TODO|TBD/);
  });
});
