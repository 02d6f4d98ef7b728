import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { prepareDataDir } from '../../local/data-dir.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'data-dir-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

// Windows has no such modes and owners.
(process.platform === 'win32' ? describe.skip : describe)('the data directory', () => {
  it('is made for its owner alone, parents included', () => {
    const path = join(directory, 'a', 'b');
    prepareDataDir(path);
    expect([statSync(join(directory, 'a')).mode & 0o777, statSync(path).mode & 0o777]).toEqual([0o700, 0o700]);
  });

  it.each([0o770, 0o720, 0o702, 0o777])('is refused if others may write to it: mode %i', (mode) => {
    chmodSync(directory, mode);
    expect(() => prepareDataDir(directory)).toThrow(/^Other users may write to DATA_DIR.*: chmod go-w /);
  });

  it('is taken if others may only read', () => {
    chmodSync(directory, 0o755);
    expect(() => prepareDataDir(directory)).not.toThrow();
  });

  it('is refused if it belongs to another user', () => {
    const isRoot = process.getuid?.() === 0;
    const foreign = isRoot ? join(directory, 'foreign') : '/';
    if (isRoot) {
      mkdirSync(foreign, { mode: 0o755 });
      chownSync(foreign, 65_534, 65_534);
    }
    expect(() => prepareDataDir(foreign)).toThrow(/it belongs to another user \(uid \d+\)\. Choose another one\.$/);
  });

  it('is refused at once where no directory can be made', () => {
    if (!existsSync('/proc')) return;
    expect(() => prepareDataDir('/proc/none/data')).toThrow(/^Nothing can be kept in DATA_DIR, .*: ENOENT/);
  });
});
