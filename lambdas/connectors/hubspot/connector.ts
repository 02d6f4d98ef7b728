/** HubSpot by its CRM objects API: contacts and calls are upserted by a unique property. */
import type { CallOutcome, CrmFields, LogCall, UpsertContact } from '../../domain/crm/action.ts';
import type { Connector, CrmReply, CrmRequest, CrmRequests, RequestContext } from '../../domain/crm/connector.ts';
import { valuesAt } from '../../domain/crm/response-rules.ts';
import { customerOf, describeCall, text } from '../call-texts.ts';
import { sendRequest } from '../send-request.ts';
import { hubspotRules } from './rules.ts';

const BODY_MAX = 65_536;

/**
 * `hs_call_status`, and the ids of the dispositions that every account has (`hs_call_disposition`).
 */
const ENDINGS: Readonly<Record<CallOutcome, { readonly status: string; readonly disposition?: string }>> = {
  connected: { status: 'COMPLETED', disposition: 'f240bbac-87c9-4f6e-bf70-924b57d47db7' },
  voicemail: { status: 'COMPLETED', disposition: 'b2cf5968-551e-4856-9783-52b3da59a7d0' },
  'no-answer': { status: 'NO_ANSWER', disposition: '73a0d17f-1163-4015-bdd5-ec830791da20' },
  busy: { status: 'BUSY', disposition: '9d9162e7-6cf3-4944-bf63-4dff82258764' },
  failed: { status: 'FAILED' },
};

/** Needs two unique properties: `crm.contactKey` on contacts, `crm.callKey` on calls. */
export const hubspot: Connector = {
  title: 'HubSpot',
  baseUrl: 'https://api.hubapi.com',
  settings: { apiVersion: '2026-09', contactKey: 'ext_key', callKey: 'conv_id' },
  actions: ['upsert-contact', 'log-call', 'request'],
  rate: { requests: 100, windowMs: 10_000 },
  requestsOf: { 'log-call': 3 },
  token: { path: '/oauth/2026-09/token' },
  rules: hubspotRules,
  requests(action, context) {
    switch (action.kind) {
      case 'upsert-contact':
        return upsertContact(action, context);
      case 'log-call':
        return logCall(action, context);
      case 'request':
        return sendRequest(action);
      default:
        return action satisfies never;
    }
  },
};

/**
 * Without properties for a new contact one upsert; with such, an update, and an upsert if there is
 * nothing to update.
 */
function* upsertContact({ key, fields, onCreate }: UpsertContact, context: RequestContext): CrmRequests {
  if (onCreate !== undefined) {
    const { contactKey } = context.settings;
    const path = `${objects('contacts', context)}/${encodeURIComponent(key)}?idProperty=${contactKey}`;
    const { rule } = yield { method: 'PATCH', path, body: { properties: texts(fields) }, expects: ['not_found'] };
    if (rule === undefined) return undefined;
  }
  const request = upsertOf('contacts', context.settings.contactKey, key, { ...onCreate, ...fields }, context);
  const first = yield { ...request, expects: ['lost_race'] };
  if (first.rule === undefined) return upsertMeaning(first);
  // Once it may be a race. Twice, another contact has one of the unique values.
  const second = yield { ...request, expects: ['lost_race'] };
  return second.rule === undefined ? upsertMeaning(second) : 'ambiguous';
}

/** A batch lists its errors in the body: only an id in the body is a success. */
function upsertMeaning(reply: CrmReply): 'protocol_error' | undefined {
  return idIn(reply) === undefined ? 'protocol_error' : undefined;
}

/** An upsert takes no associations, so that a call needs three requests. */
function* logCall(action: LogCall, context: RequestContext): CrmRequests {
  const { contactKey, callKey } = context.settings;
  const contactId = idIn(yield upsertOf('contacts', contactKey, action.contact, {}, context));
  if (contactId === undefined) return 'protocol_error';
  const callId = idIn(yield upsertOf('calls', callKey, action.conversationId, propertiesOf(action), context));
  if (callId === undefined) return 'protocol_error';
  const path = `${objects('calls', context)}/${callId}/associations/default/contacts/${contactId}`;
  yield { method: 'PUT', path };
  return undefined;
}

function upsertOf(
  type: string,
  idProperty: string,
  id: string,
  fields: CrmFields,
  context: RequestContext,
): CrmRequest {
  // With a trace id HubSpot names the input in each error.
  const input = { idProperty, id, objectWriteTraceId: context.idempotencyKey, properties: texts(fields) };
  return { method: 'POST', path: `${objects(type, context)}/batch/upsert`, body: { inputs: [input] } };
}

function propertiesOf(action: LogCall): CrmFields {
  const { direction, from, to, durationMs, outcome = 'connected', fields } = action;
  const { status, disposition } = ENDINGS[outcome];
  return {
    hs_timestamp: new Date(action.startedAt).toISOString(),
    hs_call_title: `Call ${customerOf(action) ?? ''}`.trim(),
    hs_call_body: text(describeCall(action), BODY_MAX),
    hs_call_duration: durationMs,
    hs_call_direction: direction === 'inbound' ? 'INBOUND' : 'OUTBOUND',
    hs_call_status: status,
    ...(disposition === undefined || action.outcome === undefined ? {} : { hs_call_disposition: disposition }),
    ...(from === undefined ? {} : { hs_call_from_number: from }),
    ...(to === undefined ? {} : { hs_call_to_number: to }),
    ...fields,
  };
}

function objects(type: string, { settings }: RequestContext): string {
  return `/crm/objects/${settings.apiVersion}/${type}`;
}

function idIn({ body }: CrmReply): string | undefined {
  const [id] = valuesAt(body, '/results/0/id');
  return typeof id === 'string' && /^\d+$/.test(id) ? id : undefined;
}

/** Values are texts; an empty one clears the property. */
function texts(fields: CrmFields): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, value === null ? '' : String(value)]));
}
