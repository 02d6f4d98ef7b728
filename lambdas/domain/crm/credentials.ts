/** The CRM's credentials as the secret holds them. Problems name a field, never its value. */
import { createPrivateKey } from 'node:crypto';
import * as z from 'zod/mini';

const TEXT_WANTED = 'must be a text of 1 to 16384 characters';
const HEADER_WANTED = 'must have visible ASCII characters only';
const URL_WANTED = 'must be an https URL without credentials (http only on 127.0.0.1 or localhost)';
const PEM_WANTED = 'must be PEM text';

/**
 * Characters that an HTTP header's value may hold (RFC 9110, section 5.5), of which a bearer token
 * needs fewer.
 */
const VISIBLE = /^[\x21-\x7e]+$/;

const text = z.string(TEXT_WANTED).check(z.minLength(1, TEXT_WANTED), z.maxLength(16_384, TEXT_WANTED));
const visible = text.check(z.regex(VISIBLE, HEADER_WANTED));
const url = text.check(z.refine(isTokenUrl, URL_WANTED));
const pem = text.check(z.regex(/-----BEGIN [A-Z ]+-----[\s\S]+-----END [A-Z ]+-----/, PEM_WANTED));
const privateKey = pem.check(z.refine(isRsaKey, 'must be an RSA private key in PEM'));

const tls = { clientCertificate: z.optional(pem), clientKey: z.optional(pem), ca: z.optional(pem) };
const oauth = {
  tokenUrl: z.optional(url),
  clientId: text,
  clientSecret: text,
  scope: z.optional(text),
  clientIn: z.optional(z.enum(['body', 'basic'], 'must be body or basic')),
  format: z.optional(z.enum(['form', 'json'], 'must be form or json')),
  parameters: z.optional(
    z.record(
      z.string(),
      z.union([z.string(), z.number(), z.boolean()]),
      'must be an object of texts, numbers and booleans',
    ),
  ),
  ...tls,
};

/** One schema a kind. */
const SCHEMAS = {
  bearer: strict({ type: z.literal('bearer'), token: visible, ...tls }),
  basic: strict({ type: z.literal('basic'), username: text, password: text, ...tls }),
  header: strict({
    type: z.literal('header'),
    name: text.check(z.regex(/^[\w!#$%&'*+.^`|~-]+$/, 'must be the name of a header')),
    value: text.check(z.regex(/^[\x20-\x7e]+$/, HEADER_WANTED)),
    ...tls,
  }),
  'oauth-client-credentials': strict({ type: z.literal('oauth-client-credentials'), ...oauth }),
  'oauth-refresh-token': strict({ type: z.literal('oauth-refresh-token'), ...oauth, refreshToken: text }),
  'salesforce-jwt': strict({
    type: z.literal('salesforce-jwt'),
    tokenUrl: z.optional(url),
    clientId: text,
    username: text,
    privateKey,
    audience: z.optional(text),
    ...tls,
  }),
} as const;

/** Content of the secret. */
export type Credentials = {
  readonly [Type in keyof typeof SCHEMAS]: z.infer<(typeof SCHEMAS)[Type]>;
}[keyof typeof SCHEMAS];

/** Credentials that are exchanged for tokens. */
export type OAuthCredentials = Extract<
  Credentials,
  { type: 'oauth-client-credentials' | 'oauth-refresh-token' | 'salesforce-jwt' }
>;

/** Credentials, or what is wrong with them, to be read behind “the CRM credentials”. */
export type ParsedCredentials =
  | { readonly kind: 'credentials'; readonly credentials: Credentials }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Reads the secret: JSON, or a bare bearer token. */
export function parseCredentials(secret: string): ParsedCredentials {
  const trimmed = secret.trim();
  if (!trimmed.startsWith('{')) {
    return VISIBLE.test(trimmed)
      ? { kind: 'credentials', credentials: { type: 'bearer', token: trimmed } }
      : invalid('are neither a JSON object nor a token that can stand in a header');
  }
  const given = jsonIn(trimmed);
  if (given === undefined) return invalid('are not JSON');
  const { type } = given;
  if (typeof type !== 'string' || !Object.hasOwn(SCHEMAS, type))
    return invalid(`have a wrong field: type: must be one of ${Object.keys(SCHEMAS).join(', ')}`);
  const result = SCHEMAS[type as keyof typeof SCHEMAS].safeParse(given);
  if (!result.success) {
    const problems = result.error.issues.map(
      ({ path, message }) => `${path.map(String).join('.') || type}: ${message}`,
    );
    return invalid(`have a wrong field: ${problems.join('; ')}`);
  }
  const credentials: Credentials = result.data;
  if ((credentials.clientCertificate === undefined) !== (credentials.clientKey === undefined))
    return invalid('have a wrong field: clientCertificate and clientKey: each needs the other');
  return { kind: 'credentials', credentials };
}

/** The secret with another refresh token in it. */
export function withRefreshToken(credentials: Credentials, refreshToken: string): string {
  return JSON.stringify({ ...credentials, refreshToken });
}

function strict<Shape extends Record<string, z.ZodMiniType>>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `has unknown fields: ${issue.keys.join(', ')} (it takes ${Object.keys(shape).join(', ')})`
        : 'must be a JSON object',
  });
}

function invalid(problem: string): ParsedCredentials {
  return { kind: 'invalid', problem };
}

function jsonIn(secret: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(secret) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function isTokenUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, hostname, username, password } = new URL(value);
  const isLocal = hostname === '127.0.0.1' || hostname === 'localhost';
  return username === '' && password === '' && (protocol === 'https:' || (protocol === 'http:' && isLocal));
}

function isRsaKey(value: string): boolean {
  try {
    return createPrivateKey(value).asymmetricKeyType === 'rsa';
  } catch {
    return false;
  }
}
