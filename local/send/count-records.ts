/** Compares the records of a vendor's fake with the events of a run. */
import { crmMapping as shippedMapping } from '../../lambdas/connectors/salesforce/mapping.ts';
import { BY_HAND } from '../../lambdas/domain/delivery/envelope.ts';
import { parseSourceEvent } from '../../lambdas/domain/event/parse-event.ts';
import type { CrmRecords } from '../crm/fakes/fake-vendor.ts';
import type { OutgoingEvent } from './send-events.ts';

/** Records of the fake, and their vendor. */
export interface VendorRecords extends CrmRecords {
  readonly title: string;
}

/** The records that are of a run's events. */
export interface RecordCounts {
  readonly title: string;
  readonly contacts: number;
  readonly calls: number;
  /** Records with a key that another record has. */
  readonly twice: number;
  /** Completed events without their record. */
  readonly missing: number;
}

/**
 * Counts the records of `events`, written by a shipped mapping: keys of contacts and calls are the
 * same in all of them.
 */
export function countRecords(
  { title, contacts, calls }: VendorRecords,
  events: readonly OutgoingEvent[],
  completed: readonly OutgoingEvent[],
): RecordCounts {
  const wanted = events.map(keysOf);
  const contactKeys = new Set(wanted.flatMap(({ contact }) => contact ?? []));
  const callKeys = new Set(wanted.flatMap(({ call }) => call ?? []));
  const ofContacts = contacts.map(({ key }) => key).filter((key) => contactKeys.has(key));
  const ofCalls = calls.filter(({ key }) => callKeys.has(key));
  const linked = new Set(ofCalls.map(({ key, contact }) => `${key} ${contact}`));
  const found = new Set(ofContacts);
  const isThere = ({ contact, call }: WantedKeys) =>
    contact === undefined || (found.has(contact) && (call === undefined || linked.has(`${call} ${contact}`)));
  return {
    title,
    contacts: ofContacts.length,
    calls: ofCalls.length,
    twice: ofContacts.length - found.size + ofCalls.length - new Set(ofCalls.map(({ key }) => key)).size,
    missing: completed.filter((event) => !isThere(keysOf(event))).length,
  };
}

/** The counts in words. */
export function formatRecords({ contacts, calls, twice, missing }: RecordCounts): string {
  return `${contacts} contacts, ${calls} calls, ${twice} twice, ${missing} missing`;
}

interface WantedKeys {
  readonly contact?: string;
  readonly call?: string;
}

function keysOf({ body }: OutgoingEvent): WantedKeys {
  const parsed = parseSourceEvent(body, BY_HAND);
  const result = parsed.kind === 'event' ? shippedMapping(parsed.event) : undefined;
  if (result?.kind !== 'deliver') return {};
  const { action } = result;
  switch (action.kind) {
    case 'upsert-contact':
      return { contact: action.key };
    case 'log-call':
      return { contact: action.contact, call: action.conversationId };
    case 'request':
      return {};
    default:
      return action satisfies never;
  }
}
