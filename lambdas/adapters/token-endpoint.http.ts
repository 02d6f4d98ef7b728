/** OAuth token endpoints over HTTP. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { TokenRequest } from '../domain/crm/token-exchange.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { CrmAccess, TokenEndpoint, Unavailable } from '../ports.ts';

/** Responses with a token have a few KiB. */
const BODY_BYTES_MAX = 64 * 1_024;

/** Follows no redirects, keeps no connections: a token is for half an hour at least. */
export class HttpTokenEndpoint implements TokenEndpoint {
  async exchange(request: TokenRequest, { budgetMs, tls }: Parameters<TokenEndpoint['exchange']>[1]) {
    try {
      return await post(request, AbortSignal.timeout(Math.max(1, budgetMs)), tls);
    } catch (error) {
      return { kind: 'unavailable', cause: errorName(error) } as const satisfies Unavailable;
    }
  }
}

function post(
  { url, headers, body }: TokenRequest,
  signal: AbortSignal,
  tls: CrmAccess['tls'],
): Promise<{ readonly kind: 'answered'; readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const bytes = Buffer.from(body, 'utf8');
    const options = {
      method: 'POST',
      headers: { ...headers, accept: 'application/json', 'content-length': bytes.byteLength },
      agent: false,
      signal,
      ...tls,
    } as const;
    const request = (url.startsWith('https:') ? httpsRequest : httpRequest)(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        text += chunk;
        if (text.length > BODY_BYTES_MAX) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () => resolve({ kind: 'answered', status: response.statusCode ?? 0, body: text }));
    });
    request.on('error', reject);
    request.end(bytes);
  });
}
