/**
 * One call of Genesys Cloud's API: token, waiting where it asks for it, and each refusal in words
 * that say what to do.
 */

import { UserError } from '../../../cli/user-error.ts';
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import type { CliContext } from '../surroundings.ts';
import type { TokenSource } from './oauth.ts';
import type { GenesysHosts } from './regions.ts';
import { type GenesysResponse, isRetryable, retryAfterPauseMs, sendRequest, sendWithRetries } from './retry.ts';

/** A call. */
export interface GenesysCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** Purpose of the call, in words that follow “cannot”: `add a stream`. */
  readonly doing: string;
  /** The permission and OAuth scope without which it is answered 403. */
  readonly needs: string;
}

const EXCERPT_CHARACTERS_MAX = 300;

/** Hosts and identity of the calls, and the command that shows the user the current state. */
export interface GenesysHttpOptions {
  readonly hosts: GenesysHosts;
  readonly tokens: TokenSource;
  readonly look: string;
}

/** Calls the API with one OAuth client. */
export class GenesysHttp {
  readonly #hosts: GenesysHosts;
  readonly #tokens: TokenSource;
  readonly #look: string;
  readonly #around: Pick<CliContext, 'now' | 'sleep' | 'note'>;

  constructor({ hosts, tokens, look }: GenesysHttpOptions, around: Pick<CliContext, 'now' | 'sleep' | 'note'>) {
    this.#hosts = hosts;
    this.#tokens = tokens;
    this.#look = look;
    this.#around = around;
  }

  /**
   * The answer's body, parsed. 429 is waited for as `Retry-After` says; a token that has expired is
   * renewed once; 5xx and lost connections are tried again unless the call adds something. Else
   * throws a `Refusal`, which holds no secret.
   */
  async call(call: GenesysCall): Promise<unknown> {
    let answer = await this.#answer(call);
    if (answer.status === 401) {
      await this.#tokens.token(true);
      answer = await this.#answer(call);
    }
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw this.#refusal(call, answer);
  }

  #answer(call: GenesysCall): Promise<GenesysResponse> {
    return sendWithRetries(() => this.#send(call), call.method !== 'POST', this.#around);
  }

  async #send(call: GenesysCall): Promise<GenesysResponse> {
    const token = await this.#tokens.token(false);
    return sendRequest(`${this.#hosts.apiUrl}${call.path}`, {
      method: call.method,
      headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...contentType(call) },
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
    });
  }

  #refusal(call: GenesysCall, answer: GenesysResponse): UserError {
    const { status, body } = answer;
    const said = saidIn(body, call);
    const how = status === 0 ? `${this.#hosts.apiUrl} cannot be reached` : `${this.#hosts.name} answered ${status}`;
    const advice =
      status === 429
        ? `It asks to wait ${Math.ceil(retryAfterPauseMs(answer, this.#around.now()) / 1_000)} s more. Try again then.`
        : whatToDo(call, status, this.#look);
    return new UserError(`${printable(`Cannot ${call.doing}: ${how}${said === '' ? '' : ` (${said})`}.`)}\n${advice}`);
  }
}

function contentType(call: GenesysCall): Record<string, string> {
  return call.body === undefined ? {} : { 'content-type': 'application/json' };
}

function whatToDo(call: GenesysCall, status: number, look: string): string {
  switch (status) {
    case 401:
      return 'A new token was refused too: the OAuth client may have been disabled, or belong to another region.';
    case 403:
      return `The OAuth client lacks ${call.needs}: give its role that permission, and the client that scope.`;
    case 404:
      return `It has been deleted meanwhile, or this organisation does not have the feature. Look with: ${look}`;
    case 409:
      return `Somebody else has changed it meanwhile, or the name is taken. Try again after a look with: ${look}`;
    default:
  }
  if (!isRetryable(status)) return 'Genesys Cloud does not take it as it is.';
  return call.method === 'POST'
    ? 'Whether it was done is not known. Run the command again: what is there already is found by its name.'
    : 'Genesys Cloud is not well, or the network. Try again later.';
}

/** Text of the response, without any secret that we sent. */
function saidIn(body: unknown, call: GenesysCall): string {
  if (typeof body !== 'object' || body === null) return '';
  const { message, code, contextId } = body as Readonly<Record<string, unknown>>;
  const parts = [
    message,
    code === message ? undefined : code,
    contextId === undefined ? undefined : `context ${contextId}`,
  ];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join('; ');
  const clean = secretsIn(call.body).reduce((left, secret) => left.replaceAll(secret, '…'), text);
  return printable(clean).replaceAll(/\s+/g, ' ').slice(0, EXCERPT_CHARACTERS_MAX).replace(/\.$/, '');
}

/** Every value under a key `secret`, as deep as there is one. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'secret' && typeof inner === 'string' && inner !== '' ? [inner] : secretsIn(inner),
  );
}
