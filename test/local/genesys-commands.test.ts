import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readGenesysRequest } from '../../bin/genesys/commands.ts';
import { FakeGenesys } from '../../local/genesys/fake-genesys.ts';
import { GenesysFaults } from '../../local/genesys/fake-genesys-faults.ts';
import { fakeGenesysListener } from '../../local/genesys/fake-genesys-http.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';

function read(line: string) {
  return readGenesysRequest(line.split(' ').filter((part) => part !== ''));
}

describe('npm run genesys', () => {
  it.each([
    ['', { kind: 'serve', port: 3_001, returnSecrets: false }],
    ['serve --port 0 --tell-secrets', { kind: 'serve', port: 0, returnSecrets: true }],
    ['send', { kind: 'tell', port: 3_001, path: 'send', body: { count: 100 } }],
    [
      'send 5 --rate 50 --port 3005',
      { kind: 'tell', port: 3_005, path: 'send', body: { count: 5, ratePerSecond: 50 } },
    ],
    ['expire', { kind: 'tell', port: 3_001, path: 'expire', body: {} }],
    ['up', { kind: 'tell', port: 3_001, path: 'up', body: {} }],
    [
      'forbid eventbridge:stream:add integrations:integration:view',
      {
        kind: 'tell',
        port: 3_001,
        path: 'forbid',
        body: { scopes: ['eventbridge:stream:add', 'integrations:integration:view'] },
      },
    ],
    ['forbid', { kind: 'tell', port: 3_001, path: 'forbid', body: { scopes: [] } }],
    ['bus', { kind: 'tell', port: 3_001, path: 'bus', body: {} }],
  ])('understands “%s”', (line, request) => {
    expect(read(line)).toEqual(request);
  });

  it.each([
    ['fail', [{ status: 503 }]],
    ['fail 400', [{ status: 400 }]],
    ['fail 599', [{ status: 599 }]],
    ['fail 500 --times 2', [{ status: 500, times: 2 }]],
    ['throttle', [{ status: 429, retryAfter: '3' }]],
    ['throttle 0', [{ status: 429, retryAfter: '0' }]],
    ['throttle 60 --times 1', [{ status: 429, retryAfter: '60', times: 1 }]],
  ])('makes of “%s” what the fake takes', (line, rules) => {
    const request = read(line);
    expect(request).toMatchObject({ kind: 'tell', path: 'faults', body: { rules } });
    expect(new GenesysFaults().set({ rules })).toBeUndefined();
  });

  it.each([
    ['sned', /^sned: the fake Genesys Cloud knows serve, send, up,/],
    ['send many', /^send many: must be a whole number/],
    ['send 1 2', /^2: is one argument too many/],
    ['up now', /^now: is one argument too many/],
    ['--port 70000', /^--port 70000: must be a number from 0 to 65535/],
    ['fail 200', /^fail 200: a status must be a number from 400 to 599/],
    ['fail 600', /^fail 600: a status must be a number from 400 to 599/],
    ['throttle abc', /^throttle abc: Retry-After must be whole seconds, or an HTTP date such as/],
    ['forbid nosuch', /^forbid nosuch: no permission of the fake\. There are\n {2}eventbridge:stream:view\n/],
    ['fail 503 --for 3', /^Unknown option '--for'/],
    ['constructor', /^constructor: the fake Genesys Cloud knows/],
  ])('refuses “%s”', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it('explains each of its commands', () => {
    for (const name of ['serve', 'send', 'up', 'fail', 'throttle', 'expire', 'forbid', 'bus'])
      expect(() => read('send --help')).toThrow(new RegExp(`^  ${name} `, 'm'));
  });
});

describe('a fake that is told', () => {
  const client = { clientId: 'id', clientSecret: 'secret' };
  const genesys = new FakeGenesys(
    { ...client, returnSecrets: false, tokenSeconds: 60, partnerSourceAfterMs: 0 },
    Date.now,
  );
  let server: LoopbackServer;

  beforeAll(async () => {
    server = await listenOnLoopback(fakeGenesysListener({ genesys, faults: new GenesysFaults(), accessKey: 'key' }), 0);
  });

  afterAll(() => server.close());

  async function tell(line: string): Promise<void> {
    const request = read(line);
    if (request.kind !== 'tell') throw new Error(`${line} sends nothing`);
    const body = JSON.stringify(request.body);
    const headers = { 'content-type': 'application/json', 'x-access-key': 'key' };
    const { status } = await fetch(`${server.url}/_genesys/${request.path}`, { method: 'POST', headers, body });
    expect(status).toBe(200);
  }

  async function statusOfStreams(): Promise<number> {
    const { body } = genesys.issueToken(`Basic ${btoa('id:secret')}`, 'grant_type=client_credentials');
    const authorization = `Bearer ${(body as { readonly access_token: string }).access_token}`;
    return (await fetch(`${server.url}/api/v2/eventbridge/streams`, { headers: { authorization } })).status;
  }

  it.each([
    ['fail 500', 500],
    ['throttle', 429],
    ['forbid eventbridge:stream:view', 403],
  ])('“%s” answers %i until it is told “up”', async (line, status) => {
    await tell(line);
    expect(await statusOfStreams()).toBe(status);
    await tell('up');
    expect(await statusOfStreams()).toBe(200);
  });
});

describe('the fake’s rules of misbehaviour', () => {
  it('apply to what they name, so often as they say', () => {
    const faults = new GenesysFaults();
    faults.set({
      rules: [
        { method: 'PUT', path: '/api', times: 1, status: 500 },
        { path: '/oauth', status: 429 },
      ],
    });
    expect(faults.next('GET', '/api/v2/x')).toBeUndefined();
    expect(faults.next('PUT', '/api/v2/x')?.status).toBe(500);
    expect(faults.next('PUT', '/api/v2/x')).toBeUndefined();
    expect(faults.next('POST', '/oauth/token')?.status).toBe(429);
    expect(faults.set({ rules: [{ status: 'x' }] })).toMatch(/rules\.0\.status/);
  });
});
