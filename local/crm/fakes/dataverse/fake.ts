/**
 * A fake of Dataverse's Web API: contacts by an alternate key, phone calls by their id, and Entra
 * ID's tokens.
 */
import type { ConnectorSettings } from '../../../../lambdas/domain/crm/connector.ts';
import type { CrmHttpResponse } from '../../crm-http-message.ts';
import { type ApiRequest, clientIn, type FakeContext, type FakeVendor, formIn, objectIn } from '../fake-vendor.ts';
import { type FieldRules, findProblem } from '../field-rules.ts';
import type { RecordStore, StoredRecord } from '../record-store.ts';
import { CONTACT_COLUMNS, PHONE_CALL_COLUMNS } from './columns.ts';

const TOKEN_MS = 3_599_000;
const GUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const USER = '11111111-0000-0000-0000-000000000001';
const COMPLETED = 1;
/** `statuscode` by `statecode`: Open; Made, Sent, Received; Canceled. */
const STATUS_CODES: Readonly<Record<number, readonly number[]>> = { 0: [1], 1: [2, 3, 4], 2: [5] };
const PARTY_TYPES = [1, 2, 3, 4, 9];
const REGARDING = 'regardingobjectid_contact_phonecall@odata.bind';
const PARTIES = 'phonecall_activity_parties';

type Json = Readonly<Record<string, unknown>>;

/** Dynamics 365. */
export const dataverseFake: FakeVendor = {
  title: 'Dynamics 365',
  settings: { apiVersion: 'v9.2', contactKey: 'new_extkey' },
  isTokenRequest: ({ path }) => path.endsWith('/oauth2/v2.0/token'),
  token: answerToken,
  unauthorized: () => ({ status: 401 }),
  throttled: (waitMs) => limit('0x80072322', 'Number of requests exceeded the limit of 6000.', waitMs),
  quota: (waitMs) => limit('0x80072321', 'Combined execution time of incoming requests exceeded the limit.', waitMs),
  errors: {
    lock: error(412, '0x80060882', 'The version of the existing record doesn’t match the RowVersion property.'),
    'two-matches': error(412, '0x80040333', 'A record was not created or updated because a duplicate was found.'),
    'lost-race': error(412, '0x80060892', 'Entity Key violated. A record with the same key exists already.'),
    'duplicate-record': error(412, '0x80040237', 'Cannot insert duplicate key.'),
    'plug-in': error(400, '0x80040265', 'The phone number is not valid.'),
    'required-field': error(400, '0x8004431a', 'A required field is missing.'),
    'user-disabled': error(403, '0x80040225', 'The specified user is disabled.'),
    'record-not-found': error(404, '0x80040217', 'contact With Ids Do Not Exist'),
    'concurrent-limit': limit('0x80072326', 'Number of concurrent requests exceeded the limit of 52.', 1_000),
    'internal-error': error(500, '0x80040216', 'An unexpected error occurred.'),
    unavailable: { status: 503, html: '<html><body>The service is unavailable.</body></html>' },
  },
  respond,
  records,
};

function answerToken(request: ApiRequest, { tokens, nowMs, origin, isIn }: FakeContext): CrmHttpResponse {
  const form = formIn(request);
  if (request.method !== 'POST' || form === undefined || form.get('grant_type') !== 'client_credentials') {
    return tokenRefusal(400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
  }
  if (form.get('scope') !== `${origin}/.default`) {
    return tokenRefusal(400, 'invalid_scope', 70011, `The scope ${form.get('scope')} is not valid.`);
  }
  const [id, secret] = clientIn(request, form);
  if (isIn('wrong-credentials') || !tokens.isClient(id, secret)) {
    return tokenRefusal(401, 'invalid_client', 7000215, 'Invalid client secret provided.');
  }
  const body = { token_type: 'Bearer', expires_in: TOKEN_MS / 1_000, access_token: tokens.issue(TOKEN_MS, nowMs) };
  return { status: 200, body };
}

function tokenRefusal(status: number, code: string, number: number, words: string): CrmHttpResponse {
  const body = { error: code, error_description: `AADSTS${number}: ${words}`, error_codes: [number] };
  return { status, body };
}

function respond(request: ApiRequest, context: FakeContext): CrmHttpResponse {
  const prefix = `/api/data/${context.settings.apiVersion}/`;
  if (!request.path.startsWith(prefix)) return { status: 404, html: '<html><body>Not found</body></html>' };
  const target = decodeURIComponent(request.path.slice(prefix.length));
  if (request.method === 'GET' && target === 'WhoAmI') return { status: 200, body: { UserId: USER } };
  const definition = /^EntityDefinitions\(LogicalName='contact'\)\/Keys$/.test(target);
  if (request.method === 'GET' && definition) return keys(context);
  if (request.method === 'GET' && target.startsWith(`systemusers(${USER})/`)) return privileges(context);
  if (request.headers['odata-version'] !== '4.0' || request.headers['odata-maxversion'] !== '4.0') {
    return error(400, '0x80060888', 'The OData-Version and OData-MaxVersion headers must be 4.0.');
  }
  const [, table, , id = ''] = /^(contacts|phonecalls)(\((.*)\))?$/.exec(target) ?? [];
  if (table === 'contacts') return contacts(id, request, context);
  if (table === 'phonecalls' && GUID.test(id)) return phoneCalls(id.toLowerCase(), request, context);
  return error(404, '0x80060888', `Resource not found for the segment '${target}'.`);
}

/** Contacts are written by their alternate key, and created with it in the body. */
function contacts(id: string, { method, headers, json }: ApiRequest, context: FakeContext): CrmHttpResponse {
  const { store, settings } = context;
  const body = objectIn(json);
  if (body === undefined) return error(400, '0x80048d19', 'The payload is not a JSON object.');
  if (context.isIn('no-permission')) return missingPrivilege('prvWriteContact');
  const byKey = method === 'PATCH' ? keyIn(id, context) : String(body[settings.contactKey] ?? '');
  if (typeof byKey !== 'string') return byKey;
  const { [settings.contactKey]: inBody, ...values } = body;
  const problem = columnProblem(method === 'PATCH' ? body : values, CONTACT_COLUMNS);
  if (problem !== undefined) return problem;
  const [before] = store.find('contacts', settings.contactKey, byKey);
  if (method === 'POST') {
    if (typeof inBody !== 'string' || inBody === '') return error(400, '0x80040203', 'The alternate key is missing.');
    if (before === undefined) return create(byKey, values, context);
    return error(412, '0x80060892', 'Entity Key violated. A record with the same key exists already.');
  }
  if (method !== 'PATCH') return error(405, '0x80060888', `${method} is not supported here.`);
  if (before === undefined) return headers['if-match'] === '*' ? notFound() : create(byKey, values, context);
  store.put('contacts', { id: before.id, values: { ...before.values, ...values } });
  return noContent(`contacts(${before.id})`, context);
}

function create(key: string, values: Json, context: FakeContext): CrmHttpResponse {
  const { store, settings } = context;
  const id = `22222222-0000-0000-0000-${String(store.all('contacts').length + 1).padStart(12, '0')}`;
  store.put('contacts', { id, values: { ...values, [settings.contactKey]: key } });
  return noContent(`contacts(${id})`, context);
}

/** The value in `key='value'`. */
function keyIn(id: string, { settings, isIn }: FakeContext): string | CrmHttpResponse {
  const [, column, quoted = ''] = /^(\w+)='(.*)'$/.exec(id) ?? [];
  if (column === undefined) return error(400, '0x8006088a', `Bad literal in '${id}'.`);
  if (column !== settings.contactKey || isIn('no-key') || isIn('key-not-unique')) {
    return error(400, '0x80060888', `The specified key attribute '${column}' is not an alternate key of contact.`);
  }
  const value = quoted.replaceAll("''", "'");
  return /[/<>*%&:\\?+]/.test(value) ? error(400, '0x8006088a', `Bad literal in '${id}'.`) : value;
}

function phoneCalls(id: string, { method, json }: ApiRequest, context: FakeContext): CrmHttpResponse {
  const { store, isIn } = context;
  const before = store.get('phonecalls', id);
  if (method === 'GET') {
    if (before === undefined) return notFound();
    return { status: 200, body: { activityid: id, statecode: before.values.statecode } };
  }
  const body = objectIn(json);
  if (method !== 'PATCH' || body === undefined) return error(400, '0x80048d19', 'The payload is not a JSON object.');
  if (isIn('no-permission')) return missingPrivilege('prvWriteActivity');
  if (before !== undefined && before.values.statecode !== 0) {
    return error(403, '0x8004022e', 'Cannot update Closed or Cancelled Activity');
  }
  const { statecode, statuscode, ...columns } = body;
  if (statecode === undefined && statuscode === undefined) return writeCall(id, before, columns, context);
  if (before === undefined || Object.keys(columns).length > 0) {
    return error(
      400,
      '0x80048408',
      `${String(statuscode)} is not a valid status code for state code PhoneCallState.Open`,
    );
  }
  if (!STATUS_CODES[Number(statecode)]?.includes(Number(statuscode))) {
    return error(400, '0x80048408', `${String(statuscode)} is not a valid status code on phonecall.`);
  }
  store.put('phonecalls', { id, values: { ...before.values, statecode, statuscode } });
  return noContent(`phonecalls(${id})`, context);
}

function writeCall(id: string, before: StoredRecord | undefined, body: Json, context: FakeContext): CrmHttpResponse {
  const { [REGARDING]: regarding, [PARTIES]: parties, ...columns } = body;
  const problem = columnProblem(columns, PHONE_CALL_COLUMNS) ?? durationProblem(columns);
  if (problem !== undefined) return problem;
  if (typeof columns.subject !== 'string' || columns.subject === '')
    return error(400, '0x80040203', 'subject is missing.');
  if (regarding === undefined || !Array.isArray(parties) || parties.length === 0) {
    return error(400, '0x80040203', 'The phone call has no regarding object or no party.');
  }
  const contact = boundContact(regarding, context);
  if (typeof contact !== 'string') return contact;
  for (const party of parties.map((each: unknown) => objectIn(each) ?? {})) {
    const { 'partyid_contact@odata.bind': bound, participationtypemask } = party;
    if (!PARTY_TYPES.includes(Number(participationtypemask))) return error(400, '0x80048d19', 'A party has no type.');
    const partyContact = boundContact(bound, context);
    if (typeof partyContact !== 'string') return partyContact;
  }
  const state = { statecode: 0, statuscode: 1 };
  context.store.put('phonecalls', { id, values: { ...state, ...before?.values, ...columns, contact } });
  return noContent(`phonecalls(${id})`, context);
}

/** The id of the contact that a bind names. */
function boundContact(bind: unknown, context: FakeContext): string | CrmHttpResponse {
  const [, id = ''] = /^\/contacts\((.*)\)$/.exec(String(bind)) ?? [];
  const key = keyIn(id, context);
  if (typeof key !== 'string') return key;
  const [contact] = context.store.find('contacts', context.settings.contactKey, key);
  return (
    contact?.id ?? error(404, '0x80060891', 'A record with the specified key values does not exist in contact entity')
  );
}

/** Minutes must be those between start and end, rounded: another unit is refused. */
function durationProblem({
  actualdurationminutes: minutes,
  actualstart,
  actualend,
}: Json): CrmHttpResponse | undefined {
  if (minutes === undefined || actualstart === undefined || actualend === undefined) return undefined;
  const exact = (Date.parse(String(actualend)) - Date.parse(String(actualstart))) / 60_000;
  if (Math.abs(Number(minutes) - exact) < 1) return undefined;
  return error(400, '0x80048d19', `actualdurationminutes is ${String(minutes)}; between start and end are ${exact}.`);
}

function columnProblem(values: Json, rules: FieldRules): CrmHttpResponse | undefined {
  const found = findProblem(rules, values);
  if (found === undefined) return undefined;
  const { field, problem } = found;
  switch (problem) {
    case 'unknown_field':
      return error(400, '0x80048d19', `An undeclared property '${field}' was found in the payload.`);
    case 'length':
      return error(400, '0x80044331', `A validation error occurred. The length of '${field}' is too long.`);
    case 'type':
    case 'choice':
    case 'range':
      return error(400, '0x80048d19', `Cannot convert the value of '${field}' to the expected type.`);
    default:
      return problem satisfies never;
  }
}

function keys({ settings, isIn }: FakeContext): CrmHttpResponse {
  const EntityKeyIndexStatus = isIn('key-not-unique') ? 'Failed' : 'Active';
  const key = { LogicalName: settings.contactKey, KeyAttributes: [settings.contactKey], EntityKeyIndexStatus };
  return { status: 200, body: { value: isIn('no-key') ? [] : [key] } };
}

function privileges({ isIn }: FakeContext): CrmHttpResponse {
  const write = ['prvCreateContact', 'prvWriteContact', 'prvCreateActivity', 'prvWriteActivity', 'prvAppendActivity'];
  const names = ['prvReadContact', 'prvReadActivity', ...(isIn('no-permission') ? [] : write)];
  return { status: 200, body: { RolePrivileges: names.map((PrivilegeName) => ({ PrivilegeName, Depth: 'Global' })) } };
}

function missingPrivilege(name: string): CrmHttpResponse {
  return error(403, '0x80040220', `Principal user (Id=${USER}, type=8) is missing ${name} privilege`);
}

function notFound(): CrmHttpResponse {
  return error(404, '0x80060891', 'A record with the specified key values does not exist in contact entity');
}

function noContent(entity: string, { origin, settings }: FakeContext): CrmHttpResponse {
  const id = `${origin}/api/data/${settings.apiVersion}/${entity}`;
  return { status: 204, headers: { 'odata-version': '4.0', 'odata-entityid': id } };
}

function limit(code: string, message: string, waitMs: number): CrmHttpResponse {
  return { ...error(429, code, message), headers: { 'retry-after': String(Math.ceil(waitMs / 1_000)) } };
}

function error(status: number, code: string, message: string): CrmHttpResponse {
  return { status, headers: { 'odata-version': '4.0' }, body: { error: { code, message } } };
}

/** A call is logged once it is completed. */
function records(store: RecordStore, { contactKey }: ConnectorSettings) {
  const text = (record: StoredRecord | undefined, column: string) => String(record?.values[column] ?? '');
  return {
    contacts: store.all('contacts').map((contact) => ({
      key: text(contact, contactKey),
      name: text(contact, 'lastname'),
      phone: text(contact, 'telephone1'),
    })),
    calls: store
      .all('phonecalls')
      .filter(({ values }) => values.statecode === COMPLETED)
      .map((call) => ({
        key: /^Conversation: (.*)$/m.exec(text(call, 'description'))?.[1] ?? call.id,
        contact: text(store.get('contacts', text(call, 'contact')), contactKey),
        subject: text(call, 'subject'),
        duration: `${text(call, 'actualdurationminutes')} min`,
        direction: call.values.directioncode === true ? 'outgoing' : 'incoming',
      })),
  };
}
