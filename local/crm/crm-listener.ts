/**
 * Serves a CRM of this machine: its API, and under `/_crm/` what tests and people look at and
 * switch.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { guarded } from '../http/guard.ts';
import { readText } from '../http/request-text.ts';
import type { FaultRule } from './crm-faults.ts';
import type { CrmHttpReply, CrmHttpRequest, CrmHttpResponse } from './crm-http-message.ts';

/** A CRM that can be served. */
export interface LocalCrm {
  /** Answers a request to the API. Never rejects. */
  handle(request: CrmHttpRequest): Promise<CrmHttpReply>;
  readonly faults: { readonly rules: readonly FaultRule[] };
  /** Names that a rule's `fault` may have. */
  readonly knownFaults: readonly string[];
  /** Sets faults. Returns what is wrong with the request, if anything. */
  setFaults(body: unknown): string | undefined;
  /** Views of the CRM, by the last part of the path. */
  readonly views: Readonly<Record<string, () => unknown>>;
}

/** Longer than any record. */
const BODY_BYTES_MAX = 256 * 1_024;
const CONTROL = '/_crm/';

/** Answers the CRM's requests. Requests that change its faults must carry the access key. */
export function crmListener(crm: LocalCrm, accessKey: string): RequestListener {
  const listener: RequestListener = (request, response) => {
    route(crm, request, response).catch(() => response.destroy());
  };
  return guarded(listener, { accessKey, needsKey: isControl, takesForms: true });
}

/** Requests to the API carry its token; what the CRM has seen may be looked at in a browser. */
function isControl({ method, url = '' }: IncomingMessage): boolean {
  return url.startsWith(CONTROL) && method !== 'GET';
}

async function route(crm: LocalCrm, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = '', url: path = '' } = request;
  const body = await readText(request, BODY_BYTES_MAX);
  if (path.startsWith(CONTROL)) {
    reply(response, control(crm, `${method} ${path.slice(CONTROL.length)}`, body));
    return;
  }
  const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
  reply(response, await crm.handle({ method, path, headers, body }));
}

function control(crm: LocalCrm, what: string, text: string): CrmHttpResponse {
  if (what === 'POST faults' || what === 'DELETE faults') {
    const problem = crm.setFaults(what === 'DELETE faults' ? { rules: [] } : parseJson(text));
    if (problem !== undefined) return { status: 400, body: { message: problem } };
  }
  if (/^(GET|POST|DELETE) faults$/.test(what)) {
    return { status: 200, body: { rules: crm.faults.rules, known: crm.knownFaults } };
  }
  const view = what.startsWith('GET ') ? crm.views[what.slice('GET '.length)] : undefined;
  return view === undefined ? { status: 404, body: { message: 'Not found.' } } : { status: 200, body: view() };
}

function reply(response: ServerResponse, message: CrmHttpReply): void {
  if (message === 'never') return;
  if (message === 'dropped') {
    response.destroy();
    return;
  }
  const { status, headers = {}, body, html } = message;
  if (html !== undefined) response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(html);
  else if (body === undefined) response.writeHead(status, headers).end();
  else response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
