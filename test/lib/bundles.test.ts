/** What the functions' bundles are, as the stack ships them. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ourBundles } from '../../bench/bundles.ts';
import { INGEST_BUNDLE_MAX } from '../../bench/report/report.ts';

const directory = mkdtempSync(join(tmpdir(), 'bundles-'));
let bundles: Awaited<ReturnType<typeof ourBundles>>;

beforeAll(async () => {
  bundles = await ourBundles(directory);
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** The SDK requires it on first use, for SigV4a only; no client here signs so. */
const OPTIONAL = ['@aws-sdk/signature-v4-crt'];

describe('the bundles', () => {
  it('keep ingest, its SDK included, below what a cold start can bear', () => {
    expect(bundles.Ingest.bytes).toBeLessThanOrEqual(INGEST_BUNDLE_MAX);
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
