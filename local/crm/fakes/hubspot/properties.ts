/** Properties of HubSpot's contacts and calls that the fake knows. All values are texts. */
import type { ConnectorSettings } from '../../../../lambdas/domain/crm/connector.ts';

/** Form of a property; undefined for any text. */
export type PropertyForm = ((value: string) => boolean) | undefined;

const DISPOSITIONS = [
  'f240bbac-87c9-4f6e-bf70-924b57d47db7',
  '9d9162e7-6cf3-4944-bf63-4dff82258764',
  '73a0d17f-1163-4015-bdd5-ec830791da20',
  'b2cf5968-551e-4856-9783-52b3da59a7d0',
  'a4c4c377-d246-4b32-a13b-75a56a4cd0ff',
  '17b47fee-58de-441e-a44c-c6300d46f273',
];
const STATUSES =
  'BUSY CALLING_CRM_USER CANCELED COMPLETED CONNECTING FAILED IN_PROGRESS NO_ANSWER QUEUED RINGING'.split(' ');

/**
 * A call of less than a second is not plausible, and one of more than 6 h neither: seconds and
 * minutes lie outside.
 */
const CALL_MS = [1_000, 21_600_000] as const;
/** Epoch milliseconds of plausible calls begin in 2020; epoch seconds lie outside. */
const EPOCH_MS_MIN = Date.UTC(2020);

const oneOf = (values: readonly string[]) => (value: string) => values.includes(value);
const atMost = (max: number) => (value: string) => value.length <= max;

const CONTACTS: Readonly<Record<string, PropertyForm>> = {
  firstname: undefined,
  lastname: undefined,
  email: undefined,
  phone: undefined,
  mobilephone: undefined,
  company: undefined,
  jobtitle: undefined,
  lifecyclestage: undefined,
  hs_lead_status: undefined,
};

const CALLS: Readonly<Record<string, PropertyForm>> = {
  hs_timestamp: isTimestamp,
  hs_call_title: undefined,
  hs_call_body: atMost(65_536),
  hs_call_duration: isDuration,
  hs_call_direction: oneOf(['INBOUND', 'OUTBOUND']),
  hs_call_status: oneOf(STATUSES),
  hs_call_disposition: oneOf(DISPOSITIONS),
  hs_call_from_number: undefined,
  hs_call_to_number: undefined,
  hs_call_recording_url: (value) => value.startsWith('https://'),
  hs_call_callee_object_id: undefined,
  hs_call_callee_object_type_id: undefined,
  hs_activity_type: undefined,
  hubspot_owner_id: undefined,
};

/** The properties of a type, the unique one of the set-up included. */
export function propertiesOf(type: string, settings: ConnectorSettings): Readonly<Record<string, PropertyForm>> {
  return type === 'calls'
    ? { ...CALLS, [settings.callKey]: undefined }
    : { ...CONTACTS, [settings.contactKey]: undefined };
}

function isTimestamp(value: string): boolean {
  if (/^\d+$/.test(value)) return Number(value) >= EPOCH_MS_MIN;
  return /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value) && !Number.isNaN(Date.parse(value));
}

function isDuration(value: string): boolean {
  return value === '0' || (/^\d+$/.test(value) && Number(value) >= CALL_MS[0] && Number(value) <= CALL_MS[1]);
}
