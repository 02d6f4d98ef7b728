/**
 * The key by which commands tell a running fake Genesys Cloud what to do, in a private file of the
 * data directory.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDataDir } from '../data-dir.ts';

/** Keeps the key of the one that listens at `port`. */
export function writeControlKey(dataDir: string, port: number, accessKey: string): void {
  prepareDataDir(dataDir);
  removeControlKey(dataDir, port);
  writeFileSync(pathOf(dataDir, port), accessKey, { mode: 0o600, flag: 'wx' });
}

/** The key of the one that listens at `port`; undefined if this data directory has none. */
export function readControlKey(dataDir: string, port: number): string | undefined {
  try {
    return readFileSync(pathOf(dataDir, port), 'utf8');
  } catch {
    return undefined;
  }
}

/** Removes the file. */
export function removeControlKey(dataDir: string, port: number): void {
  rmSync(pathOf(dataDir, port), { force: true });
}

function pathOf(dataDir: string, port: number): string {
  return join(dataDir, `genesys-${port}.key`);
}
