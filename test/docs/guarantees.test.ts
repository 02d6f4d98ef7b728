/** Checks that the targets of docs/guarantees.md exist. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { CRASH_POINTS } from '../crash/crash-points.ts';

const root = (path: string) => new URL(`../../${path}`, import.meta.url);
const GUARANTEES = readFileSync(root('docs/guarantees.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(root('package.json'), 'utf8')) as { scripts: Record<string, string> };

function named(pattern: RegExp): string[] {
  return [...new Set([...GUARANTEES.matchAll(pattern)].map(([, name = '']) => name))];
}

describe('docs/guarantees.md', () => {
  it.each(named(/`((?:test|local|lambdas)\/[^`*\s]+\.ts)`/g))('names %s, which exists', (path) => {
    expect(existsSync(root(path))).toBe(true);
  });

  it.each(named(/`npm run ([a-z]+)/g))('names npm run %s, which exists', (script) => {
    expect(scripts).toHaveProperty(script);
  });

  it('counts the crash points as they are', () => {
    expect(GUARANTEES).toContain(`${CRASH_POINTS.length} points`);
  });
});
