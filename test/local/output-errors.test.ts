/** Each command, where its output goes nowhere. */
import { spawn } from 'node:child_process';
import { existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const FULL = '/dev/full';

const COMMANDS = [
  'bin/start.ts',
  'bin/send.ts',
  'bin/crm.ts',
  'bin/genesys.ts',
  'bin/redrive.ts',
  'bin/event.ts',
  'bin/limits.ts',
  'bin/stream.ts',
  'test/pipeline/kill-runs.ts',
  'test/crash/crash.ts',
  'test/simulation/simulate.ts',
  'test/simulation/explore-command.ts',
  'bench/bench.ts',
  'bench/cost.ts',
] as const;

/**
 * Runs it to its end with `stdout` as its standard output; without one, with a pipe that nobody
 * reads.
 */
function help(script: string, stdout: number | undefined) {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, '--help'], {
    cwd: PROJECT_DIR,
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  });
  child.stdout?.destroy();
  let stderr = '';
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  return new Promise<{ readonly code: number | null; readonly stderr: string }>((resolve) =>
    child.once('close', (code) => resolve({ code, stderr })),
  );
}

describe('a command whose output cannot be written', () => {
  it.each(COMMANDS)('ends quietly when nobody reads on: %s', async (script) => {
    expect(await help(script, undefined)).toEqual({ code: 0, stderr: '' });
  });

  (existsSync(FULL) ? it : it.skip)('says so in one line when there is no room', async () => {
    expect(await help('bin/limits.ts', openSync(FULL, 'w'))).toEqual({
      code: 1,
      stderr: 'Standard output cannot be written: ENOSPC: no space left on device, write\n',
    });
  });
});
