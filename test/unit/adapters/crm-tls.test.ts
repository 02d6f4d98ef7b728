import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { HttpCrm } from '../../../lambdas/adapters/crm.http.ts';
import { NodeHttpTransport } from '../../../lambdas/adapters/crm-transport.node-http.ts';
import { HttpTokenEndpoint } from '../../../lambdas/adapters/token-endpoint.http.ts';
import { rest } from '../../../lambdas/connectors/rest/connector.ts';
import { settingsFor } from '../../../lambdas/domain/crm/connector.ts';
import { listenWithTls } from '../../harness/tls-server.ts';

const CA = readFileSync(new URL('../../fixtures/tls/ca.crt', import.meta.url), 'utf8');
const ACTION = { kind: 'request', method: 'POST', path: '/', body: {} } as const;
const CALL = { idempotencyKey: 'e', budgetMs: 5_000, freshToken: false };

async function callWith(tls: { ca?: string[] } | undefined): Promise<unknown> {
  const server = await listenWithTls('localhost', (_request, response) => void response.end('{}'));
  try {
    const target = { baseUrl: server.url, connector: rest, settings: settingsFor(rest, {}), responseRules: [] };
    const access = { kind: 'token', token: 't', ...(tls === undefined ? {} : { tls }) } as const;
    const crm = new HttpCrm(target, { read: async () => access }, { now: () => Date.now() }, new NodeHttpTransport());
    const request = { url: server.url, headers: {}, body: '' };
    const options = { budgetMs: 5_000, ...(tls === undefined ? {} : { tls }) };
    return [await crm.deliver(ACTION, CALL), await new HttpTokenEndpoint().exchange(request, options)];
  } finally {
    await server.close();
  }
}

describe('a CRM and a token endpoint with a certificate of a private authority', () => {
  it('are called if the credentials name the authority', async () => {
    expect(await callWith({ ca: [CA] })).toMatchObject([{ status: 200 }, { status: 200, body: '{}' }]);
  });

  it('are not called otherwise', async () => {
    expect(await callWith(undefined)).toMatchObject([{ kind: 'not_sent' }, { kind: 'unavailable' }]);
  });
});
