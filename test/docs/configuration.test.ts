/** docs/configuration.md lists the keys and environment variables that the code reads. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { describeRetryPlan } from '../../bin/limit-table.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { CONFIG_KEYS, type ConfigKey } from '../../lib/pipeline-config.ts';
import { START_ENVIRONMENT } from '../../local/settings.ts';

const root = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const DOC = readFileSync(root('docs/configuration.md'), 'utf8');
const README = readFileSync(root('README.md'), 'utf8');

/** The cells of each table row, by the first cell. */
function tableRows(markdown: string): Map<string, readonly string[]> {
  const lines = markdown.split('\n').filter((line) => line.startsWith('| `'));
  const rows = lines.map((line) => line.split('|').map((cell) => cell.trim()));
  return new Map(rows.map(([, first = '', ...rest]) => [first.replaceAll('`', ''), rest.slice(0, -1)]));
}

/**
 * Uppercase names that `bin`, `cli` and `local` read from the environment; AWS_… are set for Lambda
 * functions.
 */
function variablesRead(): string[] {
  const sources = ['bin', 'cli', 'local'].flatMap((folder) =>
    readdirSync(root(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => readFileSync(root(`${folder}/${name}`), 'utf8')),
  );
  const names = sources.flatMap((text) => [...text.matchAll(/\benv(?:ironment)?\.([A-Z][A-Z_]+)/g)]);
  return [...new Set(names.map(([, name = '']) => name))].filter((name) => !name.startsWith('AWS_'));
}

const ROWS = tableRows(DOC);
const VARIABLES = tableRows(DOC.slice(DOC.indexOf('## Environment variables')));

describe('docs/configuration.md', () => {
  it.each(Object.entries<ConfigKey>(CONFIG_KEYS))(
    'lists %s with its default',
    (key, { default: fallback, description: about }) => {
      expect(ROWS.get(key)).toEqual([fallback === undefined ? '' : `\`${fallback}\``, about]);
    },
  );

  it('lists no key that the code does not read', () => {
    const keys = [...tableRows(DOC.slice(0, DOC.indexOf('## Environment variables'))).keys()];
    expect(keys.sort()).toEqual(Object.keys(CONFIG_KEYS).sort());
  });

  it('lists every environment variable that a command reads', () => {
    expect([...VARIABLES.keys()]).toEqual(expect.arrayContaining(variablesRead()));
    expect(variablesRead()).toEqual(expect.arrayContaining(['PORT', 'GENESYS_CLIENT_SECRET']));
  });

  it('lists the environment variables of npm start --help', () => {
    const inHelp = [...START_ENVIRONMENT.matchAll(/^ {2}([A-Z_]+) {2,}/gm)].map(([, name = '']) => name);
    expect(inHelp).toContain('DATA_DIR');
    expect([...VARIABLES.keys()]).toEqual(expect.arrayContaining(inHelp));
  });

  it('has the retry plan that npm run limits prints', () => {
    expect(DOC.replace(/\s+/g, ' ')).toContain(describeRetryPlan(DEFAULT_LIMITS));
  });
});

describe('the keys in README', () => {
  const configuration = README.slice(README.indexOf('## Configuration'), README.indexOf('## Operate'));

  it.each([...tableRows(configuration)])('%s exists and has its default', (key, [fallback]) => {
    expect(Object.keys(CONFIG_KEYS)).toContain(key);
    const { default: expected } = CONFIG_KEYS[key as keyof typeof CONFIG_KEYS] as ConfigKey;
    expect(fallback).toBe(expected === undefined ? '' : `\`${expected}\``);
  });

  it('are six', () => {
    expect([...tableRows(configuration)]).toHaveLength(6);
  });
});
