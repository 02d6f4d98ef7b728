/** Fields of Salesforce's objects that the fake knows, with the limits of the object reference. */
import type { ConnectorSettings } from '../../../../lambdas/domain/crm/connector.ts';
import type { FieldRules } from '../field-rules.ts';

const text = (max: number) => ({ type: 'text', max }) as const;

/** No call lasts longer: 6 h in seconds. The same call in milliseconds lies outside. */
const CALL_SECONDS_MAX = 21_600;

const CONTACT: FieldRules = {
  LastName: text(80),
  FirstName: text(40),
  Salutation: text(40),
  Phone: text(40),
  MobilePhone: text(40),
  HomePhone: text(40),
  OtherPhone: text(40),
  Email: text(80),
  Title: text(128),
  Department: text(80),
  LeadSource: text(255),
  Description: text(32_000),
  MailingStreet: text(255),
  MailingCity: text(40),
  MailingPostalCode: text(20),
  MailingCountry: text(80),
};

const TASK: FieldRules = {
  Subject: text(255),
  Status: { type: 'text', oneOf: ['Not Started', 'In Progress', 'Completed', 'Waiting on someone else', 'Deferred'] },
  Priority: { type: 'text', oneOf: ['High', 'Normal', 'Low'] },
  TaskSubtype: { type: 'text', oneOf: ['Task', 'Email', 'ListEmail', 'Cadence', 'Call', 'LinkedIn'] },
  ActivityDate: { type: 'date' },
  CallType: { type: 'text', oneOf: ['Inbound', 'Outbound', 'Internal'] },
  CallDurationInSeconds: { type: 'integer', range: [0, CALL_SECONDS_MAX] },
  CallDisposition: text(255),
  CallObject: text(255),
  Description: text(32_000),
  WhoId: text(18),
  WhatId: text(18),
};

/** Required fields of a new contact and a new task. */
export const REQUIRED: Readonly<Record<'contact' | 'call', readonly string[]>> = {
  contact: ['LastName'],
  call: ['Subject', 'Status', 'WhoId'],
};

/**
 * The fields of an object, the unique field of the set-up included; undefined for an unknown
 * object.
 */
export function fieldsOf(object: string, settings: ConnectorSettings): FieldRules | undefined {
  if (object === settings.contactObject) return { ...CONTACT, [settings.contactKey]: text(255) };
  return object === settings.callObject ? { ...TASK, [settings.callKey]: text(255) } : undefined;
}
