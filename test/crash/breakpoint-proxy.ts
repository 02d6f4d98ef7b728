/**
 * Stands between the functions' environments and the servers, and kills an environment when one of
 * its calls says that it has come to a point. What the environment runs knows nothing of it: only
 * its endpoints differ.
 */
import { Agent, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { listenOnLoopback } from '../../local/http/loopback.ts';
import type { Moment } from './crash-points.ts';
import { type ObservedCall, observedCall, type ServerName } from './observed-calls.ts';

/** An environment whose calls are looked at. */
export interface WatchedEnvironment {
  /** Ends its process at once. */
  kill(): void;
}

/** Decides whether the environment dies at this moment of this call; asked once for each moment. */
export type Verdict = (call: ObservedCall, moment: Moment, environment: WatchedEnvironment) => boolean;

/** Settings of the proxy. */
export interface ProxyOptions {
  readonly verdict: Verdict;
}

/**
 * The proxy. Each environment and each server has a path of its own: `/<environment>/<server>/…`.
 */
export class BreakpointProxy {
  readonly #verdict: Verdict;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #environments = new Map<string, WatchedEnvironment>();
  /** Last message that each environment sent: it deletes that next, or asks the CRM to link it. */
  readonly #lastSent = new Map<string, readonly string[]>();
  readonly #targets = new Map<ServerName, string>();
  #quarantineName = '';
  #url = '';
  #ids = 0;

  private constructor(verdict: Verdict) {
    this.#verdict = verdict;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async listen({ verdict }: ProxyOptions): Promise<BreakpointProxy> {
    const proxy = new BreakpointProxy(verdict);
    const server = await listenOnLoopback((request, response) => {
      proxy.#serve(request, response).catch(() => response.destroy());
    }, 0);
    proxy.#url = server.url;
    return proxy;
  }

  /** The variables with which an environment talks to the proxy; `watch` names the process. */
  interpose(variables: Readonly<Record<string, string>>): {
    readonly variables: Record<string, string>;
    watch(environment: WatchedEnvironment): void;
  } {
    this.#ids += 1;
    const id = `e${this.#ids}`;
    const servers: Readonly<Record<ServerName, string | undefined>> = {
      sqs: variables.AWS_ENDPOINT_URL_SQS,
      dynamodb: variables.AWS_ENDPOINT_URL_DYNAMODB,
      secrets: variables.AWS_ENDPOINT_URL_SECRETS_MANAGER,
      crm: variables.CRM_BASE_URL,
    };
    this.#quarantineName = variables.QUARANTINE_URL?.split('/').at(-1) ?? this.#quarantineName;
    let changed = Object.entries(variables);
    for (const [name, url] of Object.entries(servers) as [ServerName, string | undefined][]) {
      if (url === undefined) continue;
      this.#targets.set(name, url);
      changed = changed.map(([variable, value]) => [variable, value.replace(url, `${this.#url}/${id}/${name}`)]);
    }
    const watch = (environment: WatchedEnvironment) => void this.#environments.set(id, environment);
    return { variables: Object.fromEntries(changed), watch };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    // The SDK sends to the origin of the queue's URL: there, whose call it is stands in the body
    // alone.
    const [, id = '', server = '', path = ''] =
      /^\/(e\d+)\/([a-z]+)(\/.*)?$/.exec(request.url ?? '') ?? /\/(e\d+)\/(sqs)\//.exec(text) ?? [];
    const target = this.#targets.get(server as ServerName);
    const environment = this.#environments.get(id);
    if (target === undefined || environment === undefined) throw new Error(`no environment ${request.url}`);
    const body = text.replaceAll(`${this.#url}/${id}/sqs`, this.#targets.get('sqs') ?? '');
    const call = this.#named(
      observedCall(server as ServerName, request.headers, body, { quarantineName: this.#quarantineName, path }),
      id,
    );
    const dies = (moment: Moment) => call !== undefined && this.#verdict(call, moment, environment);

    if (dies('before')) return environment.kill();
    const answering = this.#forward(request, `${target}${path === '' ? '/' : path}`, body);
    if (dies('meanwhile')) {
      // The server must have the call before its sender is gone.
      await answering.sent;
      return environment.kill();
    }
    const answer = await answering.answer;
    if (dies('after')) return environment.kill();
    if (call !== undefined) this.#verdict(call, 'returned', environment);
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  #named(call: ObservedCall | undefined, id: string): ObservedCall | undefined {
    if (call?.kind === 'redrive_send' || call?.kind === 'second_crm_request') this.#lastSent.set(id, call.eventIds);
    return call?.kind === 'delete' || call?.kind === 'third_crm_request'
      ? { ...call, eventIds: this.#lastSent.get(id) ?? [] }
      : call;
  }

  /** `sent` resolves when the whole request has been handed over. */
  #forward(request: IncomingMessage, url: string, body: string) {
    const bytes = Buffer.from(body, 'utf8');
    const headers = { ...request.headers, host: new URL(url).host, 'content-length': String(bytes.byteLength) };
    const forwarded = httpRequest(url, { agent: this.#agent, method: request.method, headers });
    const answer = new Promise<{ status: number; headers: Record<string, string>; body: Buffer }>((resolve, reject) => {
      forwarded.once('error', reject);
      forwarded.once('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const { 'transfer-encoding': _chunked, connection: _connection, ...kept } = response.headers;
          const whole = Buffer.concat(chunks);
          const sent = { ...(kept as Record<string, string>), 'content-length': String(whole.byteLength) };
          resolve({ status: response.statusCode ?? 502, headers: sent, body: whole });
        });
      });
    });
    // Nobody may be there any more to hear of it.
    answer.catch(() => {});
    const sent = new Promise<void>((resolve) => forwarded.once('finish', resolve));
    forwarded.end(bytes);
    return { answer, sent };
  }
}
