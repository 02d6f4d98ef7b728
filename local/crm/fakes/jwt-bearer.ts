/** The JWT bearer grant (RFC 7523) as a fake's token endpoint checks it. */
import { createPublicKey, verify } from 'node:crypto';
import { objectIn } from './fake-vendor.ts';
import type { FakeCredentials } from './tokens.ts';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';

/** Salesforce accepts no assertion that is valid for longer. */
const VALID_MAX_SECONDS = 300;

/** Fault of an assertion; undefined if it is accepted. The key pair is that of the credentials. */
export function problemWithAssertion(
  assertion: string,
  { clientId, username, privateKey }: FakeCredentials,
  audiences: readonly string[],
  nowMs: number,
): string | undefined {
  if (privateKey === undefined) return 'the client has no certificate';
  const [header = '', claims = '', signature = '', ...more] = assertion.split('.');
  const { iss, sub, aud, exp } = jsonOf(claims);
  const signed = Buffer.from(`${header}.${claims}`);
  const key = createPublicKey(privateKey);
  const isSigned =
    more.length === 0 &&
    jsonOf(header).alg === 'RS256' &&
    key.asymmetricKeyType === 'rsa' &&
    verify('sha256', signed, key, Buffer.from(signature, 'base64url'));
  if (!isSigned) return 'invalid assertion';
  if (iss !== clientId) return 'client identifier invalid';
  if (sub !== username) return "user hasn't approved this consumer";
  if (typeof aud !== 'string' || !audiences.includes(aud)) return 'audience is invalid';
  const leftSeconds = Number(exp) - nowMs / 1_000;
  return leftSeconds > 0 && leftSeconds <= VALID_MAX_SECONDS ? undefined : 'expired authorization code';
}

function jsonOf(part: string): Readonly<Record<string, unknown>> {
  try {
    return objectIn(JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))) ?? {};
  } catch {
    return {};
  }
}
