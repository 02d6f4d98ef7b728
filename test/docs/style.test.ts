/** The text of the project is plain technical English: rules that a machine can check. */
import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const THIS_FILE = 'test/docs/style.test.ts';
const NOT_OURS = new Set(['node_modules', 'cdk.out', '.local', 'coverage', 'dist', 'package-lock.json']);
const FILES = globSync('**/*.{ts,js,md,json}', {
  cwd: ROOT,
  exclude: (path) => NOT_OURS.has(basename(path)),
}).filter((path) => path !== THIS_FILE);

/** Idioms that a reader whose first language is not English has to decode. */
const IDIOMS =
  /\b(mend(s|ed|ing)?|tells|whoever|anew|all the same|as ever|let be|is none|come to an end|goes by|thereof)\b/i;

const SOURCES = FILES.filter((path) => /\.(ts|js)$/.test(path));

/** A doc comment states what it documents, and does not ask. */
const OPENING =
  /\/\*\*(?:\s*\n\s*\*)? (?:What|How|Who|Whether|That|Of|Where|(?:By|With) what|Under what|None:)(?!\w).*/g;

/** A comment that fills its line. */
const LONG_COMMENT = /^(?=.{101})\s*(\/\*\*|\*|\/\/) (?!biome-ignore)/;

/** The lines that match, as `path:line: text`. */
function linesMatching(pattern: RegExp, files: readonly string[]): string[] {
  return files.flatMap((path) =>
    readFileSync(`${ROOT}${path}`, 'utf8')
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}: ${line.trim()}`] : [])),
  );
}

describe('the text of the project', () => {
  it('has no idioms', () => {
    expect(FILES).toContain('README.md');
    expect(FILES).toContain('lambdas/processor/attempt.ts');
    expect(linesMatching(IDIOMS, FILES)).toEqual([]);
  });

  it('has doc comments that state what they document', () => {
    const asking = SOURCES.flatMap((path) => {
      const text = readFileSync(`${ROOT}${path}`, 'utf8');
      return [...text.matchAll(OPENING)].map(([comment]) => `${path}: ${comment}`);
    });
    expect(asking).toEqual([]);
  });

  it('has comments of at most 100 columns', () => {
    expect(linesMatching(LONG_COMMENT, SOURCES)).toEqual([]);
  });
});
