/** `npm run map`, as a user runs it. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';

const PROJECT_DIR = fileURLToPath(new URL('../..', import.meta.url));
const DIRECTORY = mkdtempSync(join(tmpdir(), 'map-'));

afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

function file(name: string, text: string): string {
  writeFileSync(join(DIRECTORY, name), text);
  return join(DIRECTORY, name);
}

function map(...args: readonly string[]) {
  return new Promise<{ readonly code: unknown; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const options = { cwd: PROJECT_DIR, encoding: 'utf8' } as const;
    execFile(process.execPath, ['bin/map.ts', ...args], options, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
    );
  });
}

const EVENT = file(
  'event.json',
  '{"eventBridgeEventId":"e-1","eventType":"interaction.created","eventTimestamp":"2026-11-26T10:00:00Z",' +
    '"interaction":{"id":"c-42","to":"+15550100"}}',
);
const CONTACT = 'https://crm.example.com/services/data/v68.0/sobjects/Contact/CrmKey__c/p15550100';

describe('npm run map', () => {
  it('prints the decision and the requests of the configured connector', async () => {
    expect(await map('--event', EVENT, '-c', 'crm.connector=salesforce')).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        'event         e-1, interaction.created, 2026-11-26T10:00:00Z',
        'decision      deliver: upsert-contact',
        'ordering key  contact/p15550100',
        '',
        'request 1',
        `  PATCH ${CONTACT}?updateOnly=true`,
        '  authorization: (from the credentials)',
        '  content-type: application/json',
        '',
        '  {',
        '    "Phone": "+15550100"',
        '  }',
        '',
        '',
      ].join('\n'),
    });
  });

  it('completes a national number by crm.defaultCountry', async () => {
    const event = file('national.json', readFileSync(EVENT, 'utf8').replace('+15550100', '(030) 123 456'));
    const { stdout } = await map('--event', event, '-c', 'crm.connector=salesforce', '-c', 'crm.defaultCountry=DE');
    expect(stdout).toContain('ordering key  contact/p4930123456\n');
  });

  it('prints what a response would mean', async () => {
    const locked = file('locked.http', 'HTTP/1.1 400 Bad Request\r\n\r\n[{"errorCode":"UNABLE_TO_LOCK_ROW"}]');
    const missing = file('missing.http', 'HTTP/1.1 404 Not Found\nx: y\n\n[{"errorCode":"NOT_FOUND"}]');
    const salesforce = ['--event', EVENT, '-c', 'crm.connector=salesforce', '--response'];
    expect((await map(...salesforce, locked)).stdout).toContain(
      '  HTTP 400 means: conflict, retried; after the last attempt quarantined as retries_exhausted\n',
    );
    expect((await map(...salesforce, missing)).stdout).toContain(
      '  HTTP 404 means: not_found, which the connector expects and handles\n',
    );
  });

  it('uses a mapping outside the project', async () => {
    const mapping = file(
      'mapping.ts',
      "export const crmMapping = () => ({ kind: 'invalid', reason: 'none of ours' }) as const;",
    );
    expect((await map('--event', EVENT, '-c', `mapping.file=${mapping}`)).stdout).toBe(
      'event         e-1, interaction.created, 2026-11-26T10:00:00Z\ndecision      invalid_event: none of ours\n',
    );
  }, 30_000);

  it('says why an event is invalid', async () => {
    const { stdout } = await map('--event', file('broken.json', '{'));
    expect(stdout).toMatch(/^decision {6}invalid_event: /);
  });

  it.each([
    [[], '--event FILE is missing'],
    [['--event', '/nonexistent'], '/nonexistent cannot be read'],
    [['--event', EVENT, '--response', EVENT], '--response: the file must begin with a status line'],
    [['--event', EVENT, '-c', 'crm.connector=sugar'], 'crm.connector'],
    [['--what'], "Unknown option '--what'"],
  ])('refuses %j', async (args, message) => {
    expect(await map(...args)).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(message) });
  });
});
