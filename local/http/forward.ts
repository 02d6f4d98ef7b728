/** Passes requests on to a server that cannot be guarded inside its own process. */
import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';

/** Access key id for the server behind: some keep one database for each id. */
const CONSTANT_KEY = 'local';

/** Passes each request on to `target`, with a constant access key id in its signature. */
export function forwardTo(target: string, accessKey: string): RequestListener {
  const { protocol, host, origin } = new URL(target);
  const { request, agent } =
    protocol === 'https:'
      ? { request: httpsRequest, agent: new HttpsAgent({ keepAlive: true }) }
      : { request: httpRequest, agent: new HttpAgent({ keepAlive: true }) };
  return (incoming, response) => {
    const { method, url = '/' } = incoming;
    const authorization = incoming.headers.authorization?.replace(accessKey, CONSTANT_KEY);
    const headers = { ...incoming.headers, host, ...(authorization === undefined ? {} : { authorization }) };
    const outgoing = request(new URL(url, origin), { method, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, withoutCors(answer.headers));
      answer.pipe(response);
      answer.once('error', () => response.destroy());
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  };
}

/** No page of another origin may read what the server answers, whatever the server allows. */
function withoutCors(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('access-control-')));
}
