/** Bundles of the functions, as the stack ships them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ourBundles } from '../../bench/bundles.ts';
import { INGEST_BUNDLE_MAX, PROCESSOR_BUNDLE_MAX } from '../../bench/report/report.ts';
import { UNUSED_CREDENTIAL_PROVIDERS } from '../../lib/bundled-function.ts';

const directory = mkdtempSync(join(tmpdir(), 'bundles-'));
let bundles: Awaited<ReturnType<typeof ourBundles>>;

beforeAll(async () => {
  bundles = await ourBundles(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/**
 * The SDK requires them on first use: for SigV4a, which no client here uses, and without
 * credentials in the environment.
 */
const OPTIONAL = ['@aws-sdk/signature-v4-crt', ...UNUSED_CREDENTIAL_PROVIDERS];

describe('the bundles', () => {
  it('are small enough for a quick cold start, with their SDK', () => {
    expect(bundles.Ingest.bytes).toBeLessThanOrEqual(INGEST_BUNDLE_MAX);
    expect(bundles.Processor.bytes).toBeLessThanOrEqual(PROCESSOR_BUNDLE_MAX);
  });

  it.each(['Ingest', 'Processor'] as const)('%s loads where no package is installed', (name) => {
    // Its configuration is read last, after every module has been loaded.
    const { stderr } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(bundles[name].file)})`], {
      cwd: directory,
      env: {},
      encoding: 'utf8',
    });
    expect(stderr).not.toContain('Cannot find module');
    expect(stderr).toContain('environment is not what its construct writes: DELIVERY_QUEUE_URL is not set');
  });

  it.each(['Ingest', 'Processor'] as const)('contain all that %s needs besides Node', (name) => {
    const text = readFileSync(bundles[name].file, 'utf8');
    const asked = [...text.matchAll(/\b(?:require|import)\(\s*"([^"]+)"\s*\)/g)].map(([, module = '']) => module);
    expect(asked.length).toBeGreaterThan(0);
    const missing = asked.filter((module) => !builtinModules.includes(module.replace(/^node:/, '')));
    expect(missing.filter((module) => !OPTIONAL.includes(module))).toEqual([]);
  });

  it('say themselves that they are CommonJS, inside a project of ES modules too', () => {
    const mark = createRequire(bundles.Ingest.file)('./package.json') as unknown;
    expect(mark).toEqual({ type: 'commonjs' });
  });

  it('leave the schema library out of ingest, which reads an id and nothing else', () => {
    expect(readFileSync(bundles.Ingest.file, 'utf8')).not.toContain('invalid_union');
    expect(readFileSync(bundles.Processor.file, 'utf8')).toContain('eventTimestamp');
  });
});
