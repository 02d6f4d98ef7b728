import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from '@jest/globals';

const CHECK = fileURLToPath(new URL('../../cli/check-node.js', import.meta.url));

function checkedOn(version: string) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } }); import('${CHECK}')`;
  const { status, stderr } = spawnSync(process.execPath, ['-e', pretend], { encoding: 'utf8' });
  return { status, stderr };
}

it('a command on a Node.js that cannot run it says in one sentence what to do', () => {
  expect(checkedOn('20.20.2')).toEqual({
    status: 1,
    stderr: expect.stringMatching(/^This is Node\.js 20\.20\.2, .* Run npm ci without --ignore-scripts, .*\n$/),
  });
  expect(checkedOn('24.21.0')).toEqual({ status: 0, stderr: '' });
});
