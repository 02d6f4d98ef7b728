/** The example mappings compile, and do what their first lines say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { explain } from '../../bin/map/explain.ts';
import { loadMapping } from '../../bin/map/load-mapping.ts';
import { CONNECTORS, type ConnectorName } from '../../lambdas/connectors/connectors.ts';
import { problemsWithMapping } from '../../lib/mapping-file.ts';

const MAPPINGS = fileURLToPath(new URL('../../examples/mappings/', import.meta.url));
const PARTNER_END = JSON.stringify({
  source: 'aws.partner/genesys.com/cloud/0/x',
  'detail-type': 'v2.detail.events.conversation.{id}.customer.end',
  detail: {
    topicName: 'v2.detail.events.conversation.c-42.customer.end',
    eventBody: {
      eventTime: 1_795_687_263_000,
      conversationId: 'c-42',
      participantId: 'p',
      sessionId: 's',
      direction: 'INBOUND',
      ani: 'tel:+15550100',
      queueId: 'q-1',
      interactingDurationMs: 63_000,
    },
  },
});
const WEBHOOK = JSON.stringify({
  eventBridgeEventId: 'e-1',
  eventType: 'interaction.created',
  eventTimestamp: '2026-11-26T10:00:00Z',
  interaction: { id: 'i-1', to: '+15550100' },
});

async function explained(name: string, connector: ConnectorName, event: string): Promise<string> {
  const crm = { connector, baseUrl: 'https://crm.example.com', settings: {}, mappingFile: join(MAPPINGS, name) };
  const mapping = await loadMapping(crm);
  const response = { status: 200, headers: {}, body: { error: { code: 'LOCKED' } } };
  const options = { crm, connector: CONNECTORS[connector], mapping, response };
  return (await explain(Buffer.from(event), options)).join('\n');
}

describe('the example mappings', () => {
  it.each(readdirSync(MAPPINGS))(
    'compile: %s',
    (name) => {
      expect(problemsWithMapping(join(MAPPINGS, name), CONNECTORS.salesforce)).toEqual([]);
    },
    60_000,
  );

  it('are all in the list', () => {
    const list = readFileSync(new URL('../../examples/README.md', import.meta.url), 'utf8');
    for (const name of readdirSync(MAPPINGS)) expect(list).toContain(`(mappings/${name})`);
  });

  it('set the last call, and read an error in a 200', async () => {
    const text = await explained('last-call.ts', 'rest', WEBHOOK);
    expect(text).toContain('PUT https://crm.example.com/customers/%2B15550100/last-call');
    expect(text).toContain('HTTP 200 means: conflict');
  });

  it('log a call with the queue', async () => {
    const text = await explained('log-calls.ts', 'salesforce', PARTNER_END);
    expect(text).toContain('ordering key  conversation/c-42');
    expect(text).toContain('"Genesys_Queue__c": "q-1"');
    expect(text).toContain('"CallDurationInSeconds": 63');
  });

  it('keep rows of their own', async () => {
    const text = await explained('own-rows.ts', 'rest', WEBHOOK);
    expect(text).toContain('row           interaction/e-1\nrow           contact/+15550100');
  });
});
