/** Output of the local pipeline on the terminal. */

const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** The value as JSON with all control characters but line ends escaped for the terminal. */
export function toPrintableJson(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replace(NOT_PRINTABLE, (found) =>
    found === '\n' ? found : escaped(found),
  );
}

/** Unit by unit: a character above U+FFFF has two. */
function escaped(character: string): string {
  const units = character.split('').map((unit) => unit.charCodeAt(0).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}

/** One line. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One line about something that happened while running, with its time. */
export function printNow(line: string): void {
  print(`${new Date().toTimeString().slice(0, 8)}  ${line}`);
}
