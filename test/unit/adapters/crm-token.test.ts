import { generateKeyPairSync, verify } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { mockClient } from 'aws-sdk-client-mock';
import { SecretsManagerCrmToken } from '../../../lambdas/adapters/crm-token.secrets-manager.ts';
import { HttpTokenEndpoint } from '../../../lambdas/adapters/token-endpoint.http.ts';
import type { TokenDefaults } from '../../../lambdas/domain/crm/connector.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { MemoryLog } from '../../harness/fakes/log.memory.ts';

const secretsManager = mockClient(SecretsManagerClient);
const CACHED = { fresh: false, budgetMs: 5_000 };
const FRESH = { fresh: true, budgetMs: 5_000 };
const CLIENT = { type: 'oauth-client-credentials', clientId: 'id', clientSecret: 's3cret' };

function reader(token: TokenDefaults = {}, baseUrl = 'https://crm.example.com') {
  const clock = { nowMs: 0, now: () => clock.nowMs };
  const source = { secretArn: 'arn', placeholder: 'PLACEHOLDER', baseUrl, token };
  const client = new SecretsManagerClient({});
  const log = new MemoryLog();
  return {
    clock,
    log,
    token: new SecretsManagerCrmToken(client, source, new HttpTokenEndpoint(), clock, log, DEFAULT_LIMITS),
  };
}

/** The secret's value; a PutSecretValue changes it. */
function holds(value: string | object): void {
  secretsManager.reset();
  let current = typeof value === 'string' ? value : JSON.stringify(value);
  secretsManager.on(GetSecretValueCommand, { SecretId: 'arn' }).callsFake(() => ({ SecretString: current }));
  secretsManager.on(PutSecretValueCommand, { SecretId: 'arn' }).callsFake((input: { SecretString: string }) => {
    current = input.SecretString;
    return {};
  });
}

interface SeenRequest {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A token endpoint that answers each request as `answer` says. */
async function withEndpoint(
  answer: (request: SeenRequest, count: number) => { readonly status: number; readonly body: unknown },
  use: (url: string, seen: readonly SeenRequest[]) => Promise<void>,
): Promise<void> {
  const seen: SeenRequest[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    seen.push({ url: request.url, headers: request.headers, body });
    const given = answer(seen[seen.length - 1] as SeenRequest, seen.length);
    response.writeHead(given.status).end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const issues = (count: number, rest = {}) => ({ status: 200, body: { access_token: `t${count}`, ...rest } });

describe('the CRM token in Secrets Manager', () => {
  beforeEach(() => holds('one'));

  it('is read once in five minutes, unless a fresh one is asked for', async () => {
    const { token, clock } = reader();
    expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 'one' });
    holds('two\n');
    clock.nowMs = 299_999;
    expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 'one' });
    expect(await token.read(FRESH)).toEqual({ kind: 'token', token: 'two' });
  });

  it('is missing as long as the secret holds the placeholder', async () => {
    holds('PLACEHOLDER');
    expect(await reader().token.read(CACHED)).toEqual({
      kind: 'unavailable',
      cause: 'the CRM credentials have not been put into their secret yet',
    });
  });

  it.each(['', 'two words', 'line\nbreak', 'é'])('is missing if it cannot stand in a header: %j', async (text) => {
    holds(text);
    expect(await reader().token.read(CACHED)).toEqual({
      kind: 'unavailable',
      cause: 'the CRM credentials are neither a JSON object nor a token that can stand in a header',
    });
  });

  it('goes on with the one it knew while Secrets Manager is unreachable, and never names it', async () => {
    const { token } = reader();
    await token.read(CACHED);
    secretsManager.reset();
    secretsManager.on(GetSecretValueCommand).rejects(Object.assign(new Error('one'), { name: 'TimeoutError' }));
    expect(await token.read(FRESH)).toEqual({ kind: 'token', token: 'one' });
    expect(await reader().token.read(CACHED)).toEqual({
      kind: 'unavailable',
      cause: 'the CRM credentials cannot be read: timeout',
    });
  });
});

describe('credentials that need no exchange', () => {
  it.each([
    [{ type: 'bearer', token: 'b' }, { token: 'b' }],
    [
      { type: 'basic', username: 'me@example.com/token', password: 'pä' },
      {
        token: 'bWVAZXhhbXBsZS5jb20vdG9rZW46cMOk',
        header: { name: 'authorization', value: 'Basic bWVAZXhhbXBsZS5jb20vdG9rZW46cMOk' },
      },
    ],
    [
      { type: 'header', name: 'X-Api-Key', value: 'k 1' },
      { token: 'k 1', header: { name: 'x-api-key', value: 'k 1' } },
    ],
  ])('are used as they are: %j', async (credentials, access) => {
    holds(credentials);
    expect(await reader().token.read(CACHED)).toEqual({ kind: 'token', ...access });
  });

  it.each([
    ['{"type":"bearer"', 'are not JSON'],
    [{ type: 'magic' }, 'have a wrong field: type: must be one of bearer, basic, header, '],
    [{ token: 'x' }, 'have a wrong field: type: must be one of bearer, basic, header, '],
    [{ type: 'bearer', token: 7 }, 'have a wrong field: token: must be a text of 1 to 16384 characters'],
    [{ type: 'bearer', token: 'sé cret' }, 'have a wrong field: token: must have visible ASCII characters only'],
    [
      { type: 'bearer', token: 'x', tokn: 'secret' },
      'have a wrong field: bearer: has unknown fields: tokn (it takes type, token,',
    ],
    [{ ...CLIENT, clientSecret: '' }, 'have a wrong field: clientSecret: must be a text of 1 to 16384 characters'],
    [{ ...CLIENT, tokenUrl: 'http://login.example.com' }, 'have a wrong field: tokenUrl: must be an https URL'],
    [{ ...CLIENT, clientCertificate: 'x' }, 'have a wrong field: clientCertificate: must be PEM text'],
    [
      { type: 'salesforce-jwt', clientId: 'c', username: 'u', privateKey: 'k' },
      'have a wrong field: privateKey: must be PEM text',
    ],
  ])('are refused by the name of the field, never with its value: %j', async (credentials, problem) => {
    holds(credentials);
    const read = await reader().token.read(CACHED);
    expect(read).toEqual({ kind: 'unavailable', cause: expect.stringContaining(`the CRM credentials ${problem}`) });
    expect(JSON.stringify(read)).not.toMatch(/secret"|sé cret|login\.example/);
  });
});

describe('client credentials', () => {
  it('are exchanged once for concurrent callers, and again before the token expires', async () => {
    await withEndpoint(
      (_request, count) => issues(count, { expires_in: 1_800 }),
      async (url, seen) => {
        holds({ ...CLIENT, tokenUrl: `${url}/token`, scope: 'a b', parameters: { audience: 'x' } });
        const { token, clock } = reader();
        const reads = await Promise.all([1, 2, 3].map(() => token.read(CACHED)));
        expect(reads).toEqual(Array(3).fill({ kind: 'token', token: 't1' }));
        expect(seen).toMatchObject([
          {
            url: '/token',
            headers: { 'content-type': 'application/x-www-form-urlencoded' },
            body: 'grant_type=client_credentials&client_id=id&client_secret=s3cret&scope=a+b&audience=x',
          },
        ]);
        clock.nowMs = 1_739_999;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        clock.nowMs = 1_740_000;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't2' });
      },
    );
  });

  it('are exchanged again when the CRM refuses the token, but not over and over', async () => {
    await withEndpoint(
      (_request, count) => issues(count),
      async (url, seen) => {
        holds({ ...CLIENT, tokenUrl: url });
        const { token, clock } = reader();
        await token.read(CACHED);
        clock.nowMs = 86_400_000;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        const refused = await Promise.all([1, 2, 3].map(() => token.read(FRESH)));
        expect(refused).toEqual(Array(3).fill({ kind: 'token', token: 't2' }));
        expect(await token.read(FRESH)).toEqual({ kind: 'token', token: 't2' });
        expect(seen).toHaveLength(2);
      },
    );
  });

  it('go as JSON, or in a Basic header, to the path and with the scope that the CRM has by default', async () => {
    await withEndpoint(
      () => ({ status: 201, body: { access_token: 't', instance_url: 'https://acme.my.salesforce.com' } }),
      async (url, seen) => {
        const defaults: TokenDefaults = {
          path: '/oauth/tokens',
          format: 'json',
          scope: (baseUrl) => `${baseUrl}/.default`,
          baseUrlMember: 'instance_url',
        };
        holds(CLIENT);
        expect(await reader(defaults, url).token.read(CACHED)).toEqual({
          kind: 'token',
          token: 't',
          baseUrl: 'https://acme.my.salesforce.com',
        });
        holds({ ...CLIENT, clientIn: 'basic', clientSecret: 'a:b', format: 'form', scope: 's' });
        await reader(defaults, url).token.read(CACHED);
        expect(seen).toMatchObject([
          {
            url: '/oauth/tokens',
            headers: { 'content-type': 'application/json' },
            body: `{"grant_type":"client_credentials","client_id":"id","client_secret":"s3cret","scope":"${url}/.default"}`,
          },
          { headers: { authorization: 'Basic aWQ6YSUzQWI=' }, body: 'grant_type=client_credentials&scope=s' },
        ]);
      },
    );
  });

  it('need a token URL where the CRM has none by default', async () => {
    holds(CLIENT);
    expect(await reader().token.read(CACHED)).toEqual({
      kind: 'unavailable',
      cause: 'the CRM credentials have a wrong field: tokenUrl: is required for this CRM',
    });
  });

  it('are named in the error with the endpoint’s words, without the secret', async () => {
    await withEndpoint(
      () => ({ status: 400, body: { error: 'invalid_grant', error_description: 'request not supported: s3cret' } }),
      async (url) => {
        holds({ ...CLIENT, tokenUrl: url });
        expect(await reader().token.read(CACHED)).toEqual({
          kind: 'unavailable',
          cause: 'the token endpoint answered HTTP 400: invalid_grant: request not supported: [secret]',
        });
      },
    );
  });

  it.each([500, 503, 429])('are not to blame where the token endpoint answers %d', async (status) => {
    await withEndpoint(
      () => ({ status, body: {} }),
      async (url) => {
        holds({ ...CLIENT, tokenUrl: url });
        const cause = `the token endpoint answered HTTP ${status}`;
        expect(await reader().token.read(CACHED)).toEqual({ kind: 'unavailable', cause, isTokenOutage: true });
      },
    );
  });

  it('are not to blame where the token endpoint cannot be reached', async () => {
    holds({ ...CLIENT, tokenUrl: 'http://127.0.0.1:1' });
    expect(await reader().token.read(CACHED)).toMatchObject({
      cause: expect.stringContaining('the token endpoint cannot be reached: '),
      isTokenOutage: true,
    });
  });

  it.each([
    ['<html>', 'the token endpoint answered HTTP 200 without an access_token'],
    [{ access_token: 'two words' }, 'the token endpoint answered HTTP 200 without an access_token'],
  ])('get no token from a response like %j', async (body, cause) => {
    await withEndpoint(
      () => ({ status: 200, body }),
      async (url) => {
        holds({ ...CLIENT, tokenUrl: url });
        expect(await reader().token.read(CACHED)).toEqual({ kind: 'unavailable', cause });
      },
    );
  });

  it('are read again and tried once more where they are refused and the secret has changed', async () => {
    await withEndpoint(
      ({ body }) => (body.includes('new') ? issues(1) : { status: 401, body: { error: 'invalid_client' } }),
      async (url) => {
        holds({ ...CLIENT, tokenUrl: url });
        const { token } = reader();
        expect(await token.read(CACHED)).toMatchObject({ kind: 'unavailable' });
        holds({ ...CLIENT, tokenUrl: url, clientSecret: 'new' });
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
      },
    );
  });

  it('keep the token they had while the endpoint is away, without asking it with each call', async () => {
    let isUp = true;
    await withEndpoint(
      () => (isUp ? issues(1, { expires_in: 1_800 }) : { status: 503, body: '' }),
      async (url, seen) => {
        holds({ ...CLIENT, tokenUrl: url });
        const { token, clock } = reader();
        await token.read(CACHED);
        isUp = false;
        clock.nowMs = 1_750_000;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        expect(seen).toHaveLength(2);
      },
    );
  });
});

describe('a refresh token', () => {
  it('is stored when the endpoint rotates it, and used next time', async () => {
    await withEndpoint(
      (_request, count) => issues(count, { refresh_token: `r${count}`, expires_in: 1_800 }),
      async (url, seen) => {
        const credentials = { ...CLIENT, type: 'oauth-refresh-token', tokenUrl: url, refreshToken: 'r0' };
        holds(credentials);
        const { token, clock } = reader();
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        const [put] = secretsManager.commandCalls(PutSecretValueCommand);
        expect(JSON.parse(put?.args[0].input.SecretString ?? '')).toEqual({ ...credentials, refreshToken: 'r1' });
        clock.nowMs = 1_800_000;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't2' });
        expect(seen.map(({ body }) => body)).toEqual([
          'grant_type=refresh_token&refresh_token=r0&client_id=id&client_secret=s3cret',
          'grant_type=refresh_token&refresh_token=r1&client_id=id&client_secret=s3cret',
        ]);
      },
    );
  });

  it('that another environment has rotated is read from the secret', async () => {
    await withEndpoint(
      ({ body }, count) => (body.includes('=r1&') ? issues(count) : { status: 400, body: { error: 'invalid_grant' } }),
      async (url) => {
        const credentials = { ...CLIENT, type: 'oauth-refresh-token', tokenUrl: url, refreshToken: 'r0' };
        let reads = 0;
        secretsManager.on(GetSecretValueCommand).callsFake(() => {
          reads += 1;
          return { SecretString: JSON.stringify({ ...credentials, refreshToken: reads === 1 ? 'r0' : 'r1' }) };
        });
        expect(await reader().token.read(CACHED)).toEqual({ kind: 'token', token: 't2' });
      },
    );
  });

  it('that could not be stored is kept, reported, and stored later', async () => {
    await withEndpoint(
      (_request, count) => issues(count, { refresh_token: 'r1', expires_in: 1_800 }),
      async (url, seen) => {
        holds({ ...CLIENT, type: 'oauth-refresh-token', tokenUrl: url, refreshToken: 'r0' });
        secretsManager.on(PutSecretValueCommand).rejectsOnce(new Error('s3cret r1')).resolves({});
        const { token, clock, log } = reader();
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        expect(log.entries).toMatchObject([
          {
            level: 'error',
            message: 'the rotated refresh token of the CRM could not be stored',
            details: { cause: 'Error' },
          },
        ]);
        clock.nowMs = 1_800_000;
        await token.read(CACHED);
        expect(seen[1]?.body).toContain('refresh_token=r1&');
        expect(secretsManager.commandCalls(PutSecretValueCommand)).toHaveLength(2);
        expect(JSON.stringify(log.entries)).not.toContain('r1');
      },
    );
  });
});

describe('a Salesforce JWT', () => {
  it('is signed by the private key for three minutes', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
    await withEndpoint(
      (_request, count) => issues(count),
      async (url, seen) => {
        const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
        holds({ type: 'salesforce-jwt', clientId: 'c', username: 'u@example.com', privateKey: pem });
        const { token, clock } = reader({ path: '/services/oauth2/token' }, url);
        clock.nowMs = 1_000_000;
        expect(await token.read(CACHED)).toEqual({ kind: 'token', token: 't1' });
        const sent = new URLSearchParams(seen[0]?.body);
        expect([seen[0]?.url, sent.get('grant_type')]).toEqual([
          '/services/oauth2/token',
          'urn:ietf:params:oauth:grant-type:jwt-bearer',
        ]);
        const [head = '', claims = '', signature = ''] = (sent.get('assertion') ?? '').split('.');
        expect([head, claims].map((part) => JSON.parse(Buffer.from(part, 'base64url').toString()))).toEqual([
          { alg: 'RS256', typ: 'JWT' },
          { iss: 'c', sub: 'u@example.com', aud: 'https://login.salesforce.com', exp: 1_180 },
        ]);
        const signed = Buffer.from(`${head}.${claims}`);
        expect(verify('sha256', signed, publicKey, Buffer.from(signature, 'base64url'))).toBe(true);
      },
    );
  });
});
