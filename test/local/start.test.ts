import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { startTimeOf } from '../../local/processes/process-identity.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a script that is expected to end by itself. */
function runScript(script: string, args: readonly string[], environment: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: PROJECT_DIR,
    env: { PATH: process.env.PATH, ...environment },
  });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr })),
  );
}

describe('npm start', () => {
  it('brings up a pipeline that delivers, refuses a second one, and leaves no process behind', async () => {
    const pipeline = await LocalPipelineProcess.start();
    try {
      const second = await runScript('bin/start.ts', [], { PORT: '0', DATA_DIR: pipeline.dataDir });
      expect(second).toEqual({ code: 1, stderr: expect.stringContaining('runs on') });
      const port = new URL(pipeline.description.webhookUrl).port;
      const samePort = await runScript('bin/start.ts', [], { PORT: port, DATA_DIR: `${pipeline.dataDir}/other` });
      expect(samePort).toEqual({ code: 1, stderr: expect.stringContaining(`Port ${port} is in use`) });

      const sent = await pipeline.send('--count', '5', '--duplicates', '1', '--json');
      expect(sent.code).toBe(0);
      expect(JSON.parse(sent.stdout)).toMatchObject({
        deliveries: { accepted: 10 },
        events: { applied: 5 },
        duplicatesDropped: 5,
        crm: { applied: 5, repeatedCalls: 0 },
        exactlyOnce: true,
      });

      const processes = pipeline.processes();
      expect(processes.length).toBeGreaterThanOrEqual(6);
      expect(await pipeline.stop()).toBe(0);
      expect(processes.filter(({ pid, startTime }) => startTimeOf(pid) === startTime)).toEqual([]);
    } finally {
      await pipeline.dispose();
    }
  }, 60_000);
});

describe('a user’s mistake', () => {
  it.each([
    ['bin/start.ts', [], { EVENTBRIDGE_SECRET: 'abc' }, 1, /^EVENTBRIDGE_SECRET must be 64 hex digits/],
    ['bin/start.ts', [], { PORT: '70000' }, 1, /^PORT is 70000/],
    [
      'bin/start.ts',
      [],
      { CRM_CREDENTIALS: '{"type":"x"}' },
      1,
      /^CRM_CREDENTIALS: .* wrong field: type: must be one of/,
    ],
    ['bin/start.ts', [], { CRM_CREDENTIALS: 'a', CRM_TOKEN: 'b' }, 1, /^CRM_CREDENTIALS and CRM_TOKEN are both set/],
    ['bin/start.ts', ['-c', 'nonsense'], {}, 1, /^-c nonsense: must be key=value/],
    [
      'bin/start.ts',
      ['-c', 'crm.baseUrl=ftp://user:hunter2@crm.example.com'],
      {},
      1,
      /^-c crm\.baseUrl is ftp:\/\/…@crm\.example\.com; it must be a URL such as/,
    ],
    [
      'bin/start.ts',
      [],
      { CRM_BASE_URL: 'user:hunter2@crm.example.com' },
      1,
      /^CRM_BASE_URL is …@crm\.example\.com; it must be a URL such as/,
    ],
    [
      'bin/start.ts',
      [],
      { DYNAMODB_ENDPOINT: 'http://user:hunter2/@127.0.0.1:8000' },
      1,
      /^DYNAMODB_ENDPOINT is http:\/\/…@127\.0\.0\.1:8000; it must be a URL .*, without credentials$/m,
    ],
    [
      'bin/start.ts',
      [],
      { DATA_DIR: '/dev/null' },
      1,
      /^Nothing can be kept in DATA_DIR, which is \/dev\/null: ENOTDIR/,
    ],
    [
      'bin/start.ts',
      [],
      { DATA_DIR: '/dev/null/none' },
      1,
      /^Nothing can be kept in DATA_DIR, which is .*none: ENOTDIR/,
    ],
    ['bin/send.ts', ['--count', 'x'], {}, 2, /^--count x: must be a whole number/],
    ['bin/send.ts', ['--wrong'], {}, 2, /^Unknown option '--wrong'/],
    ['bin/send.ts', [], { DATA_DIR: '/nonexistent' }, 1, /^No pipeline runs on .*npm start/],
  ])('is told in one line: %s %j %j', async (script, args, environment, code, message) => {
    const ended = await runScript(script, args, environment);
    expect(ended).toEqual({ code, stderr: expect.stringMatching(message) });
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
