/** Salesforce by its REST API: contacts and tasks are upserted by an external id. */
import type { CallOutcome, LogCall, UpsertContact } from '../../domain/crm/action.ts';
import type { Connector, ConnectorSettings, CrmRequest, CrmRequests } from '../../domain/crm/connector.ts';
import { isPhoneNumber } from '../../domain/crm/contact-key.ts';
import { callEndsAt, customerOf, describeCall, text } from '../call-texts.ts';
import { sendRequest } from '../send-request.ts';
import { salesforceRules } from './rules.ts';

/** Characters that the fields hold. */
const TEXT_MAX = 255;
const NAME_MAX = 80;
const DESCRIPTION_MAX = 32_000;

const DISPOSITIONS: Readonly<Record<CallOutcome, string>> = {
  connected: 'Connected',
  'no-answer': 'No answer',
  busy: 'Busy',
  voicemail: 'Left voicemail',
  failed: 'Failed',
};

/**
 * Needs two external id fields, each unique: `crm.contactKey` on contacts, `crm.callKey` on
 * activities.
 */
export const salesforce: Connector = {
  title: 'Salesforce',
  settings: {
    apiVersion: 'v68.0',
    contactKey: 'CrmKey__c',
    contactObject: 'Contact',
    callKey: 'ConvId__c',
    callObject: 'Task',
  },
  actions: ['upsert-contact', 'log-call', 'request'],
  // Salesforce limits the requests of a day, and those that take longer than 20 s.
  rate: { requests: 250, windowMs: 10_000 },
  token: { path: '/services/oauth2/token', baseUrlMember: 'instance_url' },
  rules: salesforceRules,
  requests(action, context) {
    switch (action.kind) {
      case 'upsert-contact':
        return upsertContact(action, context.settings);
      case 'log-call':
        return logCall(action, context.settings);
      case 'request':
        return sendRequest(action);
      default:
        return action satisfies never;
    }
  },
};

/**
 * Without fields for a new contact one upsert; with such, an update, and an upsert if there is
 * nothing to update.
 */
function* upsertContact(action: UpsertContact, settings: ConnectorSettings): CrmRequests {
  const { key, fields, onCreate } = action;
  const path = contactPath(key, settings);
  if (onCreate !== undefined) {
    const update = { method: 'PATCH', path: `${path}?updateOnly=true`, body: fields } as const;
    const { rule } = yield { ...update, expects: ['not_found', 'incomplete'] };
    if (rule === undefined) return undefined;
  }
  const upsert: CrmRequest = { method: 'PATCH', path, body: { ...onCreate, ...fields } };
  const { rule } = yield { ...upsert, expects: ['lost_race'] };
  if (rule !== undefined) yield upsert;
  return undefined;
}

/** One request if the contact exists, else three. */
function* logCall(action: LogCall, settings: ConnectorSettings): CrmRequests {
  const { callObject, callKey } = settings;
  const path = recordPath(settings, callObject, callKey, action.conversationId);
  const task: CrmRequest = { method: 'PATCH', path, body: taskOf(action, settings) };
  const { rule } = yield { ...task, expects: ['contact_missing', 'lost_race'] };
  if (rule === undefined) return undefined;
  if (rule === 'contact_missing') {
    const body = newContact(action);
    yield { method: 'PATCH', path: contactPath(action.contact, settings), body, expects: ['lost_race'] };
  }
  yield task;
  return undefined;
}

function newContact(action: LogCall) {
  const address = customerOf(action);
  const phone = address !== undefined && isPhoneNumber(address) ? { Phone: address } : {};
  return { LastName: text(address ?? action.contact, NAME_MAX), ...phone };
}

function taskOf(action: LogCall, { contactObject, contactKey }: ConnectorSettings) {
  const { direction, outcome, contact, durationMs, fields } = action;
  return {
    Subject: text(`Call ${customerOf(action) ?? ''}`.trim(), TEXT_MAX),
    Status: 'Completed',
    TaskSubtype: 'Call',
    ActivityDate: callEndsAt(action).slice(0, 10),
    CallType: direction === 'inbound' ? 'Inbound' : 'Outbound',
    CallDurationInSeconds: Math.round(durationMs / 1_000),
    ...(outcome === undefined ? {} : { CallDisposition: DISPOSITIONS[outcome] }),
    Description: text(describeCall(action), DESCRIPTION_MAX),
    Who: { attributes: { type: contactObject }, [contactKey]: contact },
    ...fields,
  };
}

function contactPath(key: string, settings: ConnectorSettings): string {
  return recordPath(settings, settings.contactObject, settings.contactKey, key);
}

function recordPath({ apiVersion }: ConnectorSettings, object: string, field: string, value: string): string {
  return `/services/data/${apiVersion}/sobjects/${object}/${field}/${encodeURIComponent(value)}`;
}
