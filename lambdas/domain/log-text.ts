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
