/** A request handler for the AWS SDK: one HTTP exchange over `node:http` or `node:https`. */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { HttpHandlerOptions, HttpRequest, HttpResponse, RequestHandler } from '@smithy/types';

/** The SDK's HTTP client takes a response in this form; it checks the members, not a class. */
type Response = Pick<HttpResponse, 'statusCode' | 'headers' | 'body'>;

/**
 * Sends one request and reads the whole response within `tryMs`. The SDK's own handler bounds the
 * head of a response but not its body, and sets up to four timers for each request; this one serves
 * 1.3 times the requests (docs/performance.md).
 *
 * Connections are kept alive. While an environment is frozen the service closes them: a request
 * that fails on a reused connection before any response is sent again on the next connection, which
 * does not count as a retry of the SDK's.
 */
export class AwsRequestHandler implements RequestHandler<HttpRequest, Response, HttpHandlerOptions> {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  readonly #tryMs: number;
  readonly #httpAgent = new HttpAgent({ keepAlive: true });
  readonly #httpsAgent = new HttpsAgent({ keepAlive: true });

  constructor(tryMs: number) {
    this.#tryMs = tryMs;
  }

  async handle(request: HttpRequest, { abortSignal }: HttpHandlerOptions = {}): Promise<{ response: Response }> {
    const endsAtMs = Date.now() + this.#tryMs;
    for (;;) {
      const response = await this.#exchange(request, endsAtMs - Date.now(), abortSignal as AbortSignal | undefined);
      if (response !== 'stale_connection') return { response };
    }
  }

  destroy(): void {
    this.#httpAgent.destroy();
    this.#httpsAgent.destroy();
  }

  #exchange(request: HttpRequest, leftMs: number, signal?: AbortSignal): Promise<Response | 'stale_connection'> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(failure('AbortError', 'the request was aborted'));
        return;
      }
      const sent = this.#open(request);
      let responded = false;
      const settle = (finish: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
        finish();
      };
      const fail = (error: Error) => settle(() => reject(error));
      const stop = (error: Error) => {
        fail(error);
        sent.destroy();
      };
      const timer = setTimeout(() => stop(failure('TimeoutError', 'no response in time')), Math.max(0, leftMs));
      const abort = () => stop(failure('AbortError', 'the request was aborted'));
      signal?.addEventListener('abort', abort);
      sent.on('error', (error: NodeJS.ErrnoException) => {
        // A connection that the service closed while it was idle (Node documentation,
        // request.reusedSocket).
        const isStale = sent.reusedSocket && !responded && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        if (isStale) settle(() => resolve('stale_connection'));
        else fail(error);
      });
      // After `101 Switching Protocols` Node closes the request without a response and without an
      // error.
      sent.on('close', () => {
        if (!responded) fail(failure('Error', 'the connection was closed without a response', 'ECONNRESET'));
      });
      sent.on('response', (response) => {
        responded = true;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', stop);
        response.on('end', () => {
          const headers = response.headers as Record<string, string>;
          settle(() => resolve({ statusCode: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) }));
        });
      });
      sent.end(request.body);
    });
  }

  #open({ protocol, hostname, port, method, path, query, headers }: HttpRequest) {
    const search = new URLSearchParams(query as Record<string, string> | undefined).toString();
    const options: RequestOptions = {
      method,
      path: search === '' ? path : `${path}?${search}`,
      headers,
      host: hostname,
      ...(port === undefined ? {} : { port }),
    };
    if (protocol === 'http:') return httpRequest({ ...options, agent: this.#httpAgent });
    return httpsRequest({ ...options, agent: this.#httpsAgent });
  }
}

/** An error whose name and code the SDK's retry strategy recognises. */
function failure(name: string, message: string, code?: string): Error {
  return Object.assign(new Error(message), { name, ...(code === undefined ? {} : { code }) });
}
