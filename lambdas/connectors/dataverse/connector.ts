/**
 * Dynamics 365 by Dataverse's Web API: contacts by an alternate key, phone calls by an id made of
 * the conversation's.
 */
import { hash } from 'node:crypto';
import type { LogCall, UpsertContact } from '../../domain/crm/action.ts';
import type { Connector, ConnectorSettings, CrmRequest, CrmRequests } from '../../domain/crm/connector.ts';
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { valuesAt } from '../../domain/crm/response-rules.ts';
import { callEndsAt, customerOf, describeCall, text } from '../call-texts.ts';
import { sendRequest } from '../send-request.ts';
import { dataverseRules } from './rules.ts';

/** Characters that the fields hold. */
const SUBJECT_MAX = 200;
const NAME_MAX = 50;
const DESCRIPTION_MAX = 2_000;

const ODATA = { 'odata-version': '4.0', 'odata-maxversion': '4.0' };

/** Ids of phone calls are version 5 UUIDs under this namespace. A change would log calls again. */
const CALLS_NAMESPACE = '5f0c8a1e-2f6b-4f7e-9d55-0d6c0e8f3a21';

const COMPLETED = 1;
/** `statuscode` of a completed call: Made, Received. */
const STATUS = { outbound: 2, inbound: 4 } as const;
/** `participationtypemask`: who called, who was called. */
const PARTY = { inbound: 1, outbound: 2 } as const;

/** Needs an alternate key on contacts over the column `crm.contactKey`. */
export const dataverse: Connector = {
  title: 'Dynamics 365',
  settings: { apiVersion: 'v9.2', contactKey: 'new_extkey' },
  actions: ['upsert-contact', 'log-call', 'request'],
  rate: { requests: 200, windowMs: 10_000 },
  requestsOf: { 'log-call': 3 },
  token: { scope: (baseUrl) => `${new URL(baseUrl).origin}/.default` },
  // These characters break a URL with an alternate key.
  contactKeyForm: /^[^/<>*%&:\\?+]{1,200}$/,
  rules: dataverseRules,
  requests(action, { settings }) {
    switch (action.kind) {
      case 'upsert-contact':
        return upsertContact(action, settings);
      case 'log-call':
        return logCall(action, settings);
      case 'request':
        return sendRequest(action, ODATA);
      default:
        return action satisfies never;
    }
  },
};

/**
 * Without columns for a new contact one upsert; with such, an update, and an upsert if there is
 * nothing to update.
 */
function* upsertContact({ key, fields, onCreate }: UpsertContact, settings: ConnectorSettings): CrmRequests {
  const path = `${api(settings)}/${contactUri(key, settings, encodeURIComponent)}`;
  if (onCreate !== undefined) {
    const headers = { ...ODATA, 'if-match': '*' };
    const { rule } = yield { method: 'PATCH', path, headers, body: fields, expects: ['not_found'] };
    if (rule === undefined) return undefined;
  }
  const upsert: CrmRequest = { method: 'PATCH', path, headers: ODATA, body: { ...onCreate, ...fields } };
  const { rule } = yield { ...upsert, expects: ['exists'] };
  if (rule !== undefined) yield upsert;
  return undefined;
}

/**
 * Creates the contact unless it exists, then the call, then completes the call: its state cannot be
 * set with the rest.
 */
function* logCall(action: LogCall, settings: ConnectorSettings): CrmRequests {
  const contacts = `${api(settings)}/contacts`;
  yield { method: 'POST', path: contacts, headers: ODATA, body: newContact(action, settings), expects: ['exists'] };
  const path = `${api(settings)}/phonecalls(${uuidV5(action.conversationId)})`;
  const call = phoneCallOf(action, settings);
  const { rule } = yield { method: 'PATCH', path, headers: ODATA, body: call, expects: ['closed'] };
  if (rule === 'closed') {
    const { body } = yield { method: 'GET', path: `${path}?$select=statecode`, headers: ODATA };
    return valuesAt(body, '/statecode')[0] === COMPLETED ? undefined : 'permanent';
  }
  // The call was open a moment ago. Where the response was lost and the adapter repeats the
  // request, it is closed.
  const body = { statecode: COMPLETED, statuscode: STATUS[action.direction] };
  yield { method: 'PATCH', path, headers: ODATA, body, expects: ['closed'] };
  return undefined;
}

function newContact(action: LogCall, { contactKey }: ConnectorSettings) {
  const address = customerOf(action);
  const phone = address !== undefined && isPhoneNumber(address) ? { telephone1: address } : {};
  return { [contactKey]: action.contact, lastname: text(address ?? action.contact, NAME_MAX), ...phone };
}

function phoneCallOf(action: LogCall, settings: ConnectorSettings) {
  const { contact, direction, startedAt, durationMs, fields } = action;
  const address = customerOf(action);
  const bind = `/${contactUri(contact, settings)}`;
  return {
    subject: text(`Call ${address ?? ''}`.trim(), SUBJECT_MAX),
    ...(address === undefined ? {} : { phonenumber: text(address, SUBJECT_MAX) }),
    description: text(describeCall(action), DESCRIPTION_MAX),
    directioncode: direction === 'outbound',
    actualdurationminutes: Math.ceil(durationMs / 60_000),
    actualstart: new Date(startedAt).toISOString(),
    actualend: callEndsAt(action),
    'regardingobjectid_contact_phonecall@odata.bind': bind,
    phonecall_activity_parties: [{ 'partyid_contact@odata.bind': bind, participationtypemask: PARTY[direction] }],
    ...fields,
  };
}

function contactUri(key: string, { contactKey }: ConnectorSettings, encode = (value: string) => value): string {
  return `contacts(${contactKey}='${encode(key.replaceAll("'", "''"))}')`;
}

function api({ apiVersion }: ConnectorSettings): string {
  return `/api/data/${apiVersion}`;
}

/** RFC 9562, section 5.5. */
function uuidV5(name: string): string {
  const bytes = Buffer.concat([Buffer.from(CALLS_NAMESPACE.replaceAll('-', ''), 'hex'), Buffer.from(name, 'utf8')]);
  const digest = Buffer.from(hash('sha1', bytes, 'buffer').subarray(0, 16));
  digest.writeUInt8((digest.readUInt8(6) & 0x0f) | 0x50, 6);
  digest.writeUInt8((digest.readUInt8(8) & 0x3f) | 0x80, 8);
  return digest.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
