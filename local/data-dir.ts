/** The directory that holds everything of a pipeline, secrets included: private to the user. */
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, UserError } from '../cli/user-error.ts';

const OWNER_ONLY = 0o700;
const WRITABLE_BY_OTHERS = 0o022;

/** Makes the directory if it is missing. Refuses one that other users own or may write to. */
export function prepareDataDir(dataDir: string): void {
  explained(dataDir, () => makeDirectory(dataDir));
  refuseUnsafe(dataDir);
}

/** Makes a directory in the data directory. */
export function makeDirectoryIn(dataDir: string, path: string): void {
  explained(dataDir, () => makeDirectory(path));
}

/** Runs `act`, and reports what the file system refuses as the data directory's fault. */
export function explained<Result>(dataDir: string, act: () => Result): Result {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError || (error as NodeJS.ErrnoException).code === undefined) throw error;
    throw unusable(dataDir, messageOf(error));
  }
}

/** Other users could replace what is kept here, or read it. */
export function refuseUnsafe(dataDir: string): void {
  const stats = explained(dataDir, () => statSync(dataDir));
  if (!stats.isDirectory()) throw unusable(dataDir, 'ENOTDIR: not a directory');
  const uid = process.getuid?.();
  if (uid === undefined) return;
  if (stats.uid !== uid) throw unusable(dataDir, `it belongs to another user (uid ${stats.uid})`);
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0) {
    throw new UserError(`Other users may write to DATA_DIR, which is ${dataDir}. Forbid it: chmod go-w ${dataDir}`);
  }
}

function unusable(dataDir: string, why: string): UserError {
  return new UserError(`Nothing can be kept in DATA_DIR, which is ${dataDir}: ${why}. Choose another one.`);
}

/**
 * Parents one by one: Node's own recursion never ends where a parent exists and takes no
 * directories, as /proc.
 */
function makeDirectory(path: string): void {
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  mkdirSync(path, { mode: OWNER_ONLY });
}
