/** The sample CRM over HTTP: `POST /api/v1/contacts`, and under `/_crm/` what tests and people look at. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { guarded } from '../http/guard.ts';
import { readText } from '../http/request-text.ts';
import type { CrmFaults, FaultRule } from './crm-faults.ts';
import type { ContactUpdate, SampleCrm } from './sample-crm.ts';

/** What the CRM's HTTP interface works with. */
export interface SampleCrmHttpOptions {
  readonly crm: SampleCrm;
  readonly faults: CrmFaults;
  /** The token that calls must carry; undefined until it is known. */
  readonly token: () => string | undefined;
  /** The key that requests must carry to change how it behaves. */
  readonly accessKey: string;
}

/** Longer than any contact. */
const BODY_BYTES_MAX = 64 * 1_024;

/** Answers the CRM's requests. */
export function sampleCrmListener(options: SampleCrmHttpOptions): RequestListener {
  const listener: RequestListener = (request, response) => {
    route(options, request, response).catch(() => response.destroy());
  };
  return guarded(listener, { accessKey: options.accessKey, needsKey: isControl });
}

/** Calls of the CRM carry its token; what it has seen may be looked at in a browser. */
function isControl({ method, url = '' }: IncomingMessage): boolean {
  return url.startsWith('/_crm/') && method !== 'GET';
}

async function route(options: SampleCrmHttpOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { crm, faults } = options;
  switch (`${request.method} ${request.url}`) {
    case 'POST /api/v1/contacts':
      return takeCall(options, request, response);
    case 'GET /_crm/state':
      return send(response, 200, crm.state);
    case 'GET /_crm/contacts':
      return send(response, 200, crm.contacts);
    case 'GET /_crm/calls':
      return send(response, 200, crm.calls);
    case 'GET /_crm/faults':
      return send(response, 200, { rules: faults.rules });
    case 'DELETE /_crm/faults':
      faults.set({ rules: [] });
      return send(response, 200, { rules: [] });
    case 'POST /_crm/faults': {
      const problem = faults.set(parseJson(await readText(request, BODY_BYTES_MAX)));
      return problem === undefined
        ? send(response, 200, { rules: faults.rules })
        : send(response, 400, { message: problem });
    }
    default:
      return send(response, 404, { message: 'Not found.' });
  }
}

async function takeCall(
  options: SampleCrmHttpOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { crm, faults, token } = options;
  const key = headerOf(request, 'idempotency-key');
  const fields = readFields(parseJson(await readText(request, BODY_BYTES_MAX)));
  const fault = faults.next(fields.phone, Math.random());
  if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
  if (token() === undefined || request.headers.authorization !== `Bearer ${token()}`) {
    crm.note('refused', 401, { key, ...fields }, Date.now());
    return send(response, 401, { message: 'The token is missing or wrong.' });
  }
  if (fault !== undefined && misbehaves(fault)) return fail(crm, fault, { key, ...fields }, response);
  const update = wholeUpdate(key, fields);
  if (update === undefined) {
    crm.note('refused', 400, { key, ...fields }, Date.now());
    return send(response, 400, { message: 'phone and lastCallTimestamp must be non-empty strings.' });
  }
  const { outcome, status } = crm.apply(update, Date.now());
  return outcome === 'refused'
    ? send(response, status, { message: 'This Idempotency-Key was used for another request.' })
    : send(response, status, { result: outcome, phone: update.phone, lastCallTimestamp: update.lastCallTimestamp });
}

function misbehaves({ status, hang, drop }: FaultRule): boolean {
  return status !== undefined || hang === true || drop === true;
}

function fail(
  crm: SampleCrm,
  fault: FaultRule,
  call: { readonly key: string | null } & Partial<ContactUpdate>,
  response: ServerResponse,
): void {
  const answered = fault.hang === true || fault.drop === true ? 0 : (fault.status ?? 500);
  const update = wholeUpdate(call.key, call);
  if (fault.applyFirst === true && update !== undefined) crm.apply(update, Date.now());
  else crm.note(answered >= 400 && answered < 500 ? 'refused' : 'failed', answered, call, Date.now());
  if (fault.hang === true) return;
  if (fault.drop === true) {
    response.destroy();
    return;
  }
  if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
  send(response, answered, { message: 'The CRM was told to fail.' });
}

function headerOf(request: IncomingMessage, name: string): string | null {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function readFields(body: unknown): { phone?: string; lastCallTimestamp?: string } {
  if (typeof body !== 'object' || body === null) return {};
  const { phone, lastCallTimestamp } = body as Readonly<Record<string, unknown>>;
  return {
    ...(typeof phone === 'string' && phone !== '' ? { phone } : {}),
    ...(typeof lastCallTimestamp === 'string' && lastCallTimestamp !== '' ? { lastCallTimestamp } : {}),
  };
}

function wholeUpdate(key: string | null, fields: Partial<ContactUpdate>): ContactUpdate | undefined {
  const { phone, lastCallTimestamp } = fields;
  return phone === undefined || lastCallTimestamp === undefined ? undefined : { key, phone, lastCallTimestamp };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
