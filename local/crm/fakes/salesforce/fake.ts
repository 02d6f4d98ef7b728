/**
 * A fake of Salesforce's REST API: upsert by external id, describe, and OAuth by client credentials
 * or JWT bearer.
 */
import type { ConnectorSettings } from '../../../../lambdas/domain/crm/connector.ts';
import type { CrmHttpResponse } from '../../crm-http-message.ts';
import { type ApiRequest, clientIn, type FakeContext, type FakeVendor, formIn, objectIn } from '../fake-vendor.ts';
import { type FieldProblem, findProblem } from '../field-rules.ts';
import { JWT_BEARER, problemWithAssertion } from '../jwt-bearer.ts';
import type { RecordStore, StoredRecord } from '../record-store.ts';
import { fieldsOf, REQUIRED } from './fields.ts';

const SESSION_MS = 7_200_000;
const LOGIN_HOSTS = ['https://login.salesforce.com', 'https://test.salesforce.com'];
const TOKEN_PATH = '/services/oauth2/token';
/** Versions that answer as the fake does: older ones answer an update with 204. */
const VERSION = /^v(4[6-9]|5\d|6[0-8])\.0$/;

/** Salesforce. */
export const salesforceFake: FakeVendor = {
  title: 'Salesforce',
  settings: {
    apiVersion: 'v68.0',
    contactKey: 'CrmKey__c',
    contactObject: 'Contact',
    callKey: 'ConvId__c',
    callObject: 'Task',
  },
  isTokenRequest: ({ path }) => path === TOKEN_PATH,
  token: answerToken,
  unauthorized: () => error(401, 'INVALID_SESSION_ID', 'Session expired or invalid'),
  throttled: () => error(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.'),
  quota: () => error(403, 'REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.'),
  errors: {
    lock: error(400, 'UNABLE_TO_LOCK_ROW', 'unable to obtain exclusive access to this record'),
    'two-matches': ({ path, segments }) => {
      const object = segments[4] ?? '';
      const base = path.slice(0, path.indexOf(`/${object}/`) + object.length + 1);
      return { status: 300, body: [`${base}/003000000000001AAA`, `${base}/003000000000002AAA`] };
    },
    'duplicate-rule': { status: 400, body: [duplicatesDetected('003000000000001AAA', '003000000000002AAA')] },
    'lost-race': error(
      400,
      'DUPLICATE_VALUE',
      'duplicate value found: CrmKey__c duplicates value on record with id: 003',
    ),
    'query-timeout': error(400, 'QUERY_TIMEOUT', 'Your query request was running for too long.'),
    'validation-rule': error(400, 'FIELD_CUSTOM_VALIDATION_EXCEPTION', 'The phone number is not valid.'),
    'api-disabled': error(403, 'API_DISABLED_FOR_ORG', 'The REST API is not enabled for this Organization.'),
    'entity-locked': error(400, 'ENTITY_IS_LOCKED', 'the entity is locked for editing'),
    'entity-deleted': error(404, 'ENTITY_IS_DELETED', 'entity is deleted'),
    'concurrent-limit': error(403, 'REQUEST_LIMIT_EXCEEDED', 'ConcurrentPerOrgLongTxn Limit exceeded.'),
    'unknown-exception': error(500, 'UNKNOWN_EXCEPTION', 'An unexpected error occurred. ErrorId: 1-1 (-1)'),
    'server-unavailable': error(503, 'SERVER_UNAVAILABLE', 'Server unavailable'),
  },
  respond,
  records,
};

function answerToken(request: ApiRequest, { tokens, nowMs, origin, isIn }: FakeContext): CrmHttpResponse {
  const form = formIn(request);
  if (request.method !== 'POST' || form === undefined) return refusal('invalid_request', 'POST a form');
  const grant = form.get('grant_type');
  if (grant === JWT_BEARER) {
    const audiences = [...LOGIN_HOSTS, origin];
    const problem = problemWithAssertion(form.get('assertion') ?? '', tokens.credentials ?? {}, audiences, nowMs);
    if (isIn('wrong-credentials') || problem !== undefined)
      return refusal('invalid_grant', problem ?? 'invalid assertion');
  } else if (grant === 'client_credentials') {
    const [id, secret] = clientIn(request, form);
    if (isIn('wrong-credentials') || !tokens.isClient(id, secret))
      return refusal('invalid_client', 'invalid client credentials');
  } else return refusal('unsupported_grant_type', 'grant type not supported');
  const accessToken = tokens.issue(SESSION_MS, nowMs);
  return {
    status: 200,
    body: {
      access_token: accessToken,
      signature: 'c2lnbmF0dXJl',
      scope: 'api',
      instance_url: origin,
      id: `${origin}/id/00D000000000001EAA/005000000000001AAA`,
      token_type: 'Bearer',
      issued_at: String(nowMs),
    },
  };
}

function refusal(code: string, description: string): CrmHttpResponse {
  return { status: 400, body: { error: code, error_description: description } };
}

function respond(request: ApiRequest, context: FakeContext): CrmHttpResponse {
  const [services, data, version = '', sobjects, object = '', field = '', ...values] = request.segments;
  const rules = fieldsOf(object, context.settings);
  if (services !== 'services' || data !== 'data' || sobjects !== 'sobjects' || !VERSION.test(version) || !rules) {
    return error(404, 'NOT_FOUND', 'The requested resource does not exist');
  }
  if (request.method === 'GET' && field === 'describe' && values.length === 0) return describe(object, context);
  if (request.method !== 'PATCH' || values.length !== 1) {
    return error(405, 'METHOD_NOT_ALLOWED', `HTTP Method '${request.method}' not allowed. Allowed are PATCH`);
  }
  if (field !== keyOf(object, context.settings) || context.isIn('no-key')) {
    return error(404, 'NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${field}`);
  }
  return upsert(request, context, object, values[0] ?? '');
}

function upsert(request: ApiRequest, context: FakeContext, object: string, key: string): CrmHttpResponse {
  const { store, settings, isIn } = context;
  const keyField = keyOf(object, settings);
  const body = objectIn(request.json);
  if (body === undefined) return error(400, 'JSON_PARSER_ERROR', 'Unexpected content at [line:1, column:1]');
  const sent = withoutWho(body, context);
  if ('status' in sent) return sent;
  const problem = problemWith(object, keyField, sent.values, settings);
  if (problem !== undefined) return problem;
  if (isIn('no-permission')) {
    return error(403, 'INSUFFICIENT_ACCESS_OR_READONLY', 'insufficient access rights on object id');
  }
  const [before] = store.find(object, keyField, key);
  if (before === undefined && request.query.get('updateOnly') === 'true') {
    return error(404, 'NOT_FOUND', 'The requested resource does not exist');
  }
  const values = { ...before?.values, ...sent.values, [keyField]: before?.values[keyField] ?? key };
  const missing = REQUIRED[object === settings.callObject ? 'call' : 'contact'].filter((name) => values[name] == null);
  if (missing.length > 0) {
    return error(400, 'REQUIRED_FIELD_MISSING', `Required fields are missing: [${missing.join(', ')}]`, missing);
  }
  const id = before?.id ?? newId(object === settings.callObject ? '00T' : '003', store.all(object).length + 1);
  store.put(object, { id, values });
  const status = before === undefined ? 201 : 200;
  return { status, body: { id, success: true, errors: [], created: before === undefined } };
}

/** The values with `Who`, a reference by external id, replaced by the id of its record. */
function withoutWho(body: Readonly<Record<string, unknown>>, { store, settings }: FakeContext) {
  const { Who, ...values } = body;
  if (Who === undefined) return { values };
  const { attributes, ...reference } = objectIn(Who) ?? {};
  const type = objectIn(attributes)?.type;
  const [field, ...others] = Object.keys(reference);
  if (type !== settings.contactObject || field === undefined || others.length > 0) {
    return error(400, 'JSON_PARSER_ERROR', 'Can not deserialize: the type of a polymorphic reference is missing');
  }
  const value = String(reference[field]);
  const [contact] = field === settings.contactKey ? store.find(type, field, value) : [];
  if (contact !== undefined) return { values: { ...values, WhoId: contact.id } };
  const message = `Foreign key external ID: ${value.toLowerCase()} not found for field ${field} in entity ${type}`;
  return error(400, 'INVALID_FIELD', message);
}

function problemWith(
  object: string,
  keyField: string,
  values: Readonly<Record<string, unknown>>,
  settings: ConnectorSettings,
): CrmHttpResponse | undefined {
  const inBody = ['Id', keyField].find((name) => Object.hasOwn(values, name));
  if (inBody !== undefined) {
    return error(400, 'INVALID_FIELD', `The ${inBody} field should not be specified in the sobject data.`);
  }
  const found = findProblem(fieldsOf(object, settings) ?? {}, values);
  return found === undefined ? undefined : fieldError(object, found.field, found.problem, values[found.field]);
}

function fieldError(object: string, field: string, problem: FieldProblem, value: unknown): CrmHttpResponse {
  switch (problem) {
    case 'unknown_field':
      return error(400, 'INVALID_FIELD', `No such column '${field}' on sobject of type ${object}`);
    case 'type':
      return error(400, 'JSON_PARSER_ERROR', `Cannot deserialize the value of ${field} at [line:1, column:2]`);
    case 'length':
      return error(400, 'STRING_TOO_LONG', `${field}: data value too large`, [field]);
    case 'choice': {
      const message = `${field}: bad value for restricted picklist field: ${value}`;
      return error(400, 'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST', message, [field]);
    }
    case 'range':
      return error(400, 'NUMBER_OUTSIDE_VALID_RANGE', `${field}: value outside of valid range: ${value}`, [field]);
    default:
      return problem satisfies never;
  }
}

/**
 * The answer to `describe`, in so far as it says what may be written and which fields are unique.
 */
function describe(object: string, { settings, isIn }: FakeContext): CrmHttpResponse {
  const keyField = keyOf(object, settings);
  const writable = !isIn('no-permission');
  const names = Object.keys(fieldsOf(object, settings) ?? {}).filter((name) => name !== keyField || !isIn('no-key'));
  const fields = names.map((name) => ({
    name,
    externalId: name === keyField,
    unique: name === keyField && !isIn('key-not-unique'),
    createable: writable,
    updateable: writable,
  }));
  return { status: 200, body: { name: object, createable: writable, updateable: writable, queryable: true, fields } };
}

function keyOf(object: string, { callObject, callKey, contactKey }: ConnectorSettings): string {
  return object === callObject ? callKey : contactKey;
}

function newId(prefix: string, count: number): string {
  return `${prefix}${String(count).padStart(12, '0')}AAA`;
}

function duplicatesDetected(...ids: readonly string[]) {
  return {
    message: 'Use one of these records?',
    errorCode: 'DUPLICATES_DETECTED',
    duplicateResult: { matchResults: [{ matchRecords: ids.map((Id) => ({ record: { Id } })) }] },
  };
}

function error(status: number, errorCode: string, message: string, fields?: readonly string[]): CrmHttpResponse {
  return { status, body: [{ message, errorCode, ...(fields === undefined ? {} : { fields }) }] };
}

function records(store: RecordStore, { contactObject, contactKey, callObject, callKey }: ConnectorSettings) {
  const text = (record: StoredRecord | undefined, field: string) => String(record?.values[field] ?? '');
  return {
    contacts: store.all(contactObject).map((contact) => ({
      key: text(contact, contactKey),
      name: text(contact, 'LastName'),
      phone: text(contact, 'Phone'),
    })),
    calls: store.all(callObject).map((task) => ({
      key: text(task, callKey),
      contact: text(store.get(contactObject, text(task, 'WhoId')), contactKey),
      subject: text(task, 'Subject'),
      duration: `${text(task, 'CallDurationInSeconds')} s`,
      direction: text(task, 'CallType'),
    })),
  };
}
