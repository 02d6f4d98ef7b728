import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  claimDataDir,
  findPipeline,
  type PipelineDescription,
  publishPipeline,
  releaseDataDir,
} from '../../local/pipeline-file.ts';
import { ChildRegistry } from '../../local/processes/child-registry.ts';
import { commandLineOf, startTimeOf } from '../../local/processes/process-identity.ts';

const DESCRIPTION = { webhookUrl: 'http://127.0.0.1:1/x' } as PipelineDescription;

let dataDir: string;

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'pipeline-file-'));
});

afterEach(() => rmSync(dataDir, { recursive: true }));

describe('the pipeline file', () => {
  it('refuses a second pipeline on the same data', () => {
    claimDataDir(dataDir);
    expect(() => claimDataDir(dataDir)).toThrow(`process ${process.pid}`);
    releaseDataDir(dataDir);
    expect(() => claimDataDir(dataDir)).not.toThrow();
  });

  it.each([
    ['of a process that has gone', { pid: 2 ** 22 + 1, startTime: '1' }],
    ['of a process whose id is another’s now', { pid: process.pid, startTime: 'earlier' }],
    ['of no process', { pid: -1 }],
    ['that was cut off', undefined],
  ])('is taken over where it is one %s', (_what, left) => {
    writeFileSync(join(dataDir, 'pipeline.json'), left === undefined ? '{"pid":' : JSON.stringify(left));
    expect(() => findPipeline(dataDir)).toThrow(/npm start/);
    claimDataDir(dataDir);
    publishPipeline(dataDir, DESCRIPTION);
    expect(findPipeline(dataDir)).toEqual(DESCRIPTION);
  });

  it('says that a pipeline is still starting', () => {
    claimDataDir(dataDir);
    expect(() => findPipeline(dataDir)).toThrow(/still starting/);
  });

  it('is not believed in a directory that others may write to', () => {
    claimDataDir(dataDir);
    publishPipeline(dataDir, DESCRIPTION);
    chmodSync(dataDir, 0o777);
    if (process.platform !== 'win32') expect(() => findPipeline(dataDir)).toThrow(/^Other users may write to DATA_DIR/);
  });

  it('is for its owner’s eyes only', () => {
    claimDataDir(dataDir);
    publishPipeline(dataDir, DESCRIPTION);
    if (process.platform !== 'win32') expect(statSync(join(dataDir, 'pipeline.json')).mode & 0o777).toBe(0o600);
  });
});

describe('the registry of processes', () => {
  it('knows a process by its id and its start', () => {
    const path = join(dataDir, 'processes.jsonl');
    const registry = new ChildRegistry(path);
    registry.record('this', process.pid);
    const entry = {
      name: 'this',
      pid: process.pid,
      startTime: startTimeOf(process.pid),
      commandLine: commandLineOf(process.pid),
    };
    expect(registry.running()).toEqual([entry]);
    writeFileSync(path, `${JSON.stringify({ ...entry, startTime: 'earlier' })}\n{"na`);
    expect(registry.running()).toEqual([]);
  });

  it.each([
    ['-1', { pid: -1 }],
    ['0', { pid: 0 }],
    ['1', { pid: 1 }],
    ['no number', { pid: 'all' }],
    ['no start time', { startTime: undefined }],
    ['another command line', { commandLine: 'sleep 61' }],
    ['no command line', { commandLine: undefined }],
  ])('believes no entry with %s, and kills nothing for it', async (_what, wrong) => {
    const child = spawn('sleep', ['60']);
    try {
      await once(child, 'spawn');
      const pid = child.pid ?? 0;
      const entry = { name: 'x', pid, startTime: startTimeOf(pid), commandLine: commandLineOf(pid) };
      const path = join(dataDir, 'processes.jsonl');
      writeFileSync(path, `${JSON.stringify({ ...entry, ...wrong })}\n`);
      expect(await new ChildRegistry(path).stopLeftovers()).toEqual([]);
      expect(startTimeOf(pid)).toBe(entry.startTime);
      writeFileSync(path, `${JSON.stringify(entry)}\n`);
      expect(await new ChildRegistry(path).stopLeftovers()).toEqual([entry]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
