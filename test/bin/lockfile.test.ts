import { readFileSync } from 'node:fs';
import { expect, it } from '@jest/globals';

it('the lockfile has the integrity of every package but those that the registry does not serve', () => {
  const text = readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8');
  const { packages } = JSON.parse(text) as {
    readonly packages: Readonly<Record<string, { readonly integrity?: string; readonly inBundle?: boolean }>>;
  };
  const without = Object.entries(packages).filter(
    ([path, entry]) => path !== '' && entry.inBundle !== true && !entry.integrity,
  );
  expect(without.map(([path]) => path)).toEqual([
    'node_modules/@dynoxide/darwin-arm64',
    'node_modules/@dynoxide/darwin-x64',
    'node_modules/@dynoxide/linux-arm64',
    'node_modules/@dynoxide/win32-x64',
  ]);
});
