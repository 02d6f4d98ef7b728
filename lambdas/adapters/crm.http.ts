/** The CRM over HTTP: one call, bounded in time, redirects not followed. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { CrmCommand } from '../domain/crm/crm-command.ts';
import type { CrmResponse } from '../domain/crm/crm-outcome.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import { maskNumbers, printable } from '../domain/telemetry/redact.ts';
import type { Clock, Crm, CrmToken } from '../ports.ts';

/** How much of an answer is kept for people. */
const EXCERPT_CHARACTERS = 300;

/** How much of an answer is read at most; a longer one costs us its connection, not our memory. */
const ANSWER_BYTES_MAX = 256 * 1_024;

/** Node's default of 16 KiB is less than some gateways send. */
const HEADER_BYTES_MAX = 64 * 1_024;

/** What one try over a connection came to; `stale` is a kept-alive connection that the CRM had closed meanwhile. */
type Tried = CrmResponse | { readonly kind: 'stale_connection' };

/**
 * Calls the CRM with `node:http` and connections that are kept alive: for a small POST it takes a fraction of
 * the CPU that `fetch` does.
 */
export class HttpCrm implements Crm {
  readonly #base: URL;
  readonly #token: CrmToken;
  readonly #clock: Clock;
  readonly #agent: HttpAgent;
  readonly #request: typeof httpRequest;

  constructor(baseUrl: string, token: CrmToken, clock: Clock) {
    this.#base = new URL(baseUrl);
    this.#token = token;
    this.#clock = clock;
    const secure = this.#base.protocol === 'https:';
    this.#agent = secure ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#request = secure ? httpsRequest : httpRequest;
  }

  async deliver(command: CrmCommand, call: Parameters<Crm['deliver']>[1]): Promise<CrmResponse> {
    const endsAtMs = this.#clock.now() + call.budgetMs;
    const read = await this.#token.read({ fresh: call.freshToken, budgetMs: call.budgetMs });
    if (read.kind === 'unavailable') return { kind: 'no_token', cause: read.cause };
    const body = Buffer.from(JSON.stringify(command.body), 'utf8');
    let mayHaveArrived = false;
    for (;;) {
      const leftMs = endsAtMs - this.#clock.now();
      if (leftMs <= 0) return { kind: mayHaveArrived ? 'unknown' : 'not_sent', cause: 'timeout' };
      const options = this.#options(command, body, read.token, call.idempotencyKey);
      const tried = await this.#try(options, body, read.token, leftMs);
      if (tried.kind !== 'stale_connection') {
        return mayHaveArrived ? afterRepetition(tried) : tried;
      }
      // After a freeze the first call finds its connection closed. Trying again at once is safe, the key being the
      // same; that the CRM saw nothing is likely, but no longer certain.
      mayHaveArrived = true;
    }
  }

  #options(command: CrmCommand, body: Buffer, token: string, idempotencyKey: string): RequestOptions {
    return {
      agent: this.#agent,
      method: command.method,
      protocol: this.#base.protocol,
      hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
      port: this.#base.port,
      path: this.#base.pathname.replace(/\/$/, '') + command.path,
      maxHeaderSize: HEADER_BYTES_MAX,
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        'content-length': body.byteLength,
        accept: 'application/json',
        'idempotency-key': idempotencyKey,
      },
    };
  }

  #try(options: RequestOptions, body: Buffer, token: string, leftMs: number): Promise<Tried> {
    return new Promise((resolve) => {
      let connected = false;
      let timedOut = false;
      let hasStatus = false;
      const request = this.#request(options, (response) => {
        hasStatus = true;
        readAnswer(response, token).then(end);
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
      const causeOf = (error: unknown) => (timedOut ? 'timeout' : errorName(error));
      const connectEvent = this.#base.protocol === 'https:' ? 'secureConnect' : 'connect';
      request.on('socket', (socket) => {
        if (request.reusedSocket) connected = true;
        else socket.once(connectEvent, () => (connected = true));
      });
      // Without a listener Node would close the connection of a CRM that wants another protocol, and say nothing.
      request.on('upgrade', (response, socket) => {
        socket.destroy();
        end({ kind: 'answered', status: response.statusCode ?? 0, excerpt: '' });
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        if (hasStatus) return;
        const isStale = !timedOut && request.reusedSocket && error.code === 'ECONNRESET';
        end(
          isStale ? { kind: 'stale_connection' } : { kind: connected ? 'unknown' : 'not_sent', cause: causeOf(error) },
        );
      });
      request.end(body);
    });
  }
}

/** After a repetition only a success is certain: the reset call may have been applied before this one was refused. */
function afterRepetition(response: CrmResponse): CrmResponse {
  if (response.kind === 'not_sent') return { ...response, kind: 'unknown' };
  return response.kind === 'answered' ? { ...response, isRepeated: true } : response;
}

/** Never rejects: once status line and headers are in, a broken or endless body does not change the status. */
async function readAnswer(response: IncomingMessage, token: string): Promise<CrmResponse> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > ANSWER_BYTES_MAX) break;
      chunks.push(chunk);
    }
  } catch {
    // The status stands; what has arrived of the body is kept for people.
  }
  const retryAfter = response.headers['retry-after'];
  const answered = { kind: 'answered', status: response.statusCode ?? 0, excerpt: excerptOf(chunks, token) } as const;
  return retryAfter === undefined ? answered : { ...answered, retryAfter };
}

/** The beginning of an answer, on one line, without what does not print, and without the token or a phone number if the CRM echoes it. */
function excerptOf(chunks: readonly Buffer[], token: string): string {
  const text = Buffer.concat(chunks).toString('utf8').split(token).join('[token]');
  const line = printable(text).replace(/\s+/g, ' ').trim();
  // Cut in the middle of a character, it has half of one at its end.
  return maskNumbers(line)
    .slice(0, EXCERPT_CHARACTERS)
    .replace(/\p{Cs}$/u, '');
}
