/** The bearer token of Genesys Cloud's API: OAuth client credentials, HTTP Basic. */

import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import type { CliContext } from '../surroundings.ts';
import type { GenesysHosts } from './regions.ts';
import { type GenesysResponse, sendRequest, sendWithRetries } from './retry.ts';

/** An OAuth client of the kind “Client Credentials”. */
export interface OAuthClient {
  readonly id: string;
  readonly secret: string;
}

/** A token that ends so soon is not begun with. */
const RENEW_BEFORE_MS = 60_000;

/** The client of the environment. Refuses, naming what is missing. */
export function oauthClientFrom(environment: Readonly<Record<string, string | undefined>>): OAuthClient {
  const { GENESYS_CLIENT_ID: id = '', GENESYS_CLIENT_SECRET: secret = '' } = environment;
  const missing = [id === '' ? 'GENESYS_CLIENT_ID' : '', secret === '' ? 'GENESYS_CLIENT_SECRET' : ''].filter(Boolean);
  if (missing.length === 0) return { id, secret };
  throw new UserError(
    `${missing.join(' and ')} must be set: the OAuth client (grant type Client Credentials) that may work on streams.`,
  );
}

/** Gets tokens, and keeps the one that it has until it ends. */
export class TokenSource {
  readonly #hosts: GenesysHosts;
  readonly #client: OAuthClient;
  readonly #around: Pick<CliContext, 'now' | 'sleep' | 'note'>;
  #known: { readonly token: string; readonly endsAtMs: number } | undefined;

  constructor(hosts: GenesysHosts, client: OAuthClient, around: Pick<CliContext, 'now' | 'sleep' | 'note'>) {
    this.#hosts = hosts;
    this.#client = client;
    this.#around = around;
  }

  /** A token, a new one where `renew` is asked for. Refuses, saying what to look at. */
  async token(renew: boolean): Promise<string> {
    if (!renew && this.#known !== undefined && this.#around.now() < this.#known.endsAtMs - RENEW_BEFORE_MS) {
      return this.#known.token;
    }
    const { status, body } = await sendWithRetries(() => this.#request(), true, this.#around);
    if (status === 400 || status === 401) {
      throw new UserError(
        `${this.#hosts.name} does not know the OAuth client (${status}): look at GENESYS_CLIENT_ID, ` +
          'GENESYS_CLIENT_SECRET, and whether the region is that of your organisation.',
      );
    }
    if (status === 0) throw new UserError(`${this.#hosts.loginUrl} cannot be reached: ${reasonIn(body)}`);
    if (status !== 200) throw new UserError(`${this.#hosts.name} gives no token (${status}). Try again later.`);
    const { access_token: token, expires_in: seconds } = (body ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof token !== 'string') throw new UserError(`${this.#hosts.name} answered without a token.`);
    const lifeMs = typeof seconds === 'number' ? seconds * 1_000 : 0;
    this.#known = { token, endsAtMs: this.#around.now() + lifeMs };
    return token;
  }

  #request(): Promise<GenesysResponse> {
    const { id, secret } = this.#client;
    return sendRequest(`${this.#hosts.loginUrl}/oauth/token`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: 'grant_type=client_credentials',
    });
  }
}

function reasonIn(body: unknown): string {
  return printable(String((body as { readonly message?: unknown } | undefined)?.message));
}
