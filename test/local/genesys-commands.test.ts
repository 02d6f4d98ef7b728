import { describe, expect, it } from '@jest/globals';
import { GenesysFaults } from '../../local/fake-genesys-faults.ts';
import { GENESYS_HELP, readGenesysRequest } from '../../local/genesys-commands.ts';

function read(line: string) {
  return readGenesysRequest(line.split(' ').filter((part) => part !== ''));
}

describe('npm run genesys', () => {
  it.each([
    ['', { kind: 'serve', port: 3_001, tellSecrets: false }],
    ['serve --port 0 --tell-secrets', { kind: 'serve', port: 0, tellSecrets: true }],
    ['send', { kind: 'tell', port: 3_001, path: 'send', body: { count: 100 } }],
    [
      'send 5 --rate 50 --port 3005',
      { kind: 'tell', port: 3_005, path: 'send', body: { count: 5, ratePerSecond: 50 } },
    ],
    ['expire', { kind: 'tell', port: 3_001, path: 'expire', body: {} }],
    ['forbid a b', { kind: 'tell', port: 3_001, path: 'forbid', body: { scopes: ['a', 'b'] } }],
    ['bus', { kind: 'tell', port: 3_001, path: 'bus', body: {} }],
    ['send --help', { kind: 'help' }],
  ])('understands “%s”', (line, request) => {
    expect(read(line)).toEqual(request);
  });

  it.each([
    ['up', []],
    ['fail', [{ status: 503 }]],
    ['fail 500 --times 2', [{ status: 500, times: 2 }]],
    ['throttle', [{ status: 429, retryAfter: '3' }]],
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
    ['fail 503 --for 3', /^Unknown option '--for'/],
    ['constructor', /^constructor: the fake Genesys Cloud knows/],
  ])('refuses “%s”', (line, message) => {
    expect(() => read(line)).toThrow(message);
  });

  it('explains each of its commands', () => {
    for (const name of ['serve', 'send', 'up', 'fail', 'throttle', 'expire', 'forbid', 'bus'])
      expect(GENESYS_HELP).toMatch(new RegExp(`^  ${name} `, 'm'));
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
