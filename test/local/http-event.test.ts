import { describe, expect, it } from '@jest/globals';
import { type HttpRequest, toHttpEvent, toHttpResponse } from '../../local/api-gateway/http-event.ts';
import { matchRoute } from '../../local/api-gateway/http-routes.ts';
import { Throttle } from '../../local/api-gateway/throttle.ts';

const ROUTE = { key: 'POST /hook', pathParameters: {} };

function request(changes: Partial<HttpRequest>): HttpRequest {
  return {
    method: 'POST',
    target: '/hook',
    headers: { host: 'localhost:3000', 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    sourceIp: '127.0.0.1',
    requestId: 'r1',
    receivedAtMs: Date.UTC(2026, 10, 24, 2, 40, 41),
    ...changes,
  };
}

describe('a request as an event', () => {
  it('has the form of payload format 2.0', () => {
    const event = toHttpEvent(request({ target: '/hook?a=1&a=2&b=%20' }), ROUTE);
    expect(event).toMatchObject({
      version: '2.0',
      routeKey: 'POST /hook',
      rawPath: '/hook',
      rawQueryString: 'a=1&a=2&b=%20',
      queryStringParameters: { a: '1,2', b: ' ' },
      body: '{}',
      isBase64Encoded: false,
      requestContext: {
        http: { method: 'POST', path: '/hook', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1' },
        requestId: 'r1',
        time: '24/Nov/2026:02:40:41 +0000',
        timeEpoch: Date.UTC(2026, 10, 24, 2, 40, 41),
      },
    });
  });

  it('takes parameters by any name, those that every object has too', () => {
    const { queryStringParameters } = toHttpEvent(request({ target: '/hook?constructor=1&__proto__=2' }), ROUTE);
    expect(Object.entries(queryStringParameters ?? {})).toEqual([
      ['constructor', '1'],
      ['__proto__', '2'],
    ]);
  });

  it('keeps cookies apart from the headers', () => {
    const event = toHttpEvent(request({ headers: { cookie: 'a=1; b=2', 'x-a': '1, 2' } }), ROUTE);
    expect(event.cookies).toEqual(['a=1', 'b=2']);
    expect(event.headers).toEqual({ 'x-a': '1, 2' });
  });

  it.each([
    ['application/json', Buffer.from('{"a":"ü"}'), false],
    ['application/json; charset=utf-8', Buffer.from('{}'), false],
    ['text/plain', Buffer.from('x'), false],
    ['text/plain', Buffer.from([0xff, 0xfe]), true],
    ['application/octet-stream', Buffer.from('x'), true],
    [undefined, Buffer.from('x'), true],
  ])('carries every byte of %s', (type, body, isBase64Encoded) => {
    const event = toHttpEvent(request({ body, headers: type === undefined ? {} : { 'content-type': type } }), ROUTE);
    expect(event.isBase64Encoded).toBe(isBase64Encoded);
    expect(Buffer.from(event.body ?? '', isBase64Encoded ? 'base64' : 'utf8')).toEqual(body);
  });

  it('has no body if the request has none', () => {
    expect(toHttpEvent(request({ body: Buffer.alloc(0) }), ROUTE)).not.toHaveProperty('body');
  });
});

describe('a function’s answer as a response', () => {
  it('is taken as it is', () => {
    const value = { statusCode: 202, headers: { 'X-A': 1 }, body: 'aGk=', isBase64Encoded: true, cookies: ['a=1'] };
    expect(toHttpResponse({ kind: 'returned', value })).toEqual({
      status: 202,
      headers: { 'x-a': '1', 'set-cookie': ['a=1'] },
      body: Buffer.from('hi'),
    });
  });

  it('is the JSON body of a 200 where it has no status', () => {
    expect(toHttpResponse({ kind: 'returned', value: { a: 1 } })).toMatchObject({ status: 200, body: '{"a":1}' });
  });

  it.each([
    [{ kind: 'failed', errorType: 'Error', errorMessage: 'secret detail' } as const],
    [{ kind: 'returned', value: { statusCode: 'x' } } as const],
    [{ kind: 'returned', value: { statusCode: 200, body: { a: 1 } } } as const],
  ])('is a 500 without details if it failed or cannot be sent', (result) => {
    expect(toHttpResponse(result)).toMatchObject({ status: 500, body: '{"message":"Internal Server Error"}' });
  });
});

describe('routes', () => {
  const routes = ['$default', 'ANY /a/{rest+}', 'GET /a/{id}', 'GET /a/b'].map((key) => ({ key, functionArn: key }));

  it.each([
    ['GET', '/a/b', 'GET /a/b', {}],
    ['GET', '/a/c%20d', 'GET /a/{id}', { id: 'c d' }],
    ['POST', '/a/c/d', 'ANY /a/{rest+}', { rest: 'c/d' }],
    ['GET', '/other', '$default', {}],
  ])('%s %s takes the most specific', (method, path, key, pathParameters) => {
    expect(matchRoute(routes, method, path)).toMatchObject({ route: { key }, pathParameters });
  });

  it('are not found where none fits', () => {
    expect(matchRoute([{ key: 'POST /hook', functionArn: '' }], 'GET', '/hook')).toBeUndefined();
    expect(matchRoute([{ key: 'POST /hook', functionArn: '' }], 'POST', '/hook/')).toBeUndefined();
  });
});

describe('the throttle', () => {
  it('lets a burst through, and then the rate', () => {
    const throttle = new Throttle({ ratePerSecond: 10, burst: 2 }, 0);
    expect([0, 0, 0].map((nowMs) => throttle.admits(nowMs))).toEqual([true, true, false]);
    expect([100, 100].map((nowMs) => throttle.admits(nowMs))).toEqual([true, false]);
    expect([10_000, 10_000, 10_000].map((nowMs) => throttle.admits(nowMs))).toEqual([true, true, false]);
  });
});
