/**
 * Stateful resources of the previous release: an upgrade must not replace them, because what they
 * hold would be lost.
 */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { synthesized } from './synthesized.ts';

type Resource = Readonly<Record<string, unknown>>;

/** Logical id, type, and the properties whose change replaces the resource. */
const PREVIOUS = JSON.parse(
  readFileSync(new URL('../fixtures/stateful/0.1.0.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Resource>>;

let resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: Resource }>>;

beforeAll(() => {
  const partnerEventSource = 'aws.partner/genesys.com/cloud/11111111-2222-4333-8444-555555555555/contacts';
  resources = synthesized({ openMessaging: 'true', partnerEventSource }).toJSON().Resources;
});

describe('an upgrade from 0.1.0', () => {
  it.each(Object.entries(PREVIOUS))('keeps %s', (logicalId, { Type, ...properties }) => {
    const current = resources[logicalId];
    expect(current?.Type).toBe(Type);
    expect(current?.Properties ?? {}).toMatchObject(properties);
  });

  it('sets no name where there was none, which would replace the resource', () => {
    for (const [logicalId, previous] of Object.entries(PREVIOUS))
      for (const name of ['QueueName', 'TableName', 'ArchiveName'])
        if (!(name in previous)) expect(resources[logicalId]?.Properties).not.toHaveProperty(name);
  });
});
