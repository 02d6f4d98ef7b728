/** The text of the project is plain technical English: rules that a machine can check. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const THIS_FILE = 'test/docs/style.test.ts';
const FILES = execFileSync('git', ['ls-files', '-z', '*.ts', '*.js', '*.md', '*.json'], { cwd: ROOT, encoding: 'utf8' })
  .split('\0')
  .filter((path) => path !== '' && path !== 'package-lock.json' && path !== THIS_FILE);

/** Idioms that a reader whose first language is not English has to decode. */
const IDIOMS =
  /\b(mend(s|ed|ing)?|tells|whoever|anew|all the same|as ever|let be|is none|come to an end|goes by|thereof)\b/i;

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
    expect(linesMatching(IDIOMS, FILES)).toEqual([]);
  });
});
