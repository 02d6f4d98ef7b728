/**
 * A fake of HubSpot's CRM API: batch upsert by a unique property, default associations, properties,
 * and OAuth.
 */
import type { ConnectorSettings } from '../../../../lambdas/domain/crm/connector.ts';
import type { CrmHttpResponse } from '../../crm-http-message.ts';
import { type ApiRequest, type FakeContext, type FakeVendor, formIn, objectIn } from '../fake-vendor.ts';
import type { RecordStore, StoredRecord } from '../record-store.ts';
import { propertiesOf } from './properties.ts';

const TOKEN_MS = 1_800_000;
const INPUTS_MAX = 100;
const VERSIONS = ['2026-09', '2026-03'];
const TOKEN_PATHS = VERSIONS.map((version) => `/oauth/${version}/token`);
const SCOPES = ['contacts', 'calls'].flatMap((type) => [`crm.objects.${type}.read`, `crm.objects.${type}.write`]);
const ID = 'aeb5f871-7f07-4993-9211-075dc63e7cbf';

type Json = Readonly<Record<string, unknown>>;

/** HubSpot. */
export const hubspotFake: FakeVendor = {
  title: 'HubSpot',
  settings: { apiVersion: '2026-09', contactKey: 'ext_key', callKey: 'conv_id' },
  isTokenRequest: ({ path }) => TOKEN_PATHS.includes(path),
  token: answerToken,
  unauthorized: (why) =>
    why === 'expired'
      ? error(401, 'EXPIRED_AUTHENTICATION', 'The OAuth token used to make this call expired 0 second(s) ago.')
      : error(401, 'INVALID_AUTHENTICATION', 'Authentication credentials not found or invalid.'),
  throttled: () => rateLimit('TEN_SECONDLY_ROLLING', 'ten_secondly_rolling'),
  quota: () => rateLimit('DAILY', 'daily'),
  errors: {
    // A value of the request is that of another contact: no renewed try passes.
    'two-matches': error(409, 'CONFLICT', 'Contact already exists. Existing ID: 12345'),
    lock: { status: 423, body: { status: 'error', message: 'The record is locked.', correlationId: ID } },
    partial: partial('VALIDATION_ERROR', 'Property values were not valid'),
    'partial-conflict': partial('CONFLICT', 'Contact already exists. Existing ID: 12345'),
    'partial-scopes': partial('MISSING_SCOPES', 'This app hasn’t been granted all required scopes.'),
    'partial-rate': partial('RATE_LIMITS', 'You have reached your secondly limit.'),
    'partial-unknown': partial('INTERNAL_ERROR', 'Something went wrong.'),
    'lost-race': error(409, 'CONFLICT', 'Contact already exists. Existing ID: 12345'),
    'object-not-found': error(404, 'OBJECT_NOT_FOUND', 'Object not found. objectId are usually numeric.'),
    'secondly-limit': rateLimit('SECONDLY', 'secondly'),
    migration: {
      status: 477,
      headers: { 'retry-after': '3600' },
      body: { status: 'error', message: 'Migration in progress' },
    },
    'internal-error': error(500, 'INTERNAL_ERROR', 'internal error'),
    timeout: { status: 524, html: '<html><body>A timeout occurred</body></html>' },
  },
  respond,
  records,
};

function answerToken(request: ApiRequest, { tokens, nowMs, isIn }: FakeContext): CrmHttpResponse {
  const form = formIn(request);
  if (request.method !== 'POST' || form === undefined) return tokenRefusal('invalid_request', 'BAD_REQUEST');
  if (form.get('grant_type') !== 'refresh_token') return tokenRefusal('unsupported_grant_type', 'BAD_GRANT_TYPE');
  if (isIn('wrong-credentials') || !tokens.isClient(form.get('client_id'), form.get('client_secret'))) {
    return tokenRefusal('invalid_client', 'BAD_CLIENT_ID');
  }
  if (form.get('refresh_token') !== tokens.credentials?.refreshToken) {
    return tokenRefusal('invalid_grant', 'BAD_REFRESH_TOKEN');
  }
  return {
    status: 200,
    body: {
      access_token: tokens.issue(TOKEN_MS, nowMs),
      refresh_token: tokens.credentials.refreshToken,
      expires_in: TOKEN_MS / 1_000,
      token_type: 'bearer',
      hub_id: 1,
      user_id: 2,
      scopes: SCOPES,
    },
  };
}

function tokenRefusal(code: string, status: string): CrmHttpResponse {
  const description = status.toLowerCase().replaceAll('_', ' ');
  return { status: 400, body: { error: code, error_description: description, status, message: description } };
}

function respond(request: ApiRequest, context: FakeContext): CrmHttpResponse {
  const { method, path, segments, json } = request;
  if (method === 'POST' && path === '/oauth/v2/private-apps/get/access-token-info') return tokenInfo(json, context);
  const property = /^\/crm\/(v3\/properties|properties\/2026-0[39])\/(contacts|calls)\/(\w+)$/.exec(path);
  if (method === 'GET' && property !== null) return propertyOf(property[2] ?? '', property[3] ?? '', context);
  const [crm, objects, version = '', type = '', ...rest] = segments;
  const isKnown =
    `${crm} ${objects}` === 'crm objects' && VERSIONS.includes(version) && /^(contacts|calls)$/.test(type);
  if (!isKnown) return error(404, 'OBJECT_NOT_FOUND', 'resource not found');
  if (method === 'POST' && rest.join('/') === 'batch/upsert') return batchUpsert(type, json, context);
  if (method === 'PATCH' && rest.length === 1) return update(type, rest[0] ?? '', request, context);
  const [callId = '', associations, kindOfAssociation, to, contactId = ''] = rest;
  if (
    method === 'PUT' &&
    rest.length === 5 &&
    `${type} ${associations} ${kindOfAssociation} ${to}` === 'calls associations default contacts'
  ) {
    return associate(callId, contactId, context);
  }
  return error(405, 'VALIDATION_ERROR', `HTTP ${method} is not supported here`);
}

function tokenInfo(json: unknown, { tokens, nowMs, isIn }: FakeContext): CrmHttpResponse {
  const none = { expiredSinceMs: undefined, revokedSinceMs: undefined };
  if (tokens.check(`Bearer ${String(objectIn(json)?.tokenKey)}`, none, nowMs) !== undefined) {
    return error(404, 'OBJECT_NOT_FOUND', 'The token is unknown.');
  }
  const scopes = isIn('no-permission') ? SCOPES.filter((scope) => scope.endsWith('.read')) : SCOPES;
  return { status: 200, body: { userId: 2, hubId: 1, appId: 3, scopes } };
}

function propertyOf(type: string, name: string, { settings, isIn }: FakeContext): CrmHttpResponse {
  const isKey = name === keyOf(type, settings);
  if (!Object.hasOwn(propertiesOf(type, settings), name) || (isKey && isIn('no-key'))) {
    return error(404, 'OBJECT_NOT_FOUND', `Property '${name}' does not exist`);
  }
  const hasUniqueValue = isKey && !isIn('key-not-unique');
  return { status: 200, body: { name, label: name, type: 'string', fieldType: 'text', hasUniqueValue } };
}

function batchUpsert(type: string, json: unknown, context: FakeContext): CrmHttpResponse {
  const { inputs } = objectIn(json) ?? {};
  const rows = Array.isArray(inputs) ? inputs.map(objectIn) : [];
  if (rows.length === 0 || rows.length > INPUTS_MAX || rows.some((row) => row === undefined)) {
    return error(400, 'VALIDATION_ERROR', 'Invalid input JSON: inputs must have 1 to 100 objects');
  }
  if (context.isIn('no-permission')) return missingScopes(type);
  const ids = rows.map((row) => row?.id);
  if (new Set(ids).size < ids.length) return error(400, 'VALIDATION_ERROR', 'Duplicate IDs found in batch input');
  const results: Json[] = [];
  const errors: Json[] = [];
  for (const row of rows) {
    const result = upsert(type, row ?? {}, context);
    if (typeof result === 'string') errors.push(rowError('VALIDATION_ERROR', result, row?.objectWriteTraceId));
    else results.push(result);
  }
  const untraced = errors.find(({ context: where }) => where === undefined);
  // Without a trace id one bad row fails the whole batch.
  if (untraced !== undefined) return error(400, 'VALIDATION_ERROR', String(untraced.message));
  const times = { startedAt: instant(context), completedAt: instant(context) };
  if (errors.length === 0) return { status: 200, body: { status: 'COMPLETE', results, ...times } };
  return { status: 207, body: { status: 'COMPLETE', results, numErrors: errors.length, errors, ...times } };
}

/** The result of one row, or what is wrong with it. */
function upsert(type: string, row: Json, context: FakeContext): Json | string {
  const { store, settings, isIn } = context;
  const { id, idProperty, objectWriteTraceId, properties, ...others } = row;
  const [other] = Object.keys(others);
  if (other !== undefined) return `Unrecognized field "${other}"`;
  const key = keyOf(type, settings);
  if (idProperty !== key || isIn('no-key') || isIn('key-not-unique')) {
    return `Property ${String(idProperty)} is not a unique property of ${type}`;
  }
  if (typeof id !== 'string' || id === '') return 'id must be a text';
  const problem = problemWith(type, properties, settings);
  if (problem !== undefined) return problem;
  const [before] = store.find(type, key, id);
  const values = merged({ ...before?.values, [key]: before?.values[key] ?? id }, properties as Json);
  if (type === 'calls' && values.hs_timestamp === undefined) {
    return 'Some required properties were not set: hs_timestamp';
  }
  const recordId = before?.id ?? String((type === 'calls' ? 70_000 : 500) + store.all(type).length + 1);
  store.put(type, { id: recordId, values });
  const trace = objectWriteTraceId === undefined ? {} : { objectWriteTraceId };
  const times = { createdAt: instant(context), updatedAt: instant(context), archived: false };
  return { id: recordId, new: before === undefined, properties: values, ...times, ...trace };
}

function update(type: string, value: string, { query, json }: ApiRequest, context: FakeContext): CrmHttpResponse {
  const { store, settings, isIn } = context;
  const key = keyOf(type, settings);
  if (query.get('idProperty') !== key || isIn('no-key') || isIn('key-not-unique')) {
    return error(400, 'VALIDATION_ERROR', `Property ${query.get('idProperty')} is not a unique property of ${type}`);
  }
  if (isIn('no-permission')) return missingScopes(type);
  const { properties } = objectIn(json) ?? {};
  const problem = problemWith(type, properties, settings);
  if (problem !== undefined) return error(400, 'VALIDATION_ERROR', problem);
  const [before] = store.find(type, key, value);
  if (before === undefined) return error(404, 'OBJECT_NOT_FOUND', 'resource not found');
  const values = merged(before.values, properties as Json);
  store.put(type, { id: before.id, values });
  const times = { createdAt: instant(context), updatedAt: instant(context), archived: false };
  return { status: 200, body: { id: before.id, properties: values, ...times } };
}

function associate(callId: string, contactId: string, { store, isIn }: FakeContext): CrmHttpResponse {
  if (isIn('no-permission')) return missingScopes('contacts');
  if (store.get('calls', callId) === undefined || store.get('contacts', contactId) === undefined) {
    return error(404, 'OBJECT_NOT_FOUND', 'One of the objects of the association does not exist.');
  }
  store.put('associations', { id: `${callId} ${contactId}`, values: { callId, contactId } });
  const pair = { from: { id: callId }, to: { id: contactId } };
  const spec = { associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 194 };
  return { status: 200, body: { status: 'COMPLETE', results: [{ ...pair, associationSpec: spec }] } };
}

function problemWith(type: string, properties: unknown, settings: ConnectorSettings): string | undefined {
  const given = objectIn(properties);
  if (given === undefined) return 'properties must be an object';
  const known = propertiesOf(type, settings);
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) return invalid(name, 'PROPERTY_DOESNT_EXIST', `Property "${name}" does not exist`);
    if (typeof value !== 'string') return `Invalid input JSON: properties.${name} is not a text`;
    if (value !== '' && known[name]?.(value) === false) return invalid(name, 'INVALID_VALUE', `${value} was not valid`);
  }
  return undefined;
}

function invalid(name: string, code: string, message: string): string {
  return `Property values were not valid: ${JSON.stringify([{ isValid: false, message, error: code, name }])}`;
}

/** An empty text clears a property. */
function merged(before: Json, properties: Json): Json {
  return Object.fromEntries(Object.entries({ ...before, ...properties }).filter(([, value]) => value !== ''));
}

function rowError(category: string, message: string, traceId: unknown): Json {
  const context = traceId === undefined ? {} : { context: { objectWriteTraceId: [traceId] } };
  return { status: 'error', category, message, ...context };
}

/** One row failed: the answer to a batch with a single row. */
function partial(category: string, message: string) {
  return ({ json }: ApiRequest): CrmHttpResponse => {
    const { inputs } = objectIn(json) ?? {};
    const traceId = Array.isArray(inputs) ? objectIn(inputs[0])?.objectWriteTraceId : undefined;
    const errors = [rowError(category, message, traceId)];
    return { status: 207, body: { status: 'COMPLETE', results: [], numErrors: 1, errors } };
  };
}

function missingScopes(type: string): CrmHttpResponse {
  const message = 'This app hasn’t been granted all required scopes to make this call.';
  const scopes = { requiredGranularScopes: [`crm.objects.${type}.write`] };
  const errors = [{ message: 'One or more of the following scopes are required.', context: scopes }];
  return { status: 403, body: { status: 'error', message, correlationId: ID, errors, category: 'MISSING_SCOPES' } };
}

function rateLimit(policyName: string, words: string): CrmHttpResponse {
  const message = `You have reached your ${words} limit.`;
  return { status: 429, body: { status: 'error', message, errorType: 'RATE_LIMIT', correlationId: ID, policyName } };
}

function error(status: number, category: string, message: string): CrmHttpResponse {
  return { status, body: { status: 'error', message, correlationId: ID, category } };
}

function keyOf(type: string, { contactKey, callKey }: ConnectorSettings): string {
  return type === 'calls' ? callKey : contactKey;
}

function instant({ nowMs }: FakeContext): string {
  return new Date(nowMs).toISOString();
}

function records(store: RecordStore, { contactKey, callKey }: ConnectorSettings) {
  const text = (record: StoredRecord | undefined, name: string) => String(record?.values[name] ?? '');
  const contactOf = (callId: string) => {
    const [association] = store.find('associations', 'callId', callId);
    return association === undefined ? null : text(store.get('contacts', text(association, 'contactId')), contactKey);
  };
  return {
    contacts: store.all('contacts').map((contact) => ({
      key: text(contact, contactKey),
      name: text(contact, 'lastname'),
      phone: text(contact, 'phone'),
    })),
    calls: store.all('calls').map((call) => ({
      key: text(call, callKey),
      contact: contactOf(call.id),
      subject: text(call, 'hs_call_title'),
      duration: `${text(call, 'hs_call_duration')} ms`,
      direction: text(call, 'hs_call_direction'),
    })),
  };
}
