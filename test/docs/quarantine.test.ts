/** Holds docs/quarantine.md to the code's table of reasons. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { QUARANTINE_REASONS } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';

const DOCS = readFileSync(new URL('../../docs/quarantine.md', import.meta.url), 'utf8');

/** The cells of each row of the table of reasons, by the reason. */
const ROWS = new Map(
  DOCS.split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map(([, reason = '', ...facts]) => [reason.replaceAll('`', ''), facts.slice(0, 3)] as const),
);

describe('docs/quarantine.md', () => {
  it.each(Object.entries(QUARANTINE_REASONS))('explains %s as the table of reasons does', (reason, facts) => {
    expect(ROWS.get(reason)).toEqual([facts.meaning, facts.returns, facts.next]);
  });

  it('knows no other reasons', () => {
    expect([...ROWS.keys()].sort()).toEqual(Object.keys(QUARANTINE_REASONS).sort());
  });
});
