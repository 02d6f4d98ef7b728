/**
 * Validates the result of a mapping before anything is claimed or sent: it finds what cannot be
 * sent or stored.
 */

import { isEventId } from '../delivery/event-id.ts';
import { userRowKey } from '../event/event-key.ts';
import { parseInstant } from '../event/instant.ts';
import type { CrmAction, CrmFields, LogCall, SendRequest } from './action.ts';
import type { Connector } from './connector.ts';
import type { MappingResult, UserRow } from './mapping.ts';

/** A transaction takes 100 items; the event, its contact and room for more of ours go first. */
const ROWS_MAX = 50;

/**
 * DynamoDB takes items of 400 KB, their names included, and 4 MB in a transaction (its quotas).
 * Ours go first.
 */
const ROW_BYTES_MAX = 400_000;
const ROWS_BYTES_MAX = 3_500_000;

/** DynamoDB's quotas: a partition key's value in bytes, and how deep a value may be nested. */
const KEY_BYTES_MAX = 2_048;
const DEPTH_MAX = 32;

/**
 * DynamoDB's numbers: 38 digits, and not nearer to zero than this. JavaScript's own reach further
 * up than its texts.
 */
const NUMBER_MIN = 1e-130;
const DIGITS_MAX = 38;

/** By these the index of quarantine would take a row of the user's for an event. */
const OURS = new Set(['pk', 'reason', 'settledAtMs']);

const NO_JSON = 'a body that is no JSON';

/**
 * Characters of an HTTP request's target (RFC 9112, section 3.2): other characters are written with
 * \`%\`.
 */
const PATH = /^\/[\x21-\x7e]*$/;

/** Headers that the pipeline or HTTP itself sets. */
const RESERVED_HEADERS = new Set(['authorization', 'connection', 'content-length', 'host', 'transfer-encoding']);

/** A header's name (a token, RFC 9110, section 5.6.2) and its value. */
const HEADER_NAME = /^[a-z0-9!#$%&'*+.^_`|~-]+$/;
const HEADER_VALUE = /^[\x20-\x7e]*$/;

const CONTACT_KEY_MAX = 255;

/**
 * Describes the part of a result that cannot be carried out, to follow “the mapping gave”;
 * undefined if all can. Never throws.
 */
export function validateDelivery(
  { action, sequence = 0, rows = [] }: Extract<MappingResult, { kind: 'deliver' }>,
  connector: Connector,
): string | undefined {
  if (!Number.isSafeInteger(sequence) || sequence < 0) return 'a sequence that is no whole number from 0 on';
  return problemWithAction(action, connector) ?? problemWithRows(rows);
}

function problemWithAction(action: CrmAction, connector: Connector): string | undefined {
  if (!connector.actions.includes(action.kind))
    return `the action ${action.kind}, which crm.connector does not have (it has ${connector.actions.join(', ')})`;
  switch (action.kind) {
    case 'request':
      return problemWithRequest(action);
    case 'upsert-contact':
      return (
        problemWithKey(action.key, connector) ?? problemWithFields(action.fields) ?? problemWithFields(action.onCreate)
      );
    case 'log-call':
      return problemWithKey(action.contact, connector) ?? problemWithCall(action) ?? problemWithFields(action.fields);
    default:
      return action satisfies never;
  }
}

function problemWithRequest({ method, path, headers = {}, body }: SendRequest): string | undefined {
  if (!PATH.test(path)) return 'a path that HTTP cannot carry (encodeURIComponent makes it one)';
  for (const [name, value] of Object.entries(headers)) {
    if (!HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) return 'a header that HTTP cannot carry';
    if (RESERVED_HEADERS.has(name)) return `the header ${name}, which the pipeline sets`;
  }
  if (method === 'DELETE' && body === undefined) return undefined;
  try {
    return JSON.stringify(body) === undefined ? NO_JSON : undefined;
  } catch {
    return NO_JSON;
  }
}

function problemWithKey(key: string, { contactKeyForm }: Connector): string | undefined {
  if (key === '' || key.length > CONTACT_KEY_MAX || !key.isWellFormed())
    return `a contact’s key that has not 1 to ${CONTACT_KEY_MAX} characters`;
  if (contactKeyForm?.test(key) === false)
    return 'a contact’s key that the CRM cannot look up (contactKeyFrom makes one)';
  return undefined;
}

function problemWithCall({ conversationId, startedAt, durationMs, direction }: LogCall): string | undefined {
  if (!isEventId(conversationId)) return 'a conversationId that has not 1 to 256 visible ASCII characters';
  if (parseInstant(startedAt) === undefined) return 'a startedAt that is not an ISO 8601 date and time with an offset';
  if (!Number.isSafeInteger(durationMs) || durationMs < 0) return 'a durationMs that is not a whole number from 0 on';
  return direction === 'inbound' || direction === 'outbound' ? undefined : 'a direction other than inbound or outbound';
}

function problemWithFields(fields: CrmFields = {}): string | undefined {
  const wrong = Object.entries(fields).find(([, value]) => !isFieldValue(value));
  return wrong === undefined ? undefined : `a field ${wrong[0]} that is no text, number, boolean or null`;
}

function isFieldValue(value: unknown): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  return value === null || typeof value === 'boolean' || Number.isFinite(value);
}

function problemWithRows(rows: readonly UserRow[]): string | undefined {
  if (rows.length > ROWS_MAX) return `${rows.length} rows; at most ${ROWS_MAX} commit together`;
  if (new Set(rows.map((row) => row.key)).size < rows.length) return 'two rows with one key';
  let bytes = 0;
  for (const row of rows) {
    const { key, item } = row;
    const named = userRowKey(key);
    if (!named.isWellFormed() || Buffer.byteLength(named) > KEY_BYTES_MAX)
      return `a row whose key is longer than ${KEY_BYTES_MAX} bytes, or has half a character`;
    const ours = Object.keys(item).find((name) => OURS.has(name));
    if (ours !== undefined) return `a row with an attribute \`${ours}\`, which is the pipeline’s`;
    if (row.onlyIfNewer === true && row.onlyIfAbsent === true)
      return 'a row with both `onlyIfAbsent` and `onlyIfNewer`';
    if (row.onlyIfNewer === true && 'position' in item)
      return 'a row with `onlyIfNewer` and an attribute `position`, which is the pipeline’s';
    const size = sizeOf(item, 0);
    if (typeof size === 'string') return `a row with ${size}`;
    if (Buffer.byteLength(named) + size > ROW_BYTES_MAX) return `a row of more than ${ROW_BYTES_MAX} bytes`;
    bytes += size;
  }
  return bytes > ROWS_BYTES_MAX ? `rows of more than ${ROWS_BYTES_MAX} bytes together` : undefined;
}

/** About how many bytes DynamoDB counts, rather more than less; or what of it cannot be stored. */
function sizeOf(value: unknown, depth: number): number | string {
  if (depth > DEPTH_MAX) return `more than ${DEPTH_MAX} levels`;
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? 3 + Buffer.byteLength(value) : 'a text with half a character';
    case 'number':
      return isNumber(value) ? 24 : `a number that cannot be kept: ${value}`;
    case 'bigint':
      return String(value).replace('-', '').length <= DIGITS_MAX ? 24 : `a number of more than ${DIGITS_MAX} digits`;
    case 'boolean':
    case 'undefined':
      return 4;
    case 'object':
      return value === null ? 4 : sizeOfObject(value, depth);
    default:
      return `a ${typeof value}`;
  }
}

function isNumber(value: number): boolean {
  return (
    Number.isFinite(value) &&
    Math.abs(value) <= Number.MAX_SAFE_INTEGER &&
    (value === 0 || Math.abs(value) >= NUMBER_MIN)
  );
}

function sizeOfObject(value: object, depth: number): number | string {
  if (value instanceof Uint8Array) return 3 + value.byteLength;
  if (value instanceof Set) return sizeOfSet(value, depth);
  if (Array.isArray(value)) return total(value.map((item) => sizeOf(item, depth + 1)));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype)
    return `a ${value.constructor.name}, which is no plain value`;
  return total(Object.entries(value).flatMap(([name, member]) => [nameSize(name), sizeOf(member, depth + 1)]));
}

function sizeOfSet(values: Set<unknown>, depth: number): number | string {
  const kinds = new Set([...values].map((item) => (item instanceof Uint8Array ? 'bytes' : typeof item)));
  const [kind = 'nothing'] = kinds;
  if (kinds.size !== 1 || !['string', 'number', 'bigint', 'bytes'].includes(kind))
    return 'a Set that is not of texts only, of numbers only, or of bytes only';
  if (values.has('') || [...values].some((item) => item instanceof Uint8Array && item.byteLength === 0))
    return 'a Set with an empty text, or with no bytes';
  return total([...values].map((item) => sizeOf(item, depth + 1)));
}

function nameSize(name: string): number | string {
  if (name === '') return 'an attribute without a name';
  if (name === '__proto__') return 'an attribute named __proto__';
  return name.isWellFormed() ? 3 + Buffer.byteLength(name) : 'an attribute’s name with half a character';
}

/** The sum, or the first complaint. */
function total(sizes: readonly (number | string)[]): number | string {
  let sum = 3;
  for (const size of sizes) {
    if (typeof size === 'string') return size;
    sum += size;
  }
  return sum;
}
