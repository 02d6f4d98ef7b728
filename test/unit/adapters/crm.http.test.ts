import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { type CrmTarget, HttpCrm } from '../../../lambdas/adapters/crm.http.ts';
import { NodeHttpTransport } from '../../../lambdas/adapters/crm-transport.node-http.ts';
import { hubspot } from '../../../lambdas/connectors/hubspot/connector.ts';
import { rest } from '../../../lambdas/connectors/rest/connector.ts';
import { settingsFor } from '../../../lambdas/domain/crm/connector.ts';
import { type CrmResponse, classify } from '../../../lambdas/domain/crm/crm-outcome.ts';
import type { CrmToken, TransportResult } from '../../../lambdas/ports.ts';
import { CALL as LOGGED_CALL } from '../../harness/sample-actions.ts';

const ACTION = { kind: 'request', method: 'POST', path: '/api/v1/contacts', body: { phone: '+1é' } } as const;
const CALL = { idempotencyKey: 'e-1', budgetMs: 5_000, freshToken: false };
const TOKEN: CrmToken = { read: async ({ fresh }) => ({ kind: 'token', token: fresh ? 'new-token' : 'token-1' }) };

function target(baseUrl: string): CrmTarget {
  return { baseUrl, connector: rest, settings: settingsFor(rest, {}), responseRules: [] };
}

async function listening<S extends Server | TcpServer>(server: S): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function withServer(listener: RequestListener, use: (baseUrl: string) => Promise<void>): Promise<void> {
  const server = createServer(listener);
  try {
    await use(await listening(server));
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Calls a CRM that answers as `listener` does. */
async function against(listener: RequestListener, use: (crm: HttpCrm) => Promise<void>, basePath = ''): Promise<void> {
  await withServer(listener, (baseUrl) =>
    use(new HttpCrm(target(baseUrl + basePath), TOKEN, { now: () => Date.now() }, new NodeHttpTransport())),
  );
}

function hubspotAt(baseUrl: string): CrmTarget {
  return { baseUrl, connector: hubspot, settings: settingsFor(hubspot, {}), responseRules: [] };
}

async function answerOf(listener: RequestListener, budgetMs = 5_000): Promise<CrmResponse> {
  let answer: CrmResponse | undefined;
  await against(listener, async (crm) => {
    answer = await crm.deliver(ACTION, { ...CALL, budgetMs });
  });
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

describe('the CRM over HTTP', () => {
  it('is sent the command, the token and the idempotency key, under the base URL’s own path', async () => {
    const seen: { url?: string; method?: string; body?: string; headers?: IncomingHttpHeaders } = {};
    const listener: RequestListener = async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      Object.assign(seen, {
        url: request.url,
        method: request.method,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      });
      response.writeHead(201).end('{"id":1}');
    };
    await against(
      listener,
      async (crm) => {
        expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'answered', status: 201, excerpt: '{"id":1}' });
      },
      '/tenant/',
    );
    expect([seen.method, seen.url, seen.body]).toEqual(['POST', '/tenant/api/v1/contacts', '{"phone":"+1é"}']);
    expect(seen.headers).toMatchObject({
      authorization: 'Bearer token-1',
      'idempotency-key': 'e-1',
      'content-type': 'application/json',
      'content-length': '16',
    });
  });

  it('refreshes the token if asked to', async () => {
    let authorization: string | undefined;
    await against(
      (request, response) => {
        authorization = request.headers.authorization;
        response.end();
      },
      async (crm) => void (await crm.deliver(ACTION, { ...CALL, freshToken: true })),
    );
    expect(authorization).toBe('Bearer new-token');
  });

  it('keeps in mind that a request was repeated whose response is not HTTP', async () => {
    const results: TransportResult[] = [{ kind: 'stale_connection' }, { kind: 'unreadable', cause: 'HPE' }];
    const transport = { send: async () => results.shift() as TransportResult };
    const crm = new HttpCrm(target('http://crm'), TOKEN, { now: () => 0 }, transport);
    expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'unreadable', cause: 'HPE', isRepeated: true });
  });

  it('makes no call without a token', async () => {
    const crm = new HttpCrm(
      target('http://127.0.0.1:1'),
      { read: async () => ({ kind: 'unavailable', cause: 'none yet' }) },
      { now: () => 0 },
      new NodeHttpTransport(),
    );
    expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'no_token', cause: 'none yet' });
  });

  it('gives status, Retry-After and an excerpt on one line, never the token', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(429, { 'retry-after': '7' }).end(`no\n\u001b[31m \u0000Bearer token-1 ${'x'.repeat(1_000)}`);
    });
    expect(answer).toMatchObject({ kind: 'answered', status: 429, retryAfter: '7' });
    expect(answer).toHaveProperty('excerpt', `no [31m Bearer [token] ${'x'.repeat(277)}`);
  });

  it('cuts the excerpt between characters: half a surrogate pair could not be stored', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(422).end(`${'x'.repeat(299)}😀`);
    });
    expect(answer).toEqual({ kind: 'answered', status: 422, excerpt: 'x'.repeat(299) });
  });

  it('does not wait for ever for a CRM that answers by another protocol', async () => {
    const answer = await answerOf((_request, response) => {
      response.socket?.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n');
    });
    expect(answer).toEqual({ kind: 'answered', status: 101, excerpt: '' });
  });

  it('follows no redirect', async () => {
    let calls = 0;
    const answer = await answerOf((_request, response) => {
      calls += 1;
      response.writeHead(302, { location: '/login' }).end();
    });
    expect([answer, calls]).toEqual([{ kind: 'answered', status: 302, excerpt: '' }, 1]);
  });

  it('does not know whether a call that is not answered in time was applied', async () => {
    expect(await answerOf(() => undefined, 1_000)).toEqual({ kind: 'unknown', cause: 'timeout' });
  });

  it('keeps the status of an answer whose body does not end within the budget', async () => {
    const answer = await answerOf((_request, response) => void response.writeHead(200).write('{'), 2_000);
    expect(answer).toEqual({ kind: 'answered', status: 200, excerpt: '{' });
  });

  it.each([
    ['is shorter than announced', 'HTTP/1.1 422 Nope\r\ncontent-length: 90\r\n\r\nno such field', 422, 'no such field'],
    ['lacks its last chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n', 200, 'abc'],
    ['comes with a 204', 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nextra', 204, ''],
  ])('keeps the status of an answer whose body %s', async (_name, text, status, excerpt) => {
    const answer = await answerOf((_request, response) => void response.socket?.end(text));
    expect(answer).toEqual({ kind: 'answered', status, excerpt });
  });

  it('takes headers of 20 kB', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(200, { 'x-policy': 'x'.repeat(20_000) }).end();
    });
    expect(answer).toEqual({ kind: 'answered', status: 200, excerpt: '' });
  });

  it.each([
    ['gzip', gzipSync('é is invalid')],
    ['deflate', deflateSync('é is invalid')],
    ['br', brotliCompressSync('é is invalid')],
    ['gzip, br', brotliCompressSync(gzipSync('é is invalid'))],
    ['identity', Buffer.from('é is invalid')],
    ['unheard-of', Buffer.from('é is invalid')],
  ])('decodes a body by its Content-Encoding: %s', async (encoding, body) => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(422, { 'content-encoding': encoding }).end(body);
    });
    expect(answer).toEqual({ kind: 'answered', status: 422, excerpt: 'é is invalid' });
  });

  it.each([
    ['text/plain; charset=iso-8859-1', Buffer.from('é is invalid', 'latin1')],
    ['application/json;charset="UTF-16LE"', Buffer.from('é is invalid', 'utf16le')],
    ['text/plain; charset=klingon', Buffer.from('é is invalid')],
  ])('decodes a body by its charset: %s', async (type, body) => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(422, { 'content-type': type }).end(body);
    });
    expect(answer).toHaveProperty('excerpt', 'é is invalid');
  });

  it('keeps the status of a body that cannot be decoded, or that decodes to more than fits', async () => {
    const broken = await answerOf((_request, response) => {
      response.writeHead(422, { 'content-encoding': 'gzip' }).end('no gzip');
    });
    expect(broken).toEqual({ kind: 'answered', status: 422, excerpt: '' });
    const bomb = await answerOf((_request, response) => {
      response.writeHead(422, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(50_000_000, 'x')));
    });
    expect(bomb).toEqual({ kind: 'answered', status: 422, excerpt: 'x'.repeat(300) });
  });

  it('names a response that is not HTTP as such', async () => {
    const answer = await answerOf((_request, response) => void response.socket?.end('SSH-2.0-OpenSSH_9.9\r\n'));
    expect(answer).toEqual({ kind: 'unreadable', cause: 'HPE_INVALID_CONSTANT' });
  });

  it('sends the requests of a connector one after another, each with the credentials, within one budget', async () => {
    const seen: string[] = [];
    const listener: RequestListener = (request, response) => {
      seen.push(
        `${request.method} ${request.url} ${request.headers.authorization} ${request.headers['content-length']}`,
      );
      const body = request.url?.includes('associations') ? {} : { results: [{ id: String(seen.length) }] };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    await withServer(listener, async (baseUrl) => {
      const crm = new HttpCrm(hubspotAt(baseUrl), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
      expect(classify(await crm.deliver(LOGGED_CALL, CALL))).toEqual({ kind: 'success' });
    });
    expect(seen).toEqual([
      'POST /crm/objects/2026-09/contacts/batch/upsert Bearer token-1 97',
      expect.stringContaining('POST /crm/objects/2026-09/calls/batch/upsert Bearer token-1'),
      'PUT /crm/objects/2026-09/calls/2/associations/default/contacts/1 Bearer token-1 0',
    ]);
  });

  it('does not know the effect of an action of which only the first request was answered in time', async () => {
    let requests = 0;
    const listener: RequestListener = (_request, response) => {
      requests += 1;
      if (requests === 1) response.end('{"results":[{"id":"1"}]}');
    };
    await withServer(listener, async (baseUrl) => {
      const crm = new HttpCrm(hubspotAt(baseUrl), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
      const answer = await crm.deliver(LOGGED_CALL, { ...CALL, budgetMs: 1_500 });
      expect(answer).toEqual({ kind: 'unknown', cause: 'timeout', isPartlyApplied: true });
    });
  });

  it('does not take a 207 whose body was cut off for a success', async () => {
    const whole = JSON.stringify({ status: 'COMPLETE', results: [], errors: [{ category: 'VALIDATION_ERROR' }] });
    const listener: RequestListener = (_request, response) => {
      response.writeHead(207, { 'content-type': 'application/json', 'content-length': whole.length });
      response.write(whole.slice(0, -20), () => response.destroy());
    };
    await withServer(listener, async (baseUrl) => {
      const crm = new HttpCrm(hubspotAt(baseUrl), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
      const answer = await crm.deliver({ kind: 'upsert-contact', key: 'p1', fields: { city: 'x' } }, CALL);
      expect(classify(answer)).toMatchObject({ kind: 'protocol_error', applied: 'unknown' });
    });
  });

  it('asks for admission before each request, and for half of what is left of the time at most', async () => {
    const order: string[] = [];
    const listener: RequestListener = (_request, response) => {
      order.push('request');
      response.end('{"results":[{"id":"1"}]}');
    };
    const beganAtMs = Date.now();
    const admit = async (latestMs: number) => {
      order.push(latestMs - beganAtMs > 4_000 && latestMs - beganAtMs < 6_000 ? 'admitted' : `until ${latestMs}`);
      return { kind: 'admitted' } as const;
    };
    await withServer(listener, async (baseUrl) => {
      const crm = new HttpCrm(hubspotAt(baseUrl), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
      await crm.deliver(LOGGED_CALL, { ...CALL, budgetMs: 10_000, admit });
    });
    expect(order).toEqual(['admitted', 'request', 'admitted', 'request', 'admitted', 'request']);
  });

  it.each([
    [1, { kind: 'over_rate', cause: 'full' }],
    [2, { kind: 'over_rate', cause: 'full', isPartlyApplied: true }],
  ])('does not send request %d if it is not admitted', async (refused, expected) => {
    let asked = 0;
    let requests = 0;
    const listener: RequestListener = (_request, response) => {
      requests += 1;
      response.end('{"results":[{"id":"1"}]}');
    };
    const admit = async () => {
      asked += 1;
      return asked < refused ? ({ kind: 'admitted' } as const) : ({ kind: 'unavailable', cause: 'full' } as const);
    };
    await withServer(listener, async (baseUrl) => {
      const crm = new HttpCrm(hubspotAt(baseUrl), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
      expect(await crm.deliver(LOGGED_CALL, { ...CALL, admit })).toEqual(expected);
    });
    expect(requests).toBe(refused - 1);
  });

  it('tries the rules of the mapping before those of the connector', async () => {
    await withServer(
      (_request, response) => void response.end('{"ok":false,"error":"busy"}'),
      async (baseUrl) => {
        const rule = { outcome: 'conflict', body: [{ pointer: '/error', value: 'busy' }] } as const;
        const crm = new HttpCrm(
          { ...target(baseUrl), responseRules: [rule] },
          TOKEN,
          { now: () => Date.now() },
          new NodeHttpTransport(),
        );
        expect(classify(await crm.deliver(ACTION, CALL))).toMatchObject({ kind: 'conflict', applied: 'unknown' });
      },
    );
  });

  it('calls with the header and at the address that the credentials name', async () => {
    let key: unknown;
    const listener: RequestListener = (request, response) => {
      key = [request.headers['x-api-key'], request.headers.authorization, request.url];
      response.end();
    };
    await withServer(listener, async (baseUrl) => {
      const header = { name: 'x-api-key', value: 'k' };
      const access = { kind: 'token', token: 'k', header, baseUrl: `${baseUrl}/instance` } as const;
      const crm = new HttpCrm(
        target('http://127.0.0.1:1'),
        { read: async () => access },
        { now: () => Date.now() },
        new NodeHttpTransport(),
      );
      expect(await crm.deliver(ACTION, CALL)).toMatchObject({ status: 200 });
    });
    expect(key).toEqual(['k', undefined, '/instance/api/v1/contacts']);
  });

  it('does not know either when the connection breaks under the call', async () => {
    expect(await answerOf((request) => void request.socket.destroy())).toEqual({
      kind: 'unknown',
      cause: 'ECONNRESET',
    });
  });

  it('gives up an answer that does not end, keeping its status', async () => {
    const answer = await answerOf((_request, response) => {
      response.writeHead(200).write('x'.repeat(300_000));
    });
    expect(answer).toMatchObject({ kind: 'answered', status: 200 });
  });

  it('knows that nothing was sent where nobody listens', async () => {
    const server = createServer();
    const url = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    const crm = new HttpCrm(target(url), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
    expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'not_sent', cause: 'ECONNREFUSED' });
  });

  it('keeps connections alive, and tries at once again over a new one where the CRM had closed it meanwhile', async () => {
    // Speaks HTTP by hand: answers the first request of the first connection, resets that
    // connection upon the second.
    let connections = 0;
    const sockets: Socket[] = [];
    const server = createTcpServer((socket) => {
      connections += 1;
      const resets = connections === 1;
      let requests = 0;
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', () => {
        requests += 1;
        if (resets && requests > 1) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
      });
    });
    try {
      const crm = new HttpCrm(
        target(await listening(server)),
        TOKEN,
        { now: () => Date.now() },
        new NodeHttpTransport(),
      );
      expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'answered', status: 200, excerpt: '' });
      expect(connections).toBe(1);
      expect(await crm.deliver(ACTION, CALL)).toEqual({
        kind: 'answered',
        status: 200,
        excerpt: '',
        isRepeated: true,
      });
      expect(connections).toBe(2);
    } finally {
      server.close();
      for (const socket of sockets) socket.destroy();
    }
  });

  it('does not call a retry over a closed connection “not sent” when nobody listens any more', async () => {
    const server = createTcpServer((socket) => {
      let requests = 0;
      socket.on('error', () => undefined);
      socket.on('data', () => {
        requests += 1;
        if (requests === 1) return void socket.write('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
        server.close();
        socket.resetAndDestroy();
      });
    });
    const crm = new HttpCrm(target(await listening(server)), TOKEN, { now: () => Date.now() }, new NodeHttpTransport());
    await crm.deliver(ACTION, CALL);
    expect(await crm.deliver(ACTION, CALL)).toEqual({ kind: 'unknown', cause: 'ECONNREFUSED' });
  });
});
