import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FAKE_VENDORS } from '../../../local/crm/fakes/vendors.ts';
import { zendeskFake } from '../../../local/crm/fakes/zendesk/fake.ts';
import { FAKE_START_MS, FakeCrmClient } from '../../harness/fake-crm-client.ts';

const USERS = '/api/v2/users/create_or_update.json';

let client: FakeCrmClient;

beforeEach(() => {
  client = new FakeCrmClient(zendeskFake);
});

const user = (key = 'p15550100') => client.reply('POST', USERS, { user: { external_id: key, name: 'Doe' } });

describe('a fake CRM', () => {
  it('fails as its rules say, so often and no more', async () => {
    client.setFaults({ status: 503, retryAfter: '7', times: 1 });
    expect(await user()).toMatchObject({ status: 503, headers: { 'retry-after': '7' } });
    expect(await user()).toMatchObject({ status: 201 });
    expect(client.crm.state).toMatchObject({ calls: 2, applied: 1, failed: 1 });
  });

  it('fails for a time', async () => {
    client.setFaults({ status: 503, forSeconds: 10 });
    expect(await user()).toMatchObject({ status: 503 });
    client.nowMs += 10_000;
    expect(await user()).toMatchObject({ status: 201 });
    expect(client.crm.faults.rules).toEqual([]);
  });

  it('applies and then fails, loses its response, hangs, or answers with a page', async () => {
    client.setFaults({ applyFirst: true, status: 500, times: 1 });
    expect(await user()).toMatchObject({ status: 500 });
    client.setFaults({ applyFirst: true, drop: true, times: 1 });
    expect(await user('p2')).toBe('dropped');
    expect(client.crm.state).toMatchObject({ contacts: 2, applied: 2 });
    client.setFaults({ hang: true, times: 1 });
    expect(await user('p3')).toBe('never');
    client.setFaults({ html: true });
    expect(await user('p3')).toMatchObject({ status: 503, html: expect.stringContaining('<html>') });
    expect(client.crm.state).toMatchObject({ contacts: 2, failed: 2 });
  });

  it('is slow', async () => {
    client.setFaults({ delayMs: 2_000 });
    await user();
    expect(client.nowMs).toBe(FAKE_START_MS + 2_000);
  });

  it('fails for one contact only', async () => {
    client.setFaults({ phone: '+15550100', status: 422 });
    expect(await user()).toMatchObject({ status: 422 });
    expect(await user('p2')).toMatchObject({ status: 201 });
  });

  it('has no quota until midnight UTC', async () => {
    client.setFaults({ fault: 'quota' });
    expect(await user()).toMatchObject({ status: 429, headers: { 'retry-after': '7200' } });
    client.nowMs += 7_199_999;
    expect(await user()).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    client.nowMs += 1;
    expect(await user()).toMatchObject({ status: 201 });
  });

  it('extends the penalty when it is called early', async () => {
    client.setFaults({ fault: 'rate', requests: 2, perSeconds: 10 });
    await user('p1');
    await user('p2');
    expect(await user('p3')).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    client.nowMs += 9_000;
    expect(await user('p3')).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    client.nowMs += 9_000;
    expect(await user('p3')).toMatchObject({ status: 429 });
    client.nowMs += 10_000;
    expect(await user('p3')).toMatchObject({ status: 201 });
    expect(client.crm.state.early).toBe(2);
  });

  it('no longer accepts the tokens that were issued before they expired or were revoked', async () => {
    const credentials = { grant_type: 'client_credentials', client_id: 'K', client_secret: 'S' };
    const renew = async () => {
      const { body } = await client.call('POST', '/oauth/tokens', credentials);
      client.token = (body as { access_token: string }).access_token;
    };
    await renew();
    for (const fault of ['token-expired', 'token-revoked']) {
      client.setFaults({ fault });
      expect(await user()).toMatchObject({ status: 401 });
      client.nowMs += 1;
      await renew();
      expect(await user()).toMatchObject({ status: expect.any(Number), body: { user: { id: 9 } } });
    }
    client.setFaults({ fault: 'wrong-credentials' });
    expect(await client.call('POST', '/oauth/tokens', credentials)).toMatchObject({ status: 401 });
  });

  it('refuses faults that it does not have, and names those it has', () => {
    expect(client.crm.setFaults({ rules: [{ fault: 'partial' }] })).toMatch(
      /^Zendesk has no fault partial: it has token-expired,/,
    );
    expect(client.crm.setFaults({ rules: [{ stauts: 500 }] })).toMatch(/Unrecognized key/);
    expect(client.crm.setFaults({ rules: 5 })).toMatch(/rules/);
  });

  it('adds faults before those in force', () => {
    client.setFaults({ fault: 'lock' });
    expect(client.crm.setFaults({ rules: [{ delayMs: 5 }], add: true })).toBeUndefined();
    expect(client.crm.faults.rules).toEqual([{ delayMs: 5 }, { fault: 'lock' }]);
  });

  it.each(Object.entries(FAKE_VENDORS))('knows a lock, a quota and two matches: %s', (_name, vendor) => {
    const { crm } = new FakeCrmClient(vendor);
    expect(crm.knownFaults).toEqual(expect.arrayContaining(['lock', 'quota', 'two-matches', 'token-expired']));
  });
});

describe('a fake CRM with a file', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'fake-crm-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('has its records after a restart, without a line that was cut off', async () => {
    const path = join(directory, 'crm.jsonl');
    client = new FakeCrmClient(zendeskFake, { path });
    await user();
    client.crm.close();
    appendFileSync(path, '{"atMs":1,"outc');
    client = new FakeCrmClient(zendeskFake, { path });
    expect(await user()).toMatchObject({ status: 200 });
    expect(client.crm.state).toMatchObject({ calls: 2, applied: 1, repeated: 1, contacts: 1 });
    client.crm.close();
  });
});
