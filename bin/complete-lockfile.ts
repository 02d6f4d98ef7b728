/**
 * Adds to package-lock.json the optional platform packages that npm could not resolve when it wrote
 * the file, with their integrity as far as the registry has it, so that `npm ci` passes on every
 * platform and installs the right one on each. With --check it changes nothing, and fails if an
 * entry has no integrity that is not known to lack it.
 *
 * npm leaves an unresolvable optional dependency out of the lock, and `npm ci` then refuses the
 * lock ("Missing: … from lock file") on every machine. Run after each `npm install`: `npm run
 * lockfile`.
 */
import '../cli/output-errors.ts';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

interface LockedPackage {
  version?: string;
  integrity?: string;
  link?: boolean;
  inBundle?: boolean;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const lockPath = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(lockPath, 'utf8')) as { packages: Record<string, LockedPackage> };

const OPERATING_SYSTEMS = ['linux', 'darwin', 'win32', 'freebsd', 'android', 'openharmony'];
const PROCESSORS = ['arm64', 'x64', 'arm', 'ppc64', 's390x', 'riscv64', 'loong64', 'ia32', 'wasm32'];

/**
 * The platform that a package is for, from its name: `@unrs/resolver-binding-linux-riscv64-musl`.
 */
function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> {
  const words = name.split(/[/-]/);
  const cpu = words
    .map((word) => (word.startsWith('arm') && word !== 'arm64' ? 'arm' : word))
    .find((word) => PROCESSORS.includes(word));
  const os = words.find((word) => OPERATING_SYSTEMS.includes(word));
  return {
    ...(cpu === undefined ? {} : { cpu: [cpu] }),
    ...(words.some((word) => word.startsWith('musl')) ? { libc: ['musl'] } : {}),
    ...(os === undefined ? {} : { os: [os] }),
  };
}

/**
 * True if `name`, required from the package at `from`, is found in the lock as Node would look it
 * up.
 */
function isLocked(from: string, name: string): boolean {
  for (let base = from; ; ) {
    if (`${base === '' ? '' : `${base}/`}node_modules/${name}` in lock.packages) return true;
    if (base === '') return false;
    const parent = base.lastIndexOf('/node_modules/');
    base = parent < 0 ? '' : base.slice(0, parent);
  }
}

/**
 * Entries whose integrity the registry did not have when they were added. `--check` refuses any
 * other.
 */
const WITHOUT_INTEGRITY: readonly string[] = [
  '@dynoxide/darwin-arm64',
  '@dynoxide/darwin-x64',
  '@dynoxide/linux-arm64',
  '@dynoxide/win32-x64',
];

/** As the registry has it; undefined if it does not serve the version. */
function integrityOf(name: string, version: string): string | undefined {
  try {
    const answer = execFileSync('npm', ['view', `${name}@${version}`, 'dist.integrity'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return answer.trim() || undefined;
  } catch {
    return undefined;
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Entries of the registry that have no integrity. */
function unverified(): [string, LockedPackage][] {
  return Object.entries(lock.packages).filter(
    ([path, { link, inBundle, integrity }]) =>
      path !== '' && link !== true && inBundle !== true && integrity === undefined,
  );
}

if (process.argv.includes('--check')) {
  const unknown = unverified().filter(([path]) => !WITHOUT_INTEGRITY.includes(nameOf(path)));
  for (const [path] of unknown) process.stderr.write(`package-lock.json: ${path} has no integrity: npm run lockfile\n`);
  process.exit(unknown.length === 0 ? 0 : 1);
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isLocked(path, name)) continue;
    lock.packages[`node_modules/${name}`] = {
      version,
      ...platformOf(name),
      ...(entry.dev ? { dev: true } : {}),
      optional: true,
    };
    added += 1;
  }
}

let verified = 0;
for (const [path, entry] of unverified()) {
  const integrity = integrityOf(nameOf(path), entry.version ?? '');
  if (integrity === undefined) continue;
  entry.integrity = integrity;
  verified += 1;
}

const sorted = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(lockPath, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
process.stdout.write(
  `package-lock.json: ${added} optional platform package(s) added, integrity of ${verified} recorded\n`,
);
