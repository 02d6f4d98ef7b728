/** Text that came from outside, made fit for people to read: in a log, on a terminal, on a page. */

/** Seven digits and more, of any script, with what is put between the digits of a phone number. */
const DIGITS = /\p{Nd}(?:[\s.()/_\u2010-\u2015\u2212-]{0,2}\p{Nd}){6,}/u;

/**
 * Ids by which a request is found: UUIDs, and what `Redaction.excerpt` appends to a response's
 * text.
 */
const REQUEST_ID = /\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b|\((?:x|sforce)-[a-z-]{1,40}id: [^()]{1,100}\)/iu;

const KEPT_OR_MASKED = new RegExp(`(${REQUEST_ID.source})|${DIGITS.source}`, 'giu');

/** E-mail addresses. */
const EMAIL = /[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}/g;

/** An id that is an address: a number with its plus, or a URI of one. */
const ADDRESS = /^\s*(?:(?:tel|sips?):|\+\p{Nd})/iu;

/** A date, which has eight digits and is no phone number. */
const DATE = /^\d{4}-\d{2}-\d{2}(?!\d)/;

/**
 * Characters that a terminal may take for commands, and such as turn the direction of writing or
 * cannot be seen.
 */
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/**
 * `text` on one line and without characters that do anything but show themselves: each run of them
 * becomes a space.
 */
export function printable(text: string): string {
  return text.replace(NOT_PRINTABLE, ' ');
}

/**
 * `text` with all but the last two digits of whatever may be a phone number replaced by `*`;
 * request ids are kept.
 */
export function maskNumbers(text: string): string {
  return text.replace(KEPT_OR_MASKED, (found, requestId: string | undefined) => {
    if (requestId !== undefined) return requestId;
    const date = DATE.exec(found)?.[0] ?? '';
    const rest = found.slice(date.length);
    return date + (countDigits(rest) < 7 && date !== '' ? rest : maskDigits(rest));
  });
}

/** `number` with all but its last two digits replaced by `*`. */
export function maskDigits(number: string): string {
  let left = countDigits(number);
  return number.replace(/\p{Nd}/gu, (digit) => (left-- > 2 ? '*' : digit));
}

/** `text` with every e-mail address replaced by `[email]`. */
export function maskEmails(text: string): string {
  return text.replace(EMAIL, '[email]');
}

function countDigits(text: string): number {
  return text.match(/\p{Nd}/gu)?.length ?? 0;
}

/** Fields of a log line beside its message. */
export type LogDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** Texts that are ids, or keys of the archive (`damaged`), which have the digits of their time. */
const IDS = new Set(['eventId', 'interactionId', 'messageId', 'requestId', 'replayId', 'sourceArn', 'at', 'damaged']);

/**
 * Details fit for a log: all texts printable, e-mail addresses and what looks like a phone number
 * masked.
 */
export function redactForLog(details: LogDetails): LogDetails {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => {
      if (typeof value !== 'string') return [key, value];
      const text = printable(value);
      return [key, IDS.has(key) ? redactId(text) : maskNumbers(maskEmails(text))];
    }),
  );
}

/** Keeps the digits of an id, since it is looked up by them, unless the id is an address. */
function redactId(id: string): string {
  return ADDRESS.test(id) ? maskDigits(maskEmails(id)) : maskEmails(id);
}
