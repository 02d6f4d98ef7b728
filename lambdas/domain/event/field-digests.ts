/**
 * Short digests of an event's fields, to detect that two deliveries of one event differ. They are
 * HMACs: a field may be little more than a phone number.
 */
import { createHmac } from 'node:crypto';
import type { PipelineEvent } from './event.ts';
import { digest } from './event-key.ts';

/** More would make the row of an event larger than one write unit. */
const FIELDS_MAX = 8;
const NAME_MAX = 40;
const DIGEST_CHARACTERS = 8;

/** Equal in all deliveries of one event, or part of what distinguishes events. */
const IDENTITY_FIELDS = new Set(['eventBridgeEventId', 'eventType', 'eventTimestamp']);

/** Separates name and digest. Neither is in a name: they are percent-encoded. */
const KEYED = '=';
/** Version 0.1.0 stored plain digests. */
const PLAIN = ':';

/**
 * `name=digest` of the first eight fields by name, separated by spaces. Of the partner bus only the
 * event's own body counts: EventBridge's envelope differs each time. Names are percent-encoded and
 * cut at 40 characters.
 */
export function fieldDigests(event: PipelineEvent, digestKey: Buffer): string {
  return digestsOf(event, KEYED, (value) => createHmac('sha256', digestKey).update(`field ${value}`).digest('hex'));
}

/**
 * Fields in which the event differs from the stored digests, which version 0.1.0 may have written.
 */
export function fieldsThatDiffer(stored: string, event: PipelineEvent, digestKey: Buffer): string[] {
  return differing(stored, stored.includes(PLAIN) ? digestsOf(event, PLAIN, digest) : fieldDigests(event, digestKey));
}

function digestsOf(
  { body, eventBody = body }: PipelineEvent,
  separator: string,
  digestOf: (value: string) => string,
): string {
  return Object.keys(eventBody)
    .filter((name) => !IDENTITY_FIELDS.has(name))
    .sort()
    .slice(0, FIELDS_MAX)
    .map((name) => {
      const value = jsonOf(eventBody[name]);
      const shortName = encodeURIComponent(name.toWellFormed()).slice(0, NAME_MAX);
      return `${shortName}${separator}${digestOf(value).slice(0, DIGEST_CHARACTERS)}`;
    })
    .join(' ');
}

/** Empty for a value that is nested deeper than it can be written again. */
function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

function differing(one: string, other: string): string[] {
  const others = fieldsIn(other);
  const names = new Set([...fieldsIn(one).keys(), ...others.keys()]);
  return [...names].filter((name) => fieldsIn(one).get(name) !== others.get(name)).sort();
}

function fieldsIn(digests: string): Map<string, string> {
  return new Map(
    digests.split(' ').flatMap((field) => (field === '' ? [] : [field.split(/[:=]/) as [string, string]])),
  );
}
