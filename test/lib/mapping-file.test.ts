/** A mapping outside the project: type-checked at synth, and bundled with the processor. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ourBundles } from '../../bench/bundles.ts';
import { type ConfigError, readPipelineConfig } from '../../lib/pipeline-config.ts';

const DIRECTORY = mkdtempSync(join(tmpdir(), 'mapping file-'));
const CONTEXT = { 'crm.baseUrl': 'https://crm.example.com', 'crm.connector': 'salesforce' };

afterAll(() => rmSync(DIRECTORY, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(DIRECTORY, name);
  writeFileSync(path, text);
  return path;
}

function problemsWith(path: string, context: Readonly<Record<string, string>> = {}): readonly string[] {
  try {
    readPipelineConfig({ ...CONTEXT, ...context, 'mapping.file': path });
    return [];
  } catch (error) {
    return (error as ConfigError).problems.map(({ key, expected }) => `${key}: ${expected}`);
  }
}

const GOOD = `import { contactKeyFrom, type CrmMapping, type ResponseRule } from 'genesys-crm-pipeline/mapping';

export const crmMapping: CrmMapping = ({ contactAddress }) => {
  if (contactAddress === undefined) return { kind: 'ignore' };
  const action = { kind: 'upsert-contact', key: contactKeyFrom(contactAddress), fields: { Mark__c: 'marked' } } as const;
  return { kind: 'deliver', action, orderingKey: contactAddress };
};

export const responseRules: readonly ResponseRule[] = [{ outcome: 'conflict', status: [200], body: [{ pointer: '/busy' }] }];
`;

describe('a mapping file', () => {
  it('outside the project is bundled with the processor, in place of the connector’s mapping', async () => {
    const path = file('good.ts', GOOD);
    const context = { ...CONTEXT, 'mapping.file': path, 'crm.defaultCountry': 'DE' };
    const { Processor } = await ourBundles(join(DIRECTORY, 'out'), context);
    const bundle = readFileSync(Processor.file, 'utf8');
    // The library for phone numbers, and the country.
    expect([Processor.bytes > 550_000, bundle.includes('CRM_DEFAULT_COUNTRY')]).toEqual([true, false]);
    expect(['Mark__c', '/busy', 'LastName', 'lastCallTimestamp'].map((text) => bundle.includes(text))).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it('that does not compile is refused with the place and the reason', () => {
    const path = file('bad.ts', 'export const crmMapping = () => ({ kind: "delivr" });\nconst x: number = "a";\n');
    expect(problemsWith(path)).toEqual([
      `mapping.file: a mapping that can be used: ${path}:2:7: Type 'string' is not assignable to type 'number'.`,
      expect.stringMatching(/^mapping\.file: .*does not satisfy the expected type 'MappingModule'.*'kind|kind: string/),
    ]);
  });

  it('with an action that the connector does not have is refused', () => {
    const path = file('unsupported.ts', GOOD);
    expect(problemsWith(path, { 'crm.connector': 'rest' })).toEqual([
      `mapping.file: a mapping that can be used: ${path}:5:26: the action upsert-contact, which crm.connector does not have (it has request)`,
    ]);
    expect(problemsWith(path)).toEqual([]);
  });

  it('that exports no mapping is refused', () => {
    const path = file('none.ts', 'export const mapping = 1;\n');
    expect(problemsWith(path)).toEqual([expect.stringContaining("Property 'crmMapping' is missing")]);
  });

  it.each(['missing.ts', 'mapping.txt', '.'])('that is not a TypeScript file is refused: %s', (name) => {
    const path = join(DIRECTORY, name);
    expect(problemsWith(path)).toEqual(['mapping.file: a file that exports crmMapping: .ts, .mts, .js, .mjs']);
  });
});
