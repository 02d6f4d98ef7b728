/**
 * Zendesk by its Support API: users by their external id, a call as a ticket with the conversation
 * as external id.
 */
import type { CrmFields, LogCall, UpsertContact } from '../../domain/crm/action.ts';
import type { Connector, CrmReply, CrmRequest, CrmRequests } from '../../domain/crm/connector.ts';
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { valuesAt } from '../../domain/crm/response-rules.ts';
import { customerOf, describeCall, text } from '../call-texts.ts';
import { sendRequest } from '../send-request.ts';
import { zendeskRules } from './rules.ts';

const SUBJECT_MAX = 150;
const BODY_MAX = 65_535;

/** Needs nothing to be created: users and tickets have external ids. */
export const zendesk: Connector = {
  title: 'Zendesk',
  settings: {},
  actions: ['upsert-contact', 'log-call', 'request'],
  rate: { requests: 200, windowMs: 60_000 },
  requestsOf: { 'log-call': 3 },
  token: { path: '/oauth/tokens', format: 'json' },
  rules: zendeskRules,
  requests(action) {
    switch (action.kind) {
      case 'upsert-contact':
        return upsertUser(action);
      case 'log-call':
        return logCall(action);
      case 'request':
        return sendRequest(action);
      default:
        return action satisfies never;
    }
  },
};

/**
 * A user that exists is updated without a name. Zendesk refuses to create one without: then with
 * all fields.
 */
function* upsertUser({ key, fields, onCreate }: UpsertContact): CrmRequests {
  if (onCreate !== undefined) {
    const { rule } = yield { ...upsertOf(key, fields), expects: ['name_missing'] };
    if (rule === undefined) return undefined;
  }
  yield upsertOf(key, { ...onCreate, ...fields });
  return undefined;
}

/**
 * Looks the ticket up before it creates one: an external id is not unique, and the idempotency key
 * is kept for two hours. No look-up for a user that was missing, who cannot have one.
 */
function* logCall(action: LogCall): CrmRequests {
  const found = yield { ...upsertOf(action.contact, {}), expects: ['name_missing'] };
  const isNew = found.rule !== undefined;
  const userId = idIn(isNew ? yield upsertOf(action.contact, newUser(action)) : found);
  if (userId === undefined) return 'protocol_error';
  if (!isNew) {
    const id = encodeURIComponent(action.conversationId);
    const { body } = yield { method: 'GET', path: `/api/v2/tickets.json?external_id=${id}` };
    const [tickets] = valuesAt(body, '/tickets');
    if (!Array.isArray(tickets)) return 'protocol_error';
    if (tickets.length > 0) return undefined;
  }
  const headers = { 'idempotency-key': action.conversationId };
  const body = { ticket: ticketOf(action, userId) };
  const created = yield { method: 'POST', path: '/api/v2/tickets.json', headers, body, expects: ['key_used'] };
  // Another event of the conversation has created the ticket just now: the next look-up finds it.
  return created.rule === undefined ? undefined : 'conflict';
}

function upsertOf(key: string, fields: CrmFields): CrmRequest {
  const body = { user: { external_id: key, ...fields } };
  return { method: 'POST', path: '/api/v2/users/create_or_update.json', body };
}

function newUser(action: LogCall): CrmFields {
  const address = customerOf(action);
  const phone = address !== undefined && isPhoneNumber(address) ? { phone: address } : {};
  return { name: address ?? action.contact, ...phone, role: 'end-user', skip_verify_email: true };
}

function ticketOf(action: LogCall, requesterId: number) {
  return {
    external_id: action.conversationId,
    requester_id: requesterId,
    subject: text(`Call ${customerOf(action) ?? ''}`.trim(), SUBJECT_MAX),
    comment: { body: text(describeCall(action), BODY_MAX), public: false },
    ...action.fields,
  };
}

function idIn({ body }: CrmReply): number | undefined {
  const [id] = valuesAt(body, '/user/id');
  return typeof id === 'number' ? id : undefined;
}
