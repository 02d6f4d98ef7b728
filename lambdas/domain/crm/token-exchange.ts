/** OAuth: what a token endpoint is asked, and what its responses mean. Pure. */
import { sign } from 'node:crypto';
import { printable } from '../telemetry/redact.ts';
import type { TokenDefaults } from './connector.ts';
import type { OAuthCredentials } from './credentials.ts';
import { valuesAt } from './response-rules.ts';

/** A POST to a token endpoint. */
export interface TokenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Token that an endpoint issued. */
export interface IssuedToken {
  readonly kind: 'issued';
  readonly token: string;
  /** Absent where the endpoint does not say. */
  readonly lifetimeMs?: number;
  /** Absent if it is unchanged or missing. */
  readonly refreshToken?: string;
  readonly baseUrl?: string;
}

/**
 * The endpoint refuses the credentials, or answers what cannot be used. `cause` holds nothing
 * secret.
 */
export interface TokenRefused {
  readonly kind: 'refused';
  readonly cause: string;
}

/** Lifetime of an assertion. Salesforce accepts at most 3 minutes. */
const ASSERTION_MS = 180_000;

/** The request for a token; a text: what is missing from the credentials. */
export function tokenRequest(
  credentials: OAuthCredentials,
  { defaults, baseUrl, nowMs }: { readonly defaults: TokenDefaults; readonly baseUrl: string; readonly nowMs: number },
): TokenRequest | string {
  const url = credentials.tokenUrl ?? (defaults.path === undefined ? undefined : at(baseUrl, defaults.path));
  if (url === undefined) return 'have a wrong field: tokenUrl: is required for this CRM';
  if (credentials.type === 'salesforce-jwt') {
    const grant = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assertion(credentials, nowMs),
    };
    return { url, ...encoded('form', grant) };
  }
  const { clientId, clientSecret, clientIn = 'body', parameters, format = defaults.format ?? 'form' } = credentials;
  const scope = credentials.scope ?? defaults.scope?.(baseUrl);
  const fields = {
    ...(credentials.type === 'oauth-refresh-token'
      ? { grant_type: 'refresh_token', refresh_token: credentials.refreshToken }
      : { grant_type: 'client_credentials' }),
    ...(clientIn === 'body' ? { client_id: clientId, client_secret: clientSecret } : {}),
    ...(scope === undefined ? {} : { scope }),
    ...parameters,
  };
  const { headers, body } = encoded(format, fields);
  if (clientIn === 'body') return { url, headers, body };
  // RFC 6749, section 2.3.1: form-encoded first.
  const basic = Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`).toString('base64');
  return { url, headers: { ...headers, authorization: `Basic ${basic}` }, body };
}

/** Reads the endpoint's response. `body` is undefined if it was not JSON. */
export function readTokenResponse(
  status: number,
  body: unknown,
  credentials: OAuthCredentials,
  { baseUrlMember }: TokenDefaults,
): IssuedToken | TokenRefused {
  if (status !== 200 && status !== 201) return { kind: 'refused', cause: refusal(status, body, credentials) };
  const [token] = valuesAt(body, '/access_token');
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token))
    return { kind: 'refused', cause: `the token endpoint answered HTTP ${status} without an access_token` };
  const lifetimeMs = Number(valuesAt(body, '/expires_in')[0]) * 1_000;
  const [refreshToken] = valuesAt(body, '/refresh_token');
  const [baseUrl] = baseUrlMember === undefined ? [] : valuesAt(body, `/${baseUrlMember}`);
  const isRotated = credentials.type === 'oauth-refresh-token' && refreshToken !== credentials.refreshToken;
  return {
    kind: 'issued',
    token,
    ...(lifetimeMs > 0 && Number.isFinite(lifetimeMs) ? { lifetimeMs } : {}),
    ...(isRotated && typeof refreshToken === 'string' && refreshToken !== '' ? { refreshToken } : {}),
    ...(typeof baseUrl === 'string' && /^https?:/.test(baseUrl) && URL.canParse(baseUrl) ? { baseUrl } : {}),
  };
}

/** OAuth's error code and its words, without anything secret that they may quote. */
function refusal(status: number, body: unknown, credentials: OAuthCredentials): string {
  const said = ['/error', '/error_description', '/message'].flatMap((pointer) => valuesAt(body, pointer));
  const words = said.filter((value) => typeof value === 'string').join(': ');
  const secrets = Object.entries(credentials).flatMap(([name, value]) =>
    ['clientSecret', 'refreshToken', 'privateKey', 'clientKey'].includes(name) ? [String(value)] : [],
  );
  const safe = secrets.reduce((rest, secret) => rest.split(secret).join('[secret]'), printable(words)).slice(0, 200);
  return `the token endpoint answered HTTP ${status}${safe === '' ? '' : `: ${safe}`}`;
}

function encoded(format: 'form' | 'json', fields: Readonly<Record<string, unknown>>) {
  if (format === 'json') return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields) };
  const pairs = Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  return { headers, body: new URLSearchParams(pairs).toString() };
}

/** A JSON Web Token, signed with RS256 (RFC 7523). */
function assertion(credentials: Extract<OAuthCredentials, { type: 'salesforce-jwt' }>, nowMs: number): string {
  const { clientId, username, privateKey, audience = 'https://login.salesforce.com' } = credentials;
  const claims = { iss: clientId, sub: username, aud: audience, exp: Math.floor((nowMs + ASSERTION_MS) / 1_000) };
  const signed = [{ alg: 'RS256', typ: 'JWT' }, claims].map(base64Url).join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function at(baseUrl: string, path: string): string {
  return baseUrl.replace(/\/$/, '') + path;
}
