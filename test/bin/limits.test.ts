/** `npm run limits`, run where a cdk.json is. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';

const COMMAND = fileURLToPath(new URL('../../bin/limits.ts', import.meta.url));
const DIRECTORY = mkdtempSync(join(tmpdir(), 'limits-command-'));
const AS_SHIPPED = { context: {} };

afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

function run(cdkJson: object | string, ...args: readonly string[]) {
  writeFileSync(join(DIRECTORY, 'cdk.json'), typeof cdkJson === 'string' ? cdkJson : JSON.stringify(cdkJson));
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', COMMAND, ...args],
    { cwd: DIRECTORY, encoding: 'utf8' },
  );
  return { status, stdout, stderr };
}

describe('npm run limits', () => {
  it.each<[string, object, readonly string[], RegExp]>([
    ['the starting values', AS_SHIPPED, [], /^An event is tried 10 times\./m],
    ['dotted keys of cdk.json', { context: { 'limits.crmAttempts': 4 } }, [], /^An event is tried 4 times\./m],
    ['nested keys of cdk.json', { context: { limits: { crmAttempts: '4' } } }, [], /^An event is tried 4 times\./m],
    [
      '-c over cdk.json',
      { context: { limits: { crmAttempts: 4 } } },
      ['-c', 'limits.crmAttempts=3'],
      /^An event is tried 3 times\./m,
    ],
    [
      'keys that are no limits for none',
      { context: { 'alarms.email': 'a@example.com' } },
      ['-c', 'crm.baseUrl=https://crm.example.com', '-c', 'env=dev'],
      /^An event is tried 10 times\./m,
    ],
  ])('takes %s', (_what, cdkJson, args, said) => {
    expect(run(cdkJson, ...args)).toEqual({ status: 0, stdout: expect.stringMatching(said), stderr: '' });
  });

  it.each<[object | string, readonly string[], RegExp]>([
    [
      AS_SHIPPED,
      ['-c', 'limits.crmAttempt=3'],
      /^limits\.crmAttempt is "3", expected the name of a limit \(.*\); did you mean limits\.crmAttempts\?$/,
    ],
    [{ context: { limit: { batchSize: 5 } } }, [], /^limit\.batchSize is 5, .*; did you mean limits\.batchSize\?$/],
    [AS_SHIPPED, ['-c', 'crmAttempts=3'], /^crmAttempts is "3", .*; did you mean limits\.crmAttempts\?$/],
    [AS_SHIPPED, ['-c', 'crm.baseURL=https://user:hunter2@crm'], /^crm\.baseURL is "https:\/\/…@crm", expected/],
    [
      { context: { 'limits.leaseMs': 30_000 } },
      [],
      /^limits\.leaseMs is 30000 against 25000 \(.*leaseMs 30000, clockSkewMs 5000 by default\), expected/,
    ],
    [AS_SHIPPED, ['-c', 'limits'], /^-c limits: must be key=value$/],
    [AS_SHIPPED, ['--all'], /^Unknown option '--all' \(npm run limits -- --help/],
    ['{', [], /^cdk\.json cannot be read in .*: Expected/],
  ])('refuses %j with %j in one line', (cdkJson, args, said) => {
    const { status, stdout, stderr } = run(cdkJson, ...args);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.trimEnd()).toMatch(said);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
