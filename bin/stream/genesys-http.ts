/** One call of Genesys Cloud's API: token, waiting where it asks for it, and each refusal in words that say what to do. */
import { Refusal } from '../../local/refusal.ts';
import { reasonOf, type TokenSource } from './genesys-oauth.ts';
import type { GenesysHosts } from './regions.ts';
import type { Surroundings } from './surroundings.ts';

/** A call. */
export interface GenesysCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly body?: unknown;
  /** What it does, in words that follow “cannot”: `add a stream`. */
  readonly doing: string;
  /** The permission and OAuth scope without which it is answered 403. */
  readonly needs: string;
}

/** Genesys Cloud did not do what was asked. The message is for the user; it holds no secret. */
export class GenesysRefusal extends Refusal {
  /** The answer's status; 0 where there was none. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const TIMEOUT_MS = 30_000;
/** Tries of a call that may be repeated, where Genesys fails or cannot be reached. */
const TRIES = 4;
const FIRST_PAUSE_MS = 1_000;
/** Where a 429 does not say how long to wait. */
const THROTTLED_PAUSE_MS = 3_000;
/** All waits of one call for 429 together. */
const PATIENCE_MS = 5 * 60_000;
const EXCERPT_CHARACTERS_MAX = 300;

type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };

/** Calls the API with one OAuth client. */
export class GenesysHttp {
  readonly #hosts: GenesysHosts;
  readonly #tokens: TokenSource;
  readonly #around: Pick<Surroundings, 'now' | 'sleep' | 'note'>;

  constructor(hosts: GenesysHosts, tokens: TokenSource, around: Pick<Surroundings, 'now' | 'sleep' | 'note'>) {
    this.#hosts = hosts;
    this.#tokens = tokens;
    this.#around = around;
  }

  /**
   * The answer's body, parsed. 429 is waited for as `Retry-After` says; a token that has expired is renewed once;
   * 5xx and lost connections are tried again unless the call adds something. Else throws a `GenesysRefusal`.
   */
  async call(call: GenesysCall): Promise<unknown> {
    let renewed = false;
    let waitedMs = 0;
    for (let tries = 1; ; ) {
      const answer = await this.#try(call);
      if (answer.status >= 200 && answer.status < 300) return answer.body;
      if (answer.status === 401 && !renewed) {
        renewed = true;
        await this.#tokens.token(true);
      } else if (answer.status === 429) {
        const pauseMs = retryAfterMs(answer.headers.get('retry-after'), this.#around.now()) ?? THROTTLED_PAUSE_MS;
        waitedMs += pauseMs;
        if (waitedMs > PATIENCE_MS)
          throw this.#refusal(call, answer, `It asks to wait ${seconds(pauseMs)} more. Try again then.`);
        this.#around.note(`Genesys Cloud asks to wait ${seconds(pauseMs)} (429)`);
        await this.#around.sleep(pauseMs);
      } else if (isPassing(answer.status) && call.method !== 'POST' && tries < TRIES) {
        await this.#around.sleep(FIRST_PAUSE_MS * 2 ** (tries - 1));
        tries += 1;
      } else {
        throw this.#refusal(call, answer, whatToDo(call, answer.status));
      }
    }
  }

  async #try(call: GenesysCall): Promise<Answer> {
    const token = await this.#tokens.token(false);
    try {
      const response = await fetch(`${this.#hosts.apiUrl}${call.path}`, {
        method: call.method,
        // The token must not follow a redirect to somewhere else.
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', ...contentType(call) },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: parsed(text) };
    } catch (error) {
      return { status: 0, headers: new Headers(), body: { message: reasonOf(error) } };
    }
  }

  #refusal(call: GenesysCall, { status, body }: Answer, advice: string): GenesysRefusal {
    const said = saidIn(body, call);
    const how = status === 0 ? `${this.#hosts.apiUrl} cannot be reached` : `${this.#hosts.name} answered ${status}`;
    return new GenesysRefusal(status, `Cannot ${call.doing}: ${how}${said === '' ? '' : ` (${said})`}.\n${advice}`);
  }
}

function contentType(call: GenesysCall): Record<string, string> {
  return call.body === undefined ? {} : { 'content-type': 'application/json' };
}

function isPassing(status: number): boolean {
  return status === 0 || status >= 500;
}

function whatToDo(call: GenesysCall, status: number): string {
  switch (status) {
    case 401:
      return 'A new token was refused too: the OAuth client may have been disabled, or belong to another region.';
    case 403:
      return `The OAuth client lacks ${call.needs}: give its role that permission, and the client that scope.`;
    case 404:
      return 'It has been deleted meanwhile, or this organisation does not have the feature. Look with: npm run stream -- list';
    case 409:
      return 'Somebody else has changed it meanwhile, or the name is taken. Look with: npm run stream -- list; then try again.';
    default:
  }
  if (!isPassing(status)) return 'Genesys Cloud does not take it as it is.';
  return call.method === 'POST'
    ? 'Whether it was done is not known. Run the command again: what is there already is found by its name.'
    : 'Genesys Cloud is not well, or the network. Try again later.';
}

/** What the answer says, without anything that we have sent as a secret. */
function saidIn(body: unknown, call: GenesysCall): string {
  if (typeof body !== 'object' || body === null) return '';
  const { message, code, contextId } = body as Readonly<Record<string, unknown>>;
  const parts = [
    message,
    code === message ? undefined : code,
    contextId === undefined ? undefined : `context ${contextId}`,
  ];
  const text = parts.filter((part) => typeof part === 'string' && part !== '').join('; ');
  return secretsIn(call.body)
    .reduce((clean, secret) => clean.replaceAll(secret, '…'), text)
    .replaceAll(/\s+/g, ' ')
    .slice(0, EXCERPT_CHARACTERS_MAX)
    .replace(/\.$/, '');
}

/** Every value under a key `secret`, as deep as there is one. */
function secretsIn(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'secret' && typeof inner === 'string' && inner !== '' ? [inner] : secretsIn(inner),
  );
}

/** `Retry-After`: seconds, or an HTTP date. */
function retryAfterMs(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, atMs - nowMs);
}

function seconds(ms: number): string {
  return `${Math.ceil(ms / 1_000)} s`;
}

function parsed(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // A proxy's page: its status says enough.
    return undefined;
  }
}
