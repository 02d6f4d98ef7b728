/** Short digests of an event's fields, to detect that two deliveries of one event differ. */
import type { PipelineEvent } from './event.ts';
import { digest } from './event-key.ts';

/** More would make the row of an event larger than one write unit. */
const FIELDS_MAX = 8;
const NAME_MAX = 40;
const DIGEST_CHARACTERS = 8;

/** Equal in all deliveries of one event, or part of what distinguishes events. */
const IDENTITY_FIELDS = new Set(['eventBridgeEventId', 'eventType', 'eventTimestamp']);

/**
 * `name:digest` of the first eight fields by name, separated by spaces. Of the partner bus only the
 * event's own body counts: EventBridge's envelope differs each time. Names are percent-encoded and
 * cut at 40 characters.
 */
export function fieldDigests({ body, eventBody = body }: PipelineEvent): string {
  return Object.keys(eventBody)
    .filter((name) => !IDENTITY_FIELDS.has(name))
    .sort()
    .slice(0, FIELDS_MAX)
    .map((name) => {
      const value = jsonOf(eventBody[name]);
      return `${encodeURIComponent(name.toWellFormed()).slice(0, NAME_MAX)}:${digest(value).slice(0, DIGEST_CHARACTERS)}`;
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

/** Names of the fields in which two events differ. */
export function differingFields(one: string, other: string): string[] {
  const others = fieldsIn(other);
  const names = new Set([...fieldsIn(one).keys(), ...others.keys()]);
  return [...names].filter((name) => fieldsIn(one).get(name) !== others.get(name)).sort();
}

function fieldsIn(digests: string): Map<string, string> {
  return new Map(digests.split(' ').flatMap((field) => (field === '' ? [] : [field.split(':') as [string, string]])));
}
