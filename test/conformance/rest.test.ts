/**
 * The connector `rest` and the product's adapter against the sample CRM: what it promises with one
 * idempotent request.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HttpCrm } from '../../lambdas/adapters/crm.http.ts';
import { NodeHttpTransport } from '../../lambdas/adapters/crm-transport.node-http.ts';
import { rest } from '../../lambdas/connectors/rest/connector.ts';
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { settingsFor } from '../../lambdas/domain/crm/connector.ts';
import { type CrmOutcome, classify } from '../../lambdas/domain/crm/crm-outcome.ts';
import type { ResponseRule } from '../../lambdas/domain/crm/response-rules.ts';
import { CrmFaults, type FaultRule } from '../../local/crm/crm-faults.ts';
import { crmListener } from '../../local/crm/crm-listener.ts';
import { SampleCrm } from '../../local/crm/sample-crm.ts';
import { SampleCrmApi } from '../../local/crm/sample-crm-api.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';

const PHONE = '+15550100';
const UPDATE: CrmAction = {
  kind: 'request',
  method: 'POST',
  path: '/api/v1/contacts',
  body: { phone: PHONE, lastCallTimestamp: '2026-11-26T21:00:00Z' },
};
const OWN: CrmAction = { kind: 'request', method: 'PUT', path: '/v2/people/7?a=b', body: { vip: true, name: 'Zoë' } };
const BUDGET_MS = 1_000;

let dir: string;
let crm: SampleCrm;
let faults: CrmFaults;
let server: LoopbackServer;
let token: string;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'rest-'));
  crm = new SampleCrm(join(dir, 'calls.jsonl'));
  faults = new CrmFaults();
  token = 'T';
  server = await listenOnLoopback(crmListener(new SampleCrmApi({ crm, faults, token: () => 'T' }), 'key'), 0);
});

afterEach(async () => {
  await server.close();
  crm.close();
  rmSync(dir, { recursive: true });
});

async function deliver(
  action: CrmAction,
  { key = 'e-1', rules = [] }: { readonly key?: string; readonly rules?: readonly ResponseRule[] } = {},
): Promise<CrmOutcome> {
  const target = { baseUrl: server.url, connector: rest, settings: settingsFor(rest, {}), responseRules: rules };
  const access = { read: async () => ({ kind: 'token', token }) as const };
  const adapter = new HttpCrm(target, access, { now: () => Date.now() }, new NodeHttpTransport());
  return classify(await adapter.deliver(action, { idempotencyKey: key, budgetMs: BUDGET_MS, freshToken: false }));
}

function fail(...rules: readonly FaultRule[]): void {
  const problem = faults.set({ rules });
  if (problem !== undefined) throw new Error(problem);
}

const applications = () => crm.contacts.map(({ applications: all }) => all.length);

describe('the connector rest', () => {
  it.each([
    ['the update of a contact', UPDATE],
    ['a request of a mapping of your own', OWN],
  ])('applies %s once, however often it is delivered', async (_what, action) => {
    for (let time = 0; time < 3; time += 1) expect(await deliver(action)).toEqual({ kind: 'success' });
    expect(applications()).toEqual([1]);
    expect(crm.calls.map(({ key, outcome }) => [key, outcome])).toEqual([
      ['e-1', 'applied'],
      ['e-1', 'repeated'],
      ['e-1', 'repeated'],
    ]);
  });

  it('sends method, path, query and body of the mapping as they are', async () => {
    await deliver(OWN);
    expect(crm.calls).toMatchObject([
      { phone: 'PUT /v2/people/7?a=b', lastCallTimestamp: '{"vip":true,"name":"Zoë"}', key: 'e-1' },
    ]);
  });

  it.each([
    ['is applied and answered 500', { applyFirst: true, status: 500, times: 1 }, 'HTTP 500'],
    ['is applied and answered with a page', { applyFirst: true, html: true, times: 1 }, 'HTTP 503'],
    ['is applied and its response lost', { applyFirst: true, drop: true, times: 1 }, 'ECONNRESET'],
    ['is applied and never answered', { applyFirst: true, hang: true, times: 1 }, 'timeout'],
    ['is answered 503', { status: 503, times: 1 }, 'HTTP 503'],
    ['loses its connection', { drop: true, times: 1 }, 'ECONNRESET'],
  ])('applies an event once if its request %s', async (_what, fault, error) => {
    fail(fault);
    const first = await deliver(UPDATE);
    expect(first).toMatchObject({
      kind: 'transient',
      applied: 'unknown',
      error: expect.stringContaining(error),
    });
    expect(await deliver(UPDATE)).toEqual({ kind: 'success' });
    expect(applications()).toEqual([1]);
  });

  it('is refused without effect with a wrong token, whose value it does not name, and recovers', async () => {
    token = 'wrong-token-value';
    const refused = await deliver(UPDATE);
    expect(refused).toMatchObject({ kind: 'credentials', applied: 'not_applied' });
    expect(JSON.stringify(refused)).not.toContain('wrong-token-value');
    expect(applications()).toEqual([]);
    token = 'T';
    expect(await deliver(UPDATE)).toEqual({ kind: 'success' });
  });

  it.each([
    [429, 'throttled'],
    [403, 'permission'],
    [404, 'permanent'],
    [408, 'transient'],
    [409, 'conflict'],
    [423, 'conflict'],
    [422, 'permanent'],
  ])('gives HTTP %d the meaning %s, and knows that nothing was applied', async (status, kind) => {
    fail({ status, retryAfter: '7' });
    expect(await deliver(UPDATE)).toMatchObject({ kind, applied: 'not_applied', retryAfter: '7' });
    expect(applications()).toEqual([]);
  });

  it('is refused for good where a key comes again with another body', async () => {
    await deliver(UPDATE);
    expect(await deliver(OWN)).toMatchObject({ kind: 'permanent', error: expect.stringContaining('HTTP 422') });
    expect(await deliver(OWN, { key: 'e-2' })).toEqual({ kind: 'success' });
  });

  it('gives a response the meaning that a rule of the mapping says', async () => {
    fail({ status: 409, times: 2 });
    const rules = [{ outcome: 'success', status: [409] }] as const;
    expect(await deliver(UPDATE, { rules })).toEqual({ kind: 'success' });
    expect((await deliver(UPDATE)).kind).toBe('conflict');
  });

  it('has no rate, and needs none: requests of any number are sent', async () => {
    expect(rest.rate).toBeUndefined();
    const keys = Array.from({ length: 50 }, (_, index) => `e-${index}`);
    const outcomes = await Promise.all(keys.map((key) => deliver(OWN, { key })));
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['success']));
  });
});
