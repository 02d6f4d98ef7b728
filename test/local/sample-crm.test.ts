import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CrmFaults } from '../../local/crm/crm-faults.ts';
import { crmListener } from '../../local/crm/crm-listener.ts';
import { SampleCrm } from '../../local/crm/sample-crm.ts';
import { SampleCrmApi } from '../../local/crm/sample-crm-api.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';

let directory: string;
let crm: SampleCrm;
let server: LoopbackServer;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'crm-'));
  crm = new SampleCrm(join(directory, 'crm.jsonl'));
  const api = new SampleCrmApi({ crm, faults: new CrmFaults(), token: () => 'token' });
  server = await listenOnLoopback(crmListener(api, 'key'), 0);
});

afterEach(async () => {
  await server.close();
  crm.close();
  rmSync(directory, { recursive: true });
});

function call(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return fetch(`${server.url}/api/v1/contacts`, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { authorization: 'Bearer token', 'idempotency-key': 'k1', ...headers },
    signal: AbortSignal.timeout(5_000),
  });
}

async function setFaults(...rules: readonly object[]): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-access-key': 'key' };
  const response = await fetch(`${server.url}/_crm/faults`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ rules }),
  });
  return response.status;
}

const A = { phone: '+1', lastCallTimestamp: '2026-01-01T00:00:00Z' };
const B = { phone: '+1', lastCallTimestamp: '2026-01-02T00:00:00Z' };

describe('the sample CRM', () => {
  it('applies a key once, and answers its repetition alike', async () => {
    expect((await call(A)).status).toBe(200);
    const again = await call(A);
    expect([again.status, await again.json()]).toEqual([200, { result: 'repeated', ...A }]);
    expect(crm.state).toMatchObject({ calls: 2, applied: 1, repeated: 1, distinctKeys: 1, contacts: 1 });
  });

  it('refuses a key that comes again with something else', async () => {
    await call(A);
    expect((await call(B)).status).toBe(422);
    expect(crm.contacts).toMatchObject([{ phone: '+1', lastCallTimestamp: A.lastCallTimestamp }]);
  });

  it('keeps the applications of a contact in order', async () => {
    await call(B);
    await call(A, { 'idempotency-key': 'k2' });
    expect(crm.contacts).toMatchObject([
      { lastCallTimestamp: A.lastCallTimestamp, applications: [{ key: 'k1' }, { key: 'k2' }] },
    ]);
  });

  it('takes any request of a mapping of the user’s own, once for each key, and shows it', async () => {
    const put = (key: string, path: string) =>
      fetch(`${server.url}${path}`, {
        method: 'PUT',
        body: '{"lastCall":"now"}',
        headers: { authorization: 'Bearer token', 'idempotency-key': key },
      }).then(({ status }) => status);
    expect([await put('k1', '/customers/1'), await put('k1', '/customers/1')]).toEqual([200, 200]);
    expect(crm.state).toMatchObject({ applied: 1, repeated: 1 });
    expect(crm.contacts).toMatchObject([{ phone: 'PUT /customers/1', lastCallTimestamp: '{"lastCall":"now"}' }]);
    await setFaults({ phone: '+15550100', status: 422 });
    expect([await put('k2', '/customers/%2B15550100'), await put('k3', '/customers/2')]).toEqual([422, 200]);
  });

  it.each([
    [401, A, { authorization: 'Bearer other' }],
    [400, { phone: '' }, {}],
    [400, 'not json', {}],
  ])('answers %i without applying', async (status, body, headers) => {
    expect((await call(body, headers)).status).toBe(status);
    expect(crm.state).toMatchObject({ calls: 1, applied: 0, refused: 1 });
  });

  it('knows everything after a restart, a line that was cut off excepted', async () => {
    await call(A);
    const path = join(directory, 'crm.jsonl');
    appendFileSync(path, '{"atMs":1,"outc');
    new SampleCrm(path).close();
    const restarted = new SampleCrm(path);
    try {
      expect(restarted.state).toMatchObject({ calls: 1, applied: 1 });
      expect(restarted.apply({ key: 'k1', ...A }, 2).outcome).toBe('repeated');
      expect(restarted.apply({ key: 'k2', ...B }, 3).outcome).toBe('applied');
    } finally {
      restarted.close();
    }
    const third = new SampleCrm(path);
    expect(third.state).toMatchObject({ calls: 3, applied: 2, repeated: 1 });
    third.close();
  });
});

describe('faults', () => {
  it('fail as they are told to, so often and no more', async () => {
    await setFaults({ status: 503, retryAfter: '7', times: 1 });
    const failed = await call(A);
    expect([failed.status, failed.headers.get('retry-after')]).toEqual([503, '7']);
    expect((await call(A)).status).toBe(200);
    expect(crm.state).toMatchObject({ calls: 2, applied: 1, failed: 1 });
  });

  it('can be for one contact', async () => {
    await setFaults({ phone: '+2', status: 400 });
    expect((await call(A)).status).toBe(200);
    expect((await call({ ...A, phone: '+2' }, { 'idempotency-key': 'k2' })).status).toBe(400);
  });

  it('can apply and then fail', async () => {
    await setFaults({ drop: true, applyFirst: true, times: 1 });
    await expect(call(A)).rejects.toThrow();
    expect((await (await call(A)).json()) as object).toMatchObject({ result: 'repeated' });
  });

  it('are refused where they are not understood', async () => {
    expect(await setFaults({ stauts: 500 })).toBe(400);
  });
});
