import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { FunctionLog } from '../../local/lambda/function-log.ts';

it('an error of a function is printed in one line that does nothing to the terminal', () => {
  const directory = mkdtempSync(join(tmpdir(), 'function-log-'));
  const path = join(directory, 'Ingest.log');
  const printed: string[] = [];
  const log = new FunctionLog('Ingest', path, { onLine: (line) => printed.push(line), take: () => {} });
  try {
    const entry = { level: 'ERROR', message: 'refused', cause: '\u001b]0;x\u0007two\nlines \u202eback' };
    appendFileSync(path, `${JSON.stringify(entry)}\n`);
  } finally {
    log.close();
    rmSync(directory, { recursive: true });
  }
  expect(printed).toEqual(['Ingest: refused:  ]0;x two lines  back']);
});
