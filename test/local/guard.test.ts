import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GuardRules, guarded } from '../../local/http/guard.ts';
import { type LoopbackServer, listenOnLoopback } from '../../local/http/loopback.ts';

const SIGNED = 'AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0';
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

let rules: GuardRules;
let server: LoopbackServer;

beforeAll(async () => {
  server = await listenOnLoopback((request, response) => {
    guarded((_request, passed) => void passed.end(), rules)(request, response);
  }, 0);
});

afterAll(() => server.close());

function statusOf(headers: Readonly<Record<string, string>>): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(server.url, { method: 'POST', headers, agent: false }, (response: IncomingMessage) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.once('error', reject);
    request.end('x=1');
  });
}

describe('the guard with a key', () => {
  beforeAll(() => {
    rules = { accessKey: 'key' };
  });

  it.each([
    ['the key as AWS access key id', { authorization: SIGNED }, 200],
    ['a form of the query protocol that is signed with the key', { ...FORM, authorization: SIGNED }, 200],
    ['the key in its header', { 'x-access-key': 'key' }, 200],
    ['a typed address', { 'x-access-key': 'key', 'sec-fetch-site': 'none' }, 200],
    ['no key', {}, 403],
    ['another key', { authorization: SIGNED.replace('=key/', '=other/') }, 403],
    ['a beginning of the key', { 'x-access-key': 'ke' }, 403],
    ['the key as a bearer token', { authorization: 'Bearer key' }, 403],
    ['a form', { ...FORM, 'x-access-key': 'key' }, 403],
    ['plain text', { 'content-type': 'text/plain;charset=UTF-8', 'x-access-key': 'key' }, 403],
    ['the key from a web page', { 'x-access-key': 'key', origin: 'http://localhost:5173' }, 403],
    ['the key and another port', { 'x-access-key': 'key', host: 'localhost:1' }, 403],
    ['the key and another name', { 'x-access-key': 'key', host: 'evil.example' }, 403],
  ])('answers a request with %s', async (_what, headers, status) => {
    expect(await statusOf(headers)).toBe(status);
  });
});

describe('the guard of a server with pages', () => {
  beforeAll(() => {
    rules = { servesPages: true };
  });

  it('lets its own page send forms, and no other', async () => {
    expect(await statusOf({ ...FORM, origin: server.url, 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await statusOf({ ...FORM, origin: 'http://127.0.0.1:1' })).toBe(403);
    expect(await statusOf({ ...FORM, origin: `${server.url}.evil.example` })).toBe(403);
    expect(await statusOf({ ...FORM, 'sec-fetch-site': 'same-site' })).toBe(403);
  });
});
