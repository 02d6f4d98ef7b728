import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const TEST_DIR = fileURLToPath(new URL('..', import.meta.url));
/** In two parts, or this file would find itself. */
const USERS_FILE = ['lambdas', 'crm-mapping.ts'].join('/');

describe('the mapping that users edit', () => {
  it('is imported by no test: an edit of it breaks none', () => {
    const files = readdirSync(TEST_DIR, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
    const importing = files.filter((name) => {
      const text = readFileSync(join(TEST_DIR, name), 'utf8');
      return text.split('\n').some((line) => line.includes('from ') && line.includes(USERS_FILE));
    });
    expect(files.length).toBeGreaterThan(100);
    expect(importing).toEqual([]);
  });
});
