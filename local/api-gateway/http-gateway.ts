/** The HTTP API on 127.0.0.1: routes requests to functions and answers what they answer. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { UserError } from '../../cli/user-error.ts';
import { guarded } from '../http/guard.ts';
import { type LoopbackServer, listenOnLoopback } from '../http/loopback.ts';
import type { InvocationResult } from '../lambda/runtime-messages.ts';
import { apiMessage, type HttpResponse, toHttpEvent, toHttpResponse } from './http-event.ts';
import { matchRoute, type RouteSpec } from './http-routes.ts';
import { Throttle, type ThrottleSpec } from './throttle.ts';

/** The HTTP API's limit for a request's body. */
const BODY_BYTES_MAX = 10 * 1_024 * 1_024;

/** Routes that the gateway serves once the functions are ready. */
export interface GatewayContent {
  readonly routes: readonly RouteSpec[];
  readonly throttle: ThrottleSpec | undefined;
  readonly invoke: (functionArn: string, event: unknown) => Promise<InvocationResult>;
  /** Answers what no route leads to; false, and nothing answered, where it does not either. */
  readonly page: (request: IncomingMessage, response: ServerResponse) => Promise<boolean>;
}

/** Counts of answers by status. */
export type StatusCounts = ReadonlyMap<number, number>;

/** A listening HTTP API. Until it is opened it answers 503. */
export class HttpGateway {
  readonly #answered = new Map<number, number>();
  #server: LoopbackServer | undefined;
  #content: GatewayContent | undefined;
  #throttle: Throttle | undefined;

  /** Listens at `port`; 0 takes any that is free. */
  static async listen(port: number): Promise<HttpGateway> {
    const gateway = new HttpGateway();
    try {
      const listener: RequestListener = (request, response) => void gateway.#serve(request, response);
      // Deliveries are signed, and the page's orders carry its token.
      gateway.#server = await listenOnLoopback(guarded(listener, { servesPages: true }), port);
      return gateway;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE' && code !== 'EACCES') throw error;
      const why = code === 'EACCES' ? 'may not be used by you' : 'is in use';
      throw new UserError(`Port ${port} ${why}. Choose another with PORT, for example: PORT=3001 npm start`);
    }
  }

  /** The port it listens at. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Base URL; empty until it listens. */
  get url(): string {
    return this.#server?.url ?? '';
  }

  /** Number of requests by status. */
  get answered(): StatusCounts {
    return this.#answered;
  }

  /** Begins to route. */
  open(content: GatewayContent): void {
    this.#throttle = content.throttle === undefined ? undefined : new Throttle(content.throttle, Date.now());
    this.#content = content;
  }

  /** Answers 503 again; requests under way are still answered. */
  shut(): void {
    this.#content = undefined;
  }

  /** Stops listening. */
  async close(): Promise<void> {
    await this.#server?.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => response.destroy());
    if (await this.#isForPage(request, response)) return;
    const answer = await this.#answerTo(request).catch(() => apiMessage(500, 'Internal Server Error'));
    this.#answered.set(answer.status, (this.#answered.get(answer.status) ?? 0) + 1);
    // A body that was not read to its end would be taken for the next request.
    if (!request.complete) response.setHeader('connection', 'close');
    try {
      response.writeHead(answer.status, { ...answer.headers } as Record<string, string | string[]>).end(answer.body);
    } catch {
      // Headers that HTTP does not allow.
      response.writeHead(500, { 'content-type': 'application/json' }).end('{"message":"Internal Server Error"}');
    }
  }

  /** A route of the API always wins. */
  async #isForPage(request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    const content = this.#content;
    const { method = '', url: target = '/' } = request;
    if (content === undefined || matchRoute(content.routes, method, pathOf(target)) !== undefined) return false;
    try {
      return await content.page(request, response);
    } catch {
      response.destroy();
      return true;
    }
  }

  async #answerTo(request: IncomingMessage): Promise<HttpResponse> {
    const receivedAtMs = Date.now();
    const content = this.#content;
    if (content === undefined) return apiMessage(503, 'Service Unavailable');
    const { method = '', url: target = '/' } = request;
    const match = matchRoute(content.routes, method, pathOf(target));
    if (match === undefined) return apiMessage(404, 'Not Found');
    if (this.#throttle?.admits(receivedAtMs) === false) return apiMessage(429, 'Too Many Requests');
    const body = await readBody(request);
    if (body === undefined) return apiMessage(413, 'Request Entity Too Large');
    const facts = { method, target, headers: request.headers, body, receivedAtMs };
    const sourceIp = request.socket.remoteAddress ?? '';
    const event = toHttpEvent(
      { ...facts, sourceIp, requestId: randomUUID() },
      { key: match.route.key, pathParameters: match.pathParameters },
    );
    return toHttpResponse(await content.invoke(match.route.functionArn, event));
  }
}

function pathOf(target: string): string {
  return target.split('?', 1)[0] ?? '/';
}

/** The whole body, or undefined where it is longer than the HTTP API takes. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > BODY_BYTES_MAX) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.byteLength;
      if (length <= BODY_BYTES_MAX) chunks.push(chunk);
      else resolve(undefined);
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
    request.once('close', () => reject(new Error('the client has gone')));
  });
}
