/** The bearer token of Genesys Cloud's API: OAuth client credentials, HTTP Basic. */
import { messageOf, Refusal } from '../../local/refusal.ts';
import type { GenesysHosts } from './regions.ts';

/** An OAuth client of the kind “Client Credentials”. */
export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
}

/** A token that ends so soon is not begun with. */
const RENEW_BEFORE_MS = 60_000;
const TIMEOUT_MS = 30_000;

/** The client of the environment. Refuses, naming what is missing. */
export function oauthClientFrom(environment: Readonly<Record<string, string | undefined>>): OAuthClient {
  const { GENESYS_CLIENT_ID: id = '', GENESYS_CLIENT_SECRET: secret = '' } = environment;
  const missing = [id === '' ? 'GENESYS_CLIENT_ID' : '', secret === '' ? 'GENESYS_CLIENT_SECRET' : ''].filter(Boolean);
  if (missing.length === 0) return { id, secret };
  throw new Refusal(
    `${missing.join(' and ')} must be set: the OAuth client (grant type Client Credentials) that may work on streams.`,
  );
}

/** Gets tokens, and keeps the one that it has until it ends. */
export class TokenSource {
  readonly #hosts: GenesysHosts;
  readonly #client: OAuthClient;
  readonly #now: () => number;
  #known: { readonly token: string; readonly endsAtMs: number } | undefined;

  constructor(hosts: GenesysHosts, client: OAuthClient, now: () => number) {
    this.#hosts = hosts;
    this.#client = client;
    this.#now = now;
  }

  /** A token, a new one where `renew` is asked for. Refuses, saying what to look at. */
  async token(renew: boolean): Promise<string> {
    if (!renew && this.#known !== undefined && this.#now() < this.#known.endsAtMs - RENEW_BEFORE_MS) {
      return this.#known.token;
    }
    const response = await this.#request();
    if (response.status === 400 || response.status === 401) {
      throw new Refusal(
        `${this.#hosts.name} does not know the OAuth client (${response.status}): look at GENESYS_CLIENT_ID, ` +
          'GENESYS_CLIENT_SECRET, and whether the region is that of your organisation.',
      );
    }
    if (!response.ok) throw new Refusal(`${this.#hosts.name} gives no token (${response.status}). Try again later.`);
    const body = (await response.json().catch(() => ({}))) as {
      readonly access_token?: unknown;
      readonly expires_in?: unknown;
    };
    if (typeof body.access_token !== 'string') throw new Refusal(`${this.#hosts.name} answered without a token.`);
    const seconds = typeof body.expires_in === 'number' ? body.expires_in : 0;
    this.#known = { token: body.access_token, endsAtMs: this.#now() + seconds * 1_000 };
    return this.#known.token;
  }

  async #request(): Promise<Response> {
    const { id, secret } = this.#client;
    try {
      return await fetch(`${this.#hosts.loginUrl}/oauth/token`, {
        method: 'POST',
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: {
          authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: 'grant_type=client_credentials',
      });
    } catch (error) {
      throw new Refusal(`${this.#hosts.loginUrl} cannot be reached: ${reasonOf(error)}`);
    }
  }
}

/** Why `fetch` failed: its own message says only that it did. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
}
