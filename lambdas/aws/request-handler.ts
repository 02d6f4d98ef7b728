/** One HTTP request of the SDK over `node:http` or `node:https`, its answer read to the end, all within one timeout. */
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { HttpResponse } from '@smithy/core/transport';
import type { HttpHandlerOptions, HttpRequest, RequestHandler } from '@smithy/types';

/** A request that says itself how long it may take. */
export type TimedRequest = HttpRequest & { readonly timeoutMs: number };

/**
 * The SDK's own handler sets up to four timers a request, bounds the answer's head but not its body, and hands it on
 * as a stream. All that the functions ask of AWS has a small answer, which is read here, and bounded with the rest.
 * Connections are kept alive. One that was closed meanwhile fails as a network error does, and is tried again.
 */
export class BoundedRequestHandler implements RequestHandler<TimedRequest, HttpResponse, HttpHandlerOptions> {
  readonly metadata = { handlerProtocol: 'http/1.1' };
  #httpAgent: HttpAgent | undefined;
  #httpsAgent: HttpsAgent | undefined;

  handle(request: TimedRequest, { abortSignal }: HttpHandlerOptions = {}): Promise<{ response: HttpResponse }> {
    return new Promise((resolve, reject) => {
      if (abortSignal?.aborted === true) {
        reject(aborted());
        return;
      }
      const sent = this.#request(request);
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: Error) => {
        end();
        sent.destroy();
        reject(error);
      };
      const timer = setTimeout(() => fail(timedOut(request.timeoutMs)), request.timeoutMs);
      const abort = () => fail(aborted());
      const signal = abortSignal instanceof AbortSignal ? abortSignal : undefined;
      signal?.addEventListener('abort', abort);
      let answered = false;
      sent.on('error', fail);
      // An answer by another protocol ends a request, and Node says no more of it.
      sent.on('close', () => {
        if (!answered) fail(closed());
      });
      sent.on('response', (response) => {
        answered = true;
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', fail);
        response.on('end', () => {
          end();
          const body = chunks.length === 1 ? chunks[0] : Buffer.concat(chunks);
          const headers = response.headers as Record<string, string>;
          resolve({ response: new HttpResponse({ statusCode: response.statusCode ?? 0, headers, body }) });
        });
      });
      sent.end(textOf(request.body as string | Uint8Array));
    });
  }

  #request({ protocol, hostname, port, method, path, headers }: TimedRequest) {
    const options: RequestOptions = { method, path, headers, host: hostname, ...(port === undefined ? {} : { port }) };
    if (protocol === 'http:') {
      this.#httpAgent ??= new HttpAgent({ keepAlive: true });
      return httpRequest({ ...options, agent: this.#httpAgent });
    }
    this.#httpsAgent ??= new HttpsAgent({ keepAlive: true });
    return httpsRequest({ ...options, agent: this.#httpsAgent });
  }

  destroy(): void {
    this.#httpAgent?.destroy();
    this.#httpsAgent?.destroy();
  }
}

/** Named as the SDK's retries know a timeout. */
function timedOut(timeoutMs: number): Error {
  return Object.assign(new Error(`no whole answer within ${timeoutMs} ms`), {
    name: 'TimeoutError',
    code: 'ETIMEDOUT',
  });
}

/** Named as the SDK's retries know a connection that broke. */
function closed(): Error {
  return Object.assign(new Error('the connection was closed without an answer'), { code: 'ECONNRESET' });
}

/** Named as the SDK names it, and not tried again. */
function aborted(): Error {
  return Object.assign(new Error('the call was aborted'), { name: 'AbortError' });
}

/** As text, head and body leave in one write. The SDK’s bytes warn when they are asked for their text themselves. */
function textOf(body: string | Uint8Array): string {
  return typeof body === 'string' ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
}
