/**
 * Access tokens of a fake CRM: issued against the credentials, valid for a time, checked with each
 * request.
 */
import { createHash, timingSafeEqual } from 'node:crypto';

/** Credentials that the fake accepts: those of the pipeline's secret. */
export interface FakeCredentials {
  /** A static bearer token. */
  readonly token?: string;
  /** HTTP Basic. */
  readonly username?: string;
  readonly password?: string;
  /** OAuth. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly refreshToken?: string;
  /** PEM, of the JWT bearer grant. The fake checks signatures with its public half. */
  readonly privateKey?: string;
}

/** Why a request is refused. */
export type Unauthorized = 'missing' | 'invalid' | 'expired';

/** Moments before which tokens that were issued are no longer accepted. */
export interface TokenStates {
  readonly expiredSinceMs: number | undefined;
  readonly revokedSinceMs: number | undefined;
}

interface IssuedToken {
  readonly issuedAtMs: number;
  readonly expiresAtMs: number;
}

/** The tokens of one fake. */
export class Tokens {
  credentials: FakeCredentials | undefined;
  readonly #issued = new Map<string, IssuedToken>();
  readonly #startedAtMs: number;
  #count = 0;

  constructor(credentials: FakeCredentials | undefined, nowMs: number) {
    this.credentials = credentials;
    this.#startedAtMs = nowMs;
  }

  /** Tokens issued so far. */
  get count(): number {
    return this.#count;
  }

  /** A new access token. */
  issue(lifetimeMs: number, nowMs: number): string {
    this.#count += 1;
    const token = `fake-token-${this.#startedAtMs}-${this.#count}`;
    this.#issued.set(token, { issuedAtMs: nowMs, expiresAtMs: nowMs + lifetimeMs });
    return token;
  }

  /** Why a request with this `Authorization` is refused; undefined if it is accepted. */
  check(authorization: string | undefined, states: TokenStates, nowMs: number): Unauthorized | undefined {
    const { token, username, password } = this.credentials ?? {};
    if (authorization === undefined || authorization === '') return 'missing';
    if (
      username !== undefined &&
      password !== undefined &&
      isSame(authorization, `Basic ${btoa(`${username}:${password}`)}`)
    ) {
      return undefined;
    }
    if (token !== undefined && isSame(authorization, `Bearer ${token}`)) {
      return states.revokedSinceMs === undefined ? undefined : 'invalid';
    }
    const issued = this.#issued.get(authorization.replace(/^Bearer /, ''));
    if (issued === undefined) return 'invalid';
    if (states.revokedSinceMs !== undefined && issued.issuedAtMs <= states.revokedSinceMs) return 'invalid';
    const isExpired = states.expiredSinceMs !== undefined && issued.issuedAtMs <= states.expiredSinceMs;
    return isExpired || nowMs >= issued.expiresAtMs ? 'expired' : undefined;
  }

  /** True if these are the client's id and secret. */
  isClient(id: unknown, secret: unknown): boolean {
    const { clientId, clientSecret } = this.credentials ?? {};
    if (clientId === undefined || clientSecret === undefined) return false;
    return isSame(String(id), clientId) && isSame(String(secret), clientSecret);
  }
}

function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
