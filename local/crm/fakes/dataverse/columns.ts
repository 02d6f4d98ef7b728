/** Columns of Dataverse's contact and phone call tables that the fake knows. */
import type { FieldRules } from '../field-rules.ts';

const text = (max: number) => ({ type: 'text', max }) as const;

/** 6 h in minutes: the same call in seconds or milliseconds lies outside. */
const CALL_MINUTES_MAX = 360;

/** The columns of a contact; the alternate key is not among them. */
export const CONTACT_COLUMNS: FieldRules = {
  firstname: text(50),
  lastname: text(50),
  telephone1: text(50),
  telephone2: text(50),
  mobilephone: text(50),
  emailaddress1: text(100),
  jobtitle: text(100),
  description: text(2_000),
  address1_city: text(80),
};

/** The columns of a phone call; its references are not among them. */
export const PHONE_CALL_COLUMNS: FieldRules = {
  subject: text(200),
  phonenumber: text(200),
  description: text(2_000),
  directioncode: { type: 'boolean' },
  actualdurationminutes: { type: 'integer', range: [0, CALL_MINUTES_MAX] },
  actualstart: { type: 'instant' },
  actualend: { type: 'instant' },
  leftvoicemail: { type: 'boolean' },
  prioritycode: { type: 'integer', oneOf: [0, 1, 2] },
};
