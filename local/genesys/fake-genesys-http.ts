/**
 * The fake Genesys Cloud over HTTP: token endpoint and API as the real one has them, EventBridge’s
 * list of partner event sources, and under `/_genesys/` what people and tests tell it.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { messageOf } from '../../cli/user-error.ts';
import { guarded } from '../http/guard.ts';
import { readText } from '../http/request-text.ts';
import {
  type FakeGenesys,
  type FakeGenesysResponse,
  failure,
  GENESYS_SCOPES,
  type GenesysScope,
} from './fake-genesys.ts';
import { type SendRequest, sendForStreams } from './fake-genesys-deliveries.ts';
import type { GenesysFaults } from './fake-genesys-faults.ts';

/** Ports and settings of the interface. */
export interface FakeGenesysHttpOptions {
  readonly genesys: FakeGenesys;
  readonly faults: GenesysFaults;
  /** The key that requests under `/_genesys/` must carry. */
  readonly accessKey: string;
}

const BODY_BYTES_MAX = 256 * 1_024;

interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly text: string;
  readonly authorization: string | undefined;
}

interface Route {
  readonly pattern: RegExp;
  readonly scope: GenesysScope;
  readonly answer: (genesys: FakeGenesys, call: Call, id: string) => FakeGenesysResponse;
}

const STREAMS = '/api/v2/eventbridge/streams';
const INTEGRATIONS = '/api/v2/integrations';

const ROUTES: readonly Route[] = [
  route(`GET ${STREAMS}`, 'eventbridge:stream:view', (genesys, { query }) => genesys.listStreams(query)),
  route(`POST ${STREAMS}`, 'eventbridge:stream:add', (genesys, call) => genesys.addStream(json(call))),
  route(`GET ${STREAMS}/ID`, 'eventbridge:stream:view', (genesys, _, id) => genesys.readStream(id)),
  route(`PUT ${STREAMS}/ID`, 'eventbridge:stream:edit', (genesys, call, id) => genesys.replaceStream(id, json(call))),
  route(`DELETE ${STREAMS}/ID`, 'eventbridge:stream:delete', (genesys, _, id) => genesys.deleteStream(id)),
  route(`GET ${INTEGRATIONS}`, 'integrations:integration:view', (genesys, { query }) =>
    genesys.listIntegrations(query),
  ),
  route(`POST ${INTEGRATIONS}`, 'integrations:integration:add', (genesys, call) => genesys.addIntegration(json(call))),
  route(`PATCH ${INTEGRATIONS}/ID`, 'integrations:integration:edit', (genesys, call, id) =>
    genesys.patchIntegration(id, json(call)),
  ),
  route(`GET ${INTEGRATIONS}/ID/config/current`, 'integrations:integration:view', (genesys, _, id) =>
    genesys.readConfig(id),
  ),
  route(`PUT ${INTEGRATIONS}/ID/config/current`, 'integrations:integration:edit', (genesys, call, id) =>
    genesys.replaceConfig(id, json(call)),
  ),
];

function route(line: string, scope: GenesysScope, answer: Route['answer']): Route {
  return { pattern: new RegExp(`^${line.replace('ID', '([^/]+)')}$`), scope, answer };
}

/** Answers all requests. */
export function fakeGenesysListener(options: FakeGenesysHttpOptions): RequestListener {
  const listener: RequestListener = (request, response) => {
    handle(options, request, response).catch((error: unknown) => {
      send(response, failure(400, 'bad.request', messageOf(error)));
    });
  };
  const isControl = ({ url = '' }: IncomingMessage) => url.startsWith('/_genesys/');
  return guarded(listener, { accessKey: options.accessKey, needsKey: isControl });
}

async function handle(
  options: FakeGenesysHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const call: Call = {
    method: request.method ?? 'GET',
    path: url.pathname,
    query: url.searchParams,
    text: await readText(request, BODY_BYTES_MAX),
    authorization: request.headers.authorization,
  };
  if (call.path.startsWith('/_genesys/')) return send(response, await control(options, call));
  if (request.headers['x-amz-target'] === 'AWSEvents.ListEventSources') {
    return send(response, { status: 200, body: { EventSources: options.genesys.partnerSources } });
  }
  const fault = options.faults.next(call.method, call.path);
  if (fault === undefined) return send(response, serve(options.genesys, call));
  if (fault.applyFirst === true) serve(options.genesys, call);
  if (fault.status === 0) return void response.destroy();
  const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
  send(response, failure(fault.status, 'fault', fault.message ?? 'The fake was told to fail.'), headers);
}

function serve(genesys: FakeGenesys, call: Call): FakeGenesysResponse {
  const line = `${call.method} ${call.path}`;
  if (line === 'POST /oauth/token') return genesys.issueToken(call.authorization, call.text);
  for (const { pattern, scope, answer } of ROUTES) {
    const match = pattern.exec(line);
    if (match !== null) {
      return genesys.refusal(call.authorization, scope) ?? answer(genesys, call, decodeURIComponent(match[1] ?? ''));
    }
  }
  return failure(404, 'not.found', `There is no ${line}.`);
}

async function control({ genesys, faults }: FakeGenesysHttpOptions, call: Call): Promise<FakeGenesysResponse> {
  switch (`${call.method} ${call.path}`) {
    case 'POST /_genesys/faults': {
      const problem = faults.set(json(call));
      return problem === undefined ? { status: 200, body: {} } : failure(400, 'bad.request', problem);
    }
    case 'POST /_genesys/up':
      faults.set({ rules: [] });
      genesys.scopes = new Set(GENESYS_SCOPES);
      return { status: 200, body: {} };
    case 'POST /_genesys/expire':
      genesys.expireTokens();
      return { status: 200, body: {} };
    case 'POST /_genesys/forbid': {
      const { scopes } = json(call) as { readonly scopes: readonly string[] };
      genesys.scopes = new Set(GENESYS_SCOPES.filter((scope) => !scopes.includes(scope)));
      return { status: 200, body: { scopes: [...genesys.scopes] } };
    }
    case 'POST /_genesys/bus':
      genesys.busMade = true;
      return { status: 200, body: {} };
    case 'POST /_genesys/send':
      return { status: 200, body: await sendForStreams(genesys, json(call) as SendRequest) };
    default:
      return failure(404, 'not.found', `There is no ${call.method} ${call.path}.`);
  }
}

function json(call: Call): unknown {
  return call.text === '' ? {} : JSON.parse(call.text);
}

function send(
  response: ServerResponse,
  { status, body }: FakeGenesysResponse,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(body === undefined ? undefined : JSON.stringify(body));
}
