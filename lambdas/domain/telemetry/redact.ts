/** Text that came from outside, made fit for people to read: in a log, on a terminal, on a page. */

/** Seven digits and more, with what is put between the digits of a phone number. */
const DIGITS = /\d(?:[ .()/-]{0,2}\d){6,}/g;

/** A date, which has eight digits and is no phone number. */
const DATE = /^\d{4}-\d{2}-\d{2}(?!\d)/;

/** Characters that a terminal may take for commands, and such as turn the direction of writing or cannot be seen. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu;

/** `text` on one line and without characters that do anything but show themselves: each run of them becomes a space. */
export function printable(text: string): string {
  return text.replace(NOT_PRINTABLE, ' ');
}

/** `text` with all but the last two digits of whatever may be a phone number replaced by `*`. */
export function maskNumbers(text: string): string {
  return text.replace(DIGITS, (found) => {
    const date = DATE.exec(found)?.[0] ?? '';
    const rest = found.slice(date.length);
    return date + (countDigits(rest) < 7 && date !== '' ? rest : masked(rest));
  });
}

function masked(number: string): string {
  let left = countDigits(number);
  return number.replace(/\d/g, (digit) => (left-- > 2 ? '*' : digit));
}

function countDigits(text: string): number {
  return text.replace(/\D/g, '').length;
}

/** What a log line says beside its message. */
export type LogDetails = Readonly<Record<string, string | number | boolean | undefined>>;

/** Texts that are ids, and may have as many digits as they like. */
const IDS = new Set(['eventId', 'interactionId', 'messageId', 'requestId', 'sourceArn', 'at']);

/** Details fit for a log: all texts printable, and what looks like a phone number masked in all but ids. */
export function redactForLog(details: LogDetails): LogDetails {
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => {
      if (typeof value !== 'string') return [key, value];
      return [key, IDS.has(key) ? printable(value) : maskNumbers(printable(value))];
    }),
  );
}
