import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ChildRegistry } from '../../local/processes/child-registry.ts';
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

      const line = (await pipeline.send('--export-secret')).stdout;
      expect(line).toMatch(/^export EVENTBRIDGE_SECRET=[0-9a-f]{64}\n$/);

      const processes = pipeline.processes();
      expect(processes.length).toBeGreaterThanOrEqual(6);
      expect(await pipeline.stop()).toBe(0);
      expect(processes.filter(({ pid, startTime }) => startTimeOf(pid) === startTime)).toEqual([]);
    } finally {
      await pipeline.dispose();
    }
  });
});

describe('Ctrl-C', () => {
  it.each(['synthesizing', 'starting'])('while it says “%s” ends the start without a complaint', async (step) => {
    const dataDir = mkdtempSync(join(tmpdir(), 'interrupted-'));
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'bin/start.ts'], {
      cwd: PROJECT_DIR,
      env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir },
      // A process group of its own: a terminal's Ctrl-C reaches all processes of the group.
      detached: true,
    });
    let output = '';
    const ended = once(child, 'close');
    const interrupt = (chunk: Buffer) => {
      const before = output;
      output += chunk.toString('utf8');
      if (!before.includes(`\n${step}`) && `\n${output}`.includes(`\n${step}`))
        process.kill(-(child.pid ?? 0), 'SIGINT');
    };
    child.stdout.on('data', interrupt);
    child.stderr.on('data', interrupt);
    try {
      expect(await ended).toEqual([0, null]);
      expect(output).not.toMatch(/^ready|Error|^ +at /m);
      expect(output).toMatch(/^stopping$/m);
      const left = new ChildRegistry(join(dataDir, 'processes.jsonl')).running();
      expect(left).toEqual([]);
    } finally {
      rmSync(dataDir, { recursive: true, maxRetries: 5, retryDelay: 100 });
    }
  });
});

describe('a start that does not become ready', () => {
  it('gives up, and says what it was waiting for', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'impatient-'));
    const environment = { PORT: '0', DATA_DIR: dataDir, CRM_BASE_URL: 'http://127.0.0.1:1' };
    try {
      expect(await runScript('test/harness/impatient-start.ts', [], environment)).toEqual({
        code: 1,
        stderr: `Not ready after 0.2 s: it was synthesizing the stack, and starting the SQS and DynamoDB servers. See ${dataDir}/logs\n`,
      });
    } finally {
      rmSync(dataDir, { recursive: true, maxRetries: 5, retryDelay: 100 });
    }
  });
});

describe('a user’s mistake', () => {
  it.each([
    ['bin/start.ts', [], { EVENTBRIDGE_SECRET: 'abc' }, 2, /^EVENTBRIDGE_SECRET must be 64 hex digits/],
    ['bin/start.ts', [], { PORT: '70000' }, 2, /^PORT is 70000/],
    [
      'bin/start.ts',
      [],
      { CRM_CREDENTIALS: '{"type":"x"}' },
      2,
      /^CRM_CREDENTIALS: .* wrong field: type: must be one of/,
    ],
    ['bin/start.ts', [], { CRM_CREDENTIALS: 'a', CRM_TOKEN: 'b' }, 2, /^CRM_CREDENTIALS and CRM_TOKEN are both set/],
    ['bin/start.ts', ['-c', 'nonsense'], {}, 2, /^-c nonsense: must be key=value/],
    [
      'bin/start.ts',
      ['-c', 'crm.baseUrl=ftp://user:hunter2@crm.example.com'],
      {},
      2,
      /^-c crm\.baseUrl is ftp:\/\/…@crm\.example\.com; it must be a URL such as/,
    ],
    [
      'bin/start.ts',
      [],
      { CRM_BASE_URL: 'user:hunter2@crm.example.com' },
      2,
      /^CRM_BASE_URL is …@crm\.example\.com; it must be a URL such as/,
    ],
    [
      'bin/start.ts',
      [],
      { DYNAMODB_ENDPOINT: 'http://user:hunter2/@127.0.0.1:8000' },
      2,
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
    ['bin/start.ts', ['--wrong'], {}, 2, /^Unknown option '--wrong'/],
    ...(process.platform === 'linux'
      ? ([
          ['bin/start.ts', [], { DATA_DIR: '/proc/none' }, 1, /^Nothing can be kept in DATA_DIR, .*none: ENOENT/],
        ] as const)
      : []),
    ['bin/send.ts', ['--count', 'x'], {}, 2, /^--count x: must be a whole number/],
    ['bin/send.ts', ['--wrong'], {}, 2, /^Unknown option '--wrong'/],
    ['bin/send.ts', [], { DATA_DIR: '/nonexistent' }, 1, /^No pipeline runs on .*npm start/],
  ])('is told in one line: %s %j %j', async (script, args, environment, code, message) => {
    const ended = await runScript(script, args, environment);
    expect(ended).toEqual({ code, stderr: expect.stringMatching(message) });
    expect(ended.stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});
