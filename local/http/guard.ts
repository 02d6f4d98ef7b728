/**
 * The guard in front of every local server. A web page can make the browser send requests to
 * 127.0.0.1, and a page that resolves its own name to 127.0.0.1 can also read the responses. Other
 * users of the machine can connect too.
 */
import { type IncomingMessage, type RequestListener, Server, type ServerResponse } from 'node:http';
import { carriesKey } from './access-key.ts';

/** Requirements on requests beyond not coming from a web page. */
export interface GuardRules {
  /**
   * The key that requests must carry. Undefined: the server has its own proof, for example a
   * signature.
   */
  readonly accessKey?: string | undefined;
  /** Which requests must carry the key; all of them by default. */
  readonly needsKey?: (request: IncomingMessage) => boolean;
  /** The server has pages of its own: their requests carry its origin, and may be forms. */
  readonly servesPages?: boolean;
  /** Forms are part of its API, for example of an OAuth token endpoint. */
  readonly takesForms?: boolean;
}

/** Bodies of these types can be sent by any web page without asking first. */
const FORM_TYPES = /^\s*(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\s*(;|$)/i;

const HTTP_PORT = 80;

/** Calls `listener` for the requests that may pass, and answers all others with 403. */
export function guarded(listener: RequestListener, rules: GuardRules): RequestListener {
  return (request, response) => {
    const refusal = refusalOf(request, rules);
    if (refusal === undefined) listener(request, response);
    else refuse(response, refusal);
  };
}

/** Guards every HTTP server of this process, for servers that are not ours to change. */
export function guardEveryServer(rules: GuardRules): void {
  const emit = Server.prototype.emit as (this: Server, event: string | symbol, ...args: unknown[]) => boolean;
  Server.prototype.emit = function (this: Server, event: string | symbol, ...args: unknown[]): boolean {
    if (event !== 'request') return emit.call(this, event, ...args);
    const [request, response] = args as [IncomingMessage, ServerResponse];
    const refusal = refusalOf(request, rules);
    if (refusal === undefined) return emit.call(this, event, ...args);
    refuse(response, refusal);
    return true;
  };
}

/** Why the request must not pass, in a sentence for the sender; undefined if it may. */
export function refusalOf(request: IncomingMessage, rules: GuardRules): string | undefined {
  const { headers } = request;
  const { host = '', origin, 'sec-fetch-site': site } = headers;
  if (!isOurHost(host, request.socket.localPort)) {
    return `The Host header is ${JSON.stringify(host)}: it must be 127.0.0.1 or localhost with this port.`;
  }
  const fromOwnPage = rules.servesPages === true && origin === `http://${host}`;
  if (origin !== undefined && !fromOwnPage) return 'Requests from web pages are refused (Origin header).';
  if (site !== undefined && site !== 'none' && site !== 'same-origin') {
    return 'Requests from web pages are refused (Sec-Fetch-Site header).';
  }
  const isForm = FORM_TYPES.test(headers['content-type'] ?? '') && headers.authorization === undefined;
  if (isForm && rules.servesPages !== true && rules.takesForms !== true)
    return 'Forms are refused: send another Content-Type.';
  const { accessKey, needsKey } = rules;
  if (accessKey === undefined || needsKey?.(request) === false || carriesKey(headers, accessKey)) return undefined;
  return 'The access key is missing or wrong. Each start has a new one: use the one that the last start printed.';
}

function isOurHost(host: string, port: number | undefined): boolean {
  const known = ['127.0.0.1', 'localhost'];
  return known.some((name) => host === `${name}:${port}` || (port === HTTP_PORT && host === name));
}

/** The body is in the form of an AWS error, which the SDK and the aws CLI print. */
function refuse(response: ServerResponse, message: string): void {
  // The request's body is not read, so that the connection cannot be used again.
  response.writeHead(403, { 'content-type': 'application/json', connection: 'close' });
  response.end(`${JSON.stringify({ __type: 'AccessDeniedException', message })}\n`);
}
