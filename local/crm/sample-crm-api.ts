/**
 * The sample CRM's API: the fake of the `rest` connector. `POST /api/v1/contacts` updates a
 * contact. Any other request, of a mapping of the user's own, is kept under its method and path
 * with its body as it came.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrmFaults, FaultRule } from './crm-faults.ts';
import type { CrmHttpReply, CrmHttpRequest, CrmHttpResponse } from './crm-http-message.ts';
import type { LocalCrm } from './crm-listener.ts';
import type { ContactUpdate, SampleCrm } from './sample-crm.ts';

/** Ports and settings of the API. */
export interface SampleCrmApiOptions {
  readonly crm: SampleCrm;
  readonly faults: CrmFaults;
  /** The token that calls must carry; undefined until it is known. */
  readonly token: () => string | undefined;
}

const PAGE = '<!DOCTYPE html><html><head><title>Service unavailable</title></head><body>Try again later.</body></html>';

/** Answers requests, and can be switched to misbehave. */
export class SampleCrmApi implements LocalCrm {
  readonly faults: CrmFaults;
  readonly knownFaults: readonly string[] = [];
  readonly views: LocalCrm['views'];
  readonly #options: SampleCrmApiOptions;

  constructor(options: SampleCrmApiOptions) {
    const { crm, faults } = options;
    this.#options = options;
    this.faults = faults;
    this.views = { state: () => crm.state, contacts: () => crm.contacts, calls: () => crm.calls };
  }

  setFaults(body: unknown): string | undefined {
    const { rules } = (body ?? {}) as { readonly rules?: unknown };
    const named = Array.isArray(rules) ? rules.find((rule?: FaultRule) => rule?.fault !== undefined) : undefined;
    if (named === undefined) return this.faults.set(body);
    return `The sample CRM has no fault ${named.fault}: it is no vendor's (npm start -- -c crm.connector=salesforce)`;
  }

  async handle(request: CrmHttpRequest): Promise<CrmHttpReply> {
    const { crm, faults, token } = this.#options;
    const key = request.headers['idempotency-key'] || null;
    const fields = fieldsOf(request);
    const fault = faults.next((phone) => phone === fields.phone || namesPhone(request, phone), Math.random());
    if (fault?.delayMs !== undefined) await sleep(fault.delayMs);
    if (token() === undefined || request.headers.authorization !== `Bearer ${token()}`) {
      // Other requests may be anybody's: without the token they leave no trace.
      if (isContactUpdate(request)) crm.note('refused', 401, { key, ...fields }, Date.now());
      return { status: 401, body: { message: 'The token is missing or wrong.' } };
    }
    if (fault !== undefined && misbehaves(fault)) return fail(crm, fault, { key, ...fields });
    return this.#apply(key, fields);
  }

  #apply(key: string | null, fields: Partial<ContactUpdate>): CrmHttpResponse {
    const { crm } = this.#options;
    const update = wholeUpdate(key, fields);
    if (update === undefined) {
      crm.note('refused', 400, { key, ...fields }, Date.now());
      return { status: 400, body: { message: 'phone and lastCallTimestamp must be non-empty strings.' } };
    }
    const { outcome, status } = crm.apply(update, Date.now());
    const { phone, lastCallTimestamp } = update;
    return outcome === 'refused'
      ? { status, body: { message: 'This Idempotency-Key was used for another request.' } }
      : { status, body: { result: outcome, phone, lastCallTimestamp } };
  }
}

function misbehaves({ status, hang, drop, html }: FaultRule): boolean {
  return status !== undefined || hang === true || drop === true || html === true;
}

function fail(
  crm: SampleCrm,
  fault: FaultRule,
  call: { readonly key: string | null } & Partial<ContactUpdate>,
): CrmHttpReply {
  const status = fault.status ?? (fault.html === true ? 503 : 500);
  const answered = fault.hang === true || fault.drop === true ? 0 : status;
  const update = wholeUpdate(call.key, call);
  if (fault.applyFirst === true && update !== undefined) crm.apply(update, Date.now());
  else crm.note(answered >= 400 && answered < 500 ? 'refused' : 'failed', answered, call, Date.now());
  if (fault.hang === true) return 'never';
  if (fault.drop === true) return 'dropped';
  const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
  return fault.html === true
    ? { status, headers, html: PAGE }
    : { status, headers, body: { message: 'The CRM was told to fail.' } };
}

function isContactUpdate({ method, path }: CrmHttpRequest): boolean {
  return method === 'POST' && path === '/api/v1/contacts';
}

/** Fields of a contact; of any other request its line and its body. */
function fieldsOf(request: CrmHttpRequest): Partial<ContactUpdate> {
  const { method, path, body } = request;
  if (isContactUpdate(request)) return readFields(parseJson(body));
  return { phone: `${method} ${path}`, lastCallTimestamp: body || '-' };
}

/** True if the request of a mapping of the user's own has the number in its path or body. */
function namesPhone({ path, body }: CrmHttpRequest, phone: string): boolean {
  return path.includes(encodeURIComponent(phone)) || body.includes(JSON.stringify(phone));
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
