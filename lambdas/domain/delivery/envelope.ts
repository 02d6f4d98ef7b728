/**
 * The envelope: a delivery as an SQS message. The message body is the delivery's raw body, byte for
 * byte; what SQS would change travels as Base64.
 */

import { type FailedBy, type QuarantineReason, truncateError } from '../idempotency/event-row.ts';
import { isReplayId } from '../replay/replay-id.ts';
import { isEventId } from './event-id.ts';
import type { Verified } from './signature.ts';

/**
 * Version of this form. A message without it was put into the queue by hand and is taken as it is.
 */
export const ENVELOPE_SCHEMA = '1';

/** The origin of a message that does not say how it came. */
export const BY_HAND = 'by-hand';

/** Encoding of the body in the message. */
export type BodyEncoding = 'utf8' | 'base64';

/** String attributes of a message by name. */
export type MessageAttributes = Readonly<Record<string, string>>;

/** A message as it is put into a queue. */
export interface Envelope {
  readonly body: string;
  readonly attributes: MessageAttributes;
}

/** Note of a message in quarantine, as JSON in its `quarantine` attribute. */
export interface QuarantineNote {
  readonly reason: QuarantineReason;
  /** ISO 8601. */
  readonly at: string;
  readonly attempts: number;
  readonly lastError?: string;
  readonly redrives: number;
  /** Number of returns by recovery; absent: none. */
  readonly recoveries?: number;
  readonly failedBy?: FailedBy;
  /**
   * Added when the message is sent back. A message in quarantine that has it was moved there by
   * SQS.
   */
  readonly returned?: { readonly at: string; readonly by: 'recovery' | 'person' };
}

/**
 * Largest message, and largest batch in one call (SendMessage and SendMessageBatch API references).
 */
export const MESSAGE_BYTES_MAX = 1_048_576;

/** The type that our attributes have in SQS. */
export const ATTRIBUTE_TYPE = 'String';

/**
 * Size of a message as SQS counts it: its body, and its attributes' names, types and values, in
 * bytes.
 */
export function messageBytes({ body, attributes }: Envelope): number {
  const ofAttributes = Object.entries(attributes).map(
    ([name, value]) => Buffer.byteLength(name) + ATTRIBUTE_TYPE.length + Buffer.byteLength(value),
  );
  return ofAttributes.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(body));
}

/** A message as it came out of a queue. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: MessageAttributes;
  readonly receiveCount: number;
  readonly sentAtMs: number;
  /** When this message was received first, by anybody. */
  readonly firstReceivedAtMs: number;
}

/**
 * A decoded message, or the reason why it cannot be decoded. `bytes` is the delivery's raw body in
 * either case.
 */
export interface DecodedEnvelope {
  readonly bytes: Uint8Array;
  readonly receivedAtMs: number;
  /**
   * The `source` attribute, which says how the message came; `by-hand` where it has none that can
   * be one.
   */
  readonly origin: string;
  readonly fromQuarantine: boolean;
  /** The replay by which an archived delivery was sent again. */
  readonly replayId?: string;
  readonly problem?: string;
}

/**
 * Characters that SQS does not carry unchanged: all outside #x9 #xA #xD #x20-#xD7FF #xE000-#xFFFD
 * #x10000-#x10FFFF (SendMessage API reference). With the `u` flag a lone surrogate is matched as
 * well.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what is looked for
const CHANGED_BY_SQS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/u;

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A delivery's body in the form in which it travels. */
export interface EncodedBody {
  /** The raw body. */
  readonly bytes: Uint8Array;
  readonly encoding: BodyEncoding;
  readonly text: string;
  /** Size of the text in a message, in bytes. */
  readonly byteLength: number;
}

/** Encodes a body for SQS. */
export function encodeBody(bytes: Uint8Array): EncodedBody {
  try {
    const text = strictUtf8.decode(bytes);
    if (!CHANGED_BY_SQS.test(text)) return { bytes, encoding: 'utf8', text, byteLength: bytes.byteLength };
  } catch {
    // Not UTF-8: Base64 carries it.
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return { bytes, encoding: 'base64', text, byteLength: text.length };
}

/** The envelope of a delivery, which has to be a verified one. */
export function encodeEnvelope(
  body: Verified<EncodedBody>,
  facts: { readonly source: string; readonly receivedAtMs: number; readonly eventId: string | null },
): Envelope {
  return {
    body: body.text,
    attributes: {
      schema: ENVELOPE_SCHEMA,
      encoding: body.encoding,
      source: facts.source,
      receivedAtMs: String(facts.receivedAtMs),
      ...(facts.eventId === null ? {} : { eventId: facts.eventId }),
    },
  };
}

/**
 * Reads a message, one put into the queue by hand (a bare JSON body, no attributes) included. Never
 * throws.
 */
export function decodeEnvelope(message: Pick<ReceivedMessage, 'body' | 'attributes' | 'sentAtMs'>): DecodedEnvelope {
  const { schema, encoding = 'utf8', source = '', receivedAtMs, quarantine, replay } = message.attributes;
  const common = {
    receivedAtMs:
      receivedAtMs !== undefined && /^\d{1,15}$/.test(receivedAtMs) ? Number(receivedAtMs) : message.sentAtMs,
    origin: /^[\w.-]{1,64}$/.test(source) ? source : BY_HAND,
    fromQuarantine: quarantine !== undefined,
    ...(isReplayId(replay) ? { replayId: replay } : {}),
  };
  const asText = { ...common, bytes: new Uint8Array(Buffer.from(message.body, 'utf8')) };
  if (schema !== undefined && schema !== ENVELOPE_SCHEMA) {
    return {
      ...asText,
      problem: `envelope schema ${printable(schema)} is not known to this version (it knows ${ENVELOPE_SCHEMA})`,
    };
  }
  if (encoding === 'utf8') return asText;
  if (encoding !== 'base64')
    return { ...asText, problem: `encoding ${printable(encoding)} is not known (utf8 or base64)` };
  const bytes = Buffer.from(message.body, 'base64');
  // Node skips what is not Base64; only a body that comes out as it went in was Base64.
  if (bytes.toString('base64') !== message.body)
    return { ...asText, problem: 'the body is not the Base64 that its encoding attribute says' };
  return { ...common, bytes: new Uint8Array(bytes) };
}

function printable(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}

/** Attributes of a message (SQS developer guide, message metadata). */
const ATTRIBUTES_MAX = 10;

const OURS = new Set(['schema', 'encoding', 'source', 'receivedAtMs', 'eventId', 'replay', 'quarantine']);

/**
 * `attributes` with one more. Attributes that are not ours are dropped where SQS would refuse the
 * message for their number.
 */
function withAttribute(attributes: MessageAttributes, name: string, value: string): MessageAttributes {
  const entries = Object.entries(attributes).filter(([given]) => given !== name);
  const ours = entries.filter(([given]) => OURS.has(given));
  const others = entries.filter(([given]) => !OURS.has(given));
  return { ...Object.fromEntries([...ours, ...others].slice(0, ATTRIBUTES_MAX - 1)), [name]: value };
}

/**
 * The message by which a replay sends a delivery again. Undefined if SQS has no room for the
 * replay's id: a message that was put into the queue by hand may be as large as SQS takes.
 */
export function replayEnvelope({ body, attributes }: Envelope, replayId: string): Envelope | undefined {
  const envelope = { body, attributes: withAttribute(attributes, 'replay', replayId) };
  return messageBytes(envelope) <= MESSAGE_BYTES_MAX ? envelope : undefined;
}

/**
 * The message as it goes into quarantine: body and attributes as they were, and the note. A message
 * that came without an envelope is given the time of its receipt, which SQS forgets with each send.
 */
export function quarantineEnvelope(
  message: Pick<ReceivedMessage, 'body' | 'attributes'> & Partial<Pick<ReceivedMessage, 'sentAtMs'>>,
  note: QuarantineNote,
): Envelope {
  const receipt = message.sentAtMs === undefined ? {} : { receivedAtMs: String(message.sentAtMs) };
  const attributes = { ...receipt, ...message.attributes };
  const lastError = note.lastError === undefined ? {} : { lastError: truncateError(note.lastError) };
  return {
    body: message.body,
    attributes: withAttribute(attributes, 'quarantine', toAttributeText(JSON.stringify({ ...note, ...lastError }))),
  };
}

/** Attribute values are held to the same characters as bodies. */
export function toAttributeText(text: string): string {
  return text.replace(new RegExp(CHANGED_BY_SQS, 'gu'), '\ufffd');
}

/** The event id in the envelope's attributes, for logs; the body is what counts. */
export function eventIdAttribute(attributes: MessageAttributes): string | undefined {
  return isEventId(attributes.eventId) ? attributes.eventId : undefined;
}
