/**
 * Shared part of the vendors' shipped mappings: the events that update a contact, and those that
 * log a call.
 */
import type { CallDirection, CrmFields, LogCall } from '../domain/crm/action.ts';
import { contactKeyFrom } from '../domain/crm/contact-key.ts';
import type { CrmMapping, MappingResult } from '../domain/crm/mapping.ts';
import { isEventId } from '../domain/delivery/event-id.ts';
import { contactAddressFrom } from '../domain/event/contact-address.ts';
import type { PipelineEvent } from '../domain/event/event.ts';

/** Fields written to the contact of an event. */
export interface ContactFields {
  readonly fields: CrmFields;
  readonly onCreate?: CrmFields;
}

/** The longest phone number or address that the CRM is sent. */
const ADDRESS_MAX = 256;

const CUSTOMER_START = 'v2.detail.events.conversation.{id}.customer.start';
const CUSTOMER_END = 'v2.detail.events.conversation.{id}.customer.end';

/**
 * The webhook's events that end an interaction; every other `interaction.*` begins or continues
 * one.
 */
const ENDS: readonly string[] = ['interaction.ended', 'interaction.completed'];

/**
 * A mapping that updates the contact when an interaction begins, in the order of the contact, and
 * logs the call when it ends.
 */
export function customerMapping(contactFields: (address: string) => ContactFields): CrmMapping {
  return (event) => {
    const address = event.contactAddress;
    const step = stepOf(event);
    if (step === 'none') return { kind: 'ignore', cause: 'event_type' };
    if (isWithheld(event))
      return { kind: 'ignore', cause: event.interaction?.to === undefined ? 'no_address' : 'withheld' };
    if (address === undefined || address.length > ADDRESS_MAX)
      return { kind: 'invalid', reason: `interaction.to: must be a string of 1 to ${ADDRESS_MAX} characters` };
    if (step === 'ends') return logCall(event, address);
    const key = contactKeyFrom(address);
    return {
      kind: 'deliver',
      action: { kind: 'upsert-contact', key, ...contactFields(address) },
      orderingKey: `contact/${key}`,
    };
  };
}

function stepOf({ source, type }: PipelineEvent): 'begins' | 'ends' | 'none' {
  switch (source) {
    case 'genesys-webhook':
      if (!type.startsWith('interaction.')) return 'none';
      return ENDS.includes(type) ? 'ends' : 'begins';
    case 'genesys-partner-bus':
      if (type === CUSTOMER_START) return 'begins';
      return type === CUSTOMER_END ? 'ends' : 'none';
    case 'genesys-open-messaging':
      return 'none';
    default:
      return source satisfies never;
  }
}

/**
 * True if no contact can be identified, through no fault of the sender: the caller withholds the
 * number, or the bus has none.
 */
function isWithheld({ source, contactAddress, interaction }: PipelineEvent): boolean {
  if (contactAddress !== undefined) return false;
  return source !== 'genesys-webhook' || (typeof interaction?.to === 'string' && interaction.to !== '');
}

/** Ordered by the conversation: a newer call of the same contact must not make this one stale. */
function logCall(event: PipelineEvent, address: string): MappingResult {
  const { conversationId, field } = conversationOf(event);
  if (!isEventId(conversationId))
    return { kind: 'invalid', reason: `${field}: must be 1 to 256 visible ASCII characters` };
  const body = event.eventBody ?? event.interaction ?? {};
  const direction = directionOf(body);
  const durationMs = durationOf(body);
  const other = otherParty(body, direction);
  const parties = direction === 'inbound' ? { from: address, to: other } : { from: other, to: address };
  const action: LogCall = {
    kind: 'log-call',
    conversationId,
    contact: contactKeyFrom(address),
    startedAt: new Date(event.timestampMs - durationMs).toISOString(),
    durationMs,
    direction,
    ...(parties.from === undefined ? {} : { from: parties.from }),
    ...(parties.to === undefined ? {} : { to: parties.to }),
  };
  return { kind: 'deliver', action, orderingKey: `conversation/${conversationId}` };
}

function conversationOf({ source, interaction, eventBody }: PipelineEvent) {
  return source === 'genesys-webhook'
    ? { conversationId: interaction?.id, field: 'interaction.id' }
    : { conversationId: eventBody?.conversationId, field: 'eventBody.conversationId' };
}

/** Without a direction the interaction is one with the address that was called. */
function directionOf({ direction }: Readonly<Record<string, unknown>>): CallDirection {
  return typeof direction === 'string' && direction.toLowerCase() === 'inbound' ? 'inbound' : 'outbound';
}

function durationOf({ interactingDurationMs, durationMs }: Readonly<Record<string, unknown>>): number {
  const given = interactingDurationMs ?? durationMs;
  return typeof given === 'number' && given >= 0 && given <= Number.MAX_SAFE_INTEGER ? Math.round(given) : 0;
}

function otherParty(body: Readonly<Record<string, unknown>>, direction: CallDirection): string | undefined {
  const given = direction === 'inbound' ? body.dnis : (body.ani ?? body.from);
  return typeof given === 'string' ? contactAddressFrom(given) : undefined;
}
