/** The CRM over HTTP: the requests of an action within one budget, redirects not followed. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import type { CrmAction } from '../domain/crm/action.ts';
import { retryAfterIn } from '../domain/crm/backoff.ts';
import type { Connector, ConnectorSettings, CrmRequest } from '../domain/crm/connector.ts';
import type { CrmResponse } from '../domain/crm/crm-outcome.ts';
import { Redaction } from '../domain/crm/redaction.ts';
import type { ResponseRule, RuleSubject } from '../domain/crm/response-rules.ts';
import { type Exchange, runRequests } from '../domain/crm/run-requests.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { Clock, Crm, CrmAccess, CrmToken } from '../ports.ts';

/** How much of a body is read and decoded at most; a longer one costs us its connection, not our memory. */
const BODY_BYTES_MAX = 256 * 1_024;

/** Node's default of 16 KiB is less than some gateways send. */
const HEADER_BYTES_MAX = 64 * 1_024;

/** Which CRM is called, and how. */
export interface CrmTarget {
  readonly baseUrl: string;
  readonly connector: Connector;
  readonly settings: ConnectorSettings;
  /** Of the mapping file, tried before the connector's. */
  readonly responseRules: readonly ResponseRule[];
}

/** What one try over a connection came to; `stale` is a kept-alive connection that the CRM had closed meanwhile. */
type Tried = Exchange | 'stale_connection';

/** What all requests of one action have in common. */
interface Call {
  readonly access: CrmAccess;
  readonly endsAtMs: number;
  readonly redaction: Redaction;
}

/**
 * Calls the CRM with `node:http` and connections that are kept alive: for a small POST it takes a fraction of
 * the CPU that `fetch` does.
 */
export class HttpCrm implements Crm {
  readonly #target: CrmTarget;
  readonly #rules: readonly ResponseRule[];
  readonly #token: CrmToken;
  readonly #clock: Clock;
  #agent: HttpAgent | undefined;
  #agentFor: CrmAccess['tls'];

  constructor(target: CrmTarget, token: CrmToken, clock: Clock) {
    this.#target = target;
    this.#rules = [...target.responseRules, ...target.connector.rules];
    this.#token = token;
    this.#clock = clock;
  }

  async deliver(action: CrmAction, call: Parameters<Crm['deliver']>[1]): Promise<CrmResponse> {
    const endsAtMs = this.#clock.now() + call.budgetMs;
    const access = await this.#token.read({ fresh: call.freshToken, budgetMs: call.budgetMs });
    if (access.kind === 'unavailable') return { kind: 'no_token', cause: access.cause };
    const { connector, settings } = this.#target;
    const requests = connector.requests(action, { settings, idempotencyKey: call.idempotencyKey });
    const redaction = new Redaction(action, access.token);
    return runRequests(requests, this.#rules, (request) => this.#send(request, { access, endsAtMs, redaction }));
  }

  async #send(request: CrmRequest, call: Call): Promise<Exchange> {
    const body = request.body === undefined ? undefined : Buffer.from(JSON.stringify(request.body), 'utf8');
    const base = new URL(call.access.baseUrl ?? this.#target.baseUrl);
    const options = requestOptions(request, body, base, call.access);
    const agent = this.#agentOf(base, call.access);
    let mayHaveArrived = false;
    for (;;) {
      const leftMs = call.endsAtMs - this.#clock.now();
      if (leftMs <= 0) return { response: { kind: mayHaveArrived ? 'unknown' : 'not_sent', cause: 'timeout' } };
      const tried = await tryOnce({ ...options, agent }, body, leftMs, call.redaction);
      if (tried !== 'stale_connection') return mayHaveArrived ? afterRepetition(tried) : tried;
      // After a freeze the first call finds its connection closed. Trying again at once is safe, the request being
      // idempotent; that the CRM saw nothing is likely, but no longer certain.
      mayHaveArrived = true;
    }
  }

  /** One agent, and its connections, for as long as certificates and protocol stay the same. */
  #agentOf(base: URL, { tls }: CrmAccess): HttpAgent {
    const secure = base.protocol === 'https:';
    const isUsable =
      this.#agent !== undefined && this.#agentFor === tls && this.#agent instanceof HttpsAgent === secure;
    if (!isUsable)
      this.#agent = secure ? new HttpsAgent({ keepAlive: true, ...tls }) : new HttpAgent({ keepAlive: true });
    this.#agentFor = tls;
    return this.#agent as HttpAgent;
  }
}

function requestOptions(
  request: CrmRequest,
  body: Buffer | undefined,
  base: URL,
  { token, header }: CrmAccess,
): RequestOptions {
  return {
    method: request.method,
    protocol: base.protocol,
    hostname: base.hostname.replace(/^\[|\]$/g, ''),
    port: base.port,
    path: base.pathname.replace(/\/$/, '') + request.path,
    maxHeaderSize: HEADER_BYTES_MAX,
    headers: {
      ...(header === undefined ? { authorization: `Bearer ${token}` } : { [header.name]: header.value }),
      ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': body.byteLength }),
      accept: 'application/json',
      ...request.headers,
    },
  };
}

function tryOnce(
  options: RequestOptions,
  body: Buffer | undefined,
  leftMs: number,
  redaction: Redaction,
): Promise<Tried> {
  return new Promise((resolve) => {
    let connected = false;
    let timedOut = false;
    let hasStatus = false;
    const isSecure = options.protocol === 'https:';
    const request = (isSecure ? httpsRequest : httpRequest)(options, (response) => {
      hasStatus = true;
      readResponse(response, redaction).then(end);
    });
    // Not an `AbortSignal.timeout`: that runs out for calls that ended long ago as well.
    const timer = setTimeout(() => {
      timedOut = true;
      request.destroy();
    }, leftMs);
    const end = (tried: Tried) => {
      clearTimeout(timer);
      resolve(tried);
    };
    const connectEvent = isSecure ? 'secureConnect' : 'connect';
    request.on('socket', (socket) => {
      if (request.reusedSocket) connected = true;
      else socket.once(connectEvent, () => (connected = true));
    });
    // Without a listener Node would close the connection of a CRM that wants another protocol, and say nothing.
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      end(exchange(response, '', redaction));
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (hasStatus) return;
      const cause = timedOut ? 'timeout' : errorName(error);
      if (!timedOut && request.reusedSocket && error.code === 'ECONNRESET') return end('stale_connection');
      // Node's parser refuses the response. The CRM has answered, so it is not down.
      if (error.code?.startsWith('HPE_')) return end({ response: { kind: 'unreadable', cause } });
      end({ response: { kind: connected ? 'unknown' : 'not_sent', cause } });
    });
    request.end(body);
  });
}

/** After a repetition only a success is certain: the reset call may have been applied before this one was refused. */
function afterRepetition({ response, ...rest }: Exchange): Exchange {
  if (response.kind === 'not_sent') return { response: { ...response, kind: 'unknown' } };
  return { ...rest, response: response.kind === 'answered' ? { ...response, isRepeated: true } : response };
}

/** Never rejects: once status line and headers are in, a broken or endless body does not change the status. */
async function readResponse(response: IncomingMessage, redaction: Redaction): Promise<Exchange> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of (await decoded(response)) as AsyncIterable<Buffer>) {
      chunks.push(chunk.subarray(0, BODY_BYTES_MAX - length));
      length += chunk.byteLength;
      if (length >= BODY_BYTES_MAX) break;
    }
  } catch {
    // The status stands; what has arrived of the body is kept for people.
  }
  if (!response.complete) response.destroy();
  return exchange(response, textOf(Buffer.concat(chunks), response.headers['content-type']), redaction);
}

/** The body without its content encodings. One that is unknown is left as it is. */
async function decoded(response: IncomingMessage): Promise<Readable> {
  const names = (response.headers['content-encoding'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (names.every((name) => name === '' || name === 'identity')) return response;
  const { createBrotliDecompress, createUnzip } = await import('node:zlib');
  const decoders = names.reverse().flatMap((name): Transform[] => {
    if (name === 'br') return [createBrotliDecompress()];
    return ['gzip', 'x-gzip', 'deflate'].includes(name) ? [createUnzip()] : [];
  });
  const last = decoders.at(-1);
  if (last === undefined) return response;
  // The reader of `last` gets the error.
  pipeline([response, ...decoders], () => undefined);
  return last;
}

function textOf(bytes: Buffer, contentType = ''): string {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
}

function exchange(response: IncomingMessage, text: string, redaction: Redaction): Exchange {
  const status = response.statusCode ?? 0;
  const headers = headersOf(response);
  const retryAfter = retryAfterIn(status, headers);
  return {
    response: {
      kind: 'answered',
      status,
      excerpt: redaction.excerpt(text, headers),
      ...(retryAfter === undefined ? {} : { retryAfter }),
    },
    subject: { status, headers, body: jsonIn(text) },
  };
}

function headersOf({ headers }: IncomingMessage): RuleSubject['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : (value ?? '')]),
  );
}

function jsonIn(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}
