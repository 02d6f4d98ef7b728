/** Where a text stops being JSON: the parser of the language says so only at times. */

const SPACE = /[ \t\n\r]*/y;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a text in JSON cannot hold.
const TEXT = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** What may come next. */
type Wanted = 'value' | 'first item' | 'first key' | 'key' | 'colon' | 'comma';

/** The offset of the first thing that cannot stand where it does; the text's length where something is missing at its end. */
export function jsonFault(text: string): number {
  /** The brackets that are still open. */
  const open: string[] = [];
  let wanted: Wanted = 'value';
  for (let at = 0; ; ) {
    at += lengthOf(SPACE, text, at);
    const step = stepAt(text, at, wanted, open.at(-1));
    if (step === undefined) return at;
    if (step.opens !== undefined) open.push(step.opens);
    if (step.closes === true) open.pop();
    wanted = step.next;
    at += step.length;
  }
}

interface Step {
  readonly length: number;
  readonly next: Wanted;
  readonly opens?: '{' | '[';
  readonly closes?: boolean;
}

/** What stands at `at`, if it may; `inside` is the innermost open bracket. */
function stepAt(text: string, at: number, wanted: Wanted, inside: string | undefined): Step | undefined {
  const character = text.charAt(at);
  const closes = character !== '' && character === (inside === '{' ? '}' : inside === '[' ? ']' : undefined);
  if (closes && wanted !== 'value' && wanted !== 'key' && wanted !== 'colon') {
    return { length: 1, next: 'comma', closes };
  }
  switch (wanted) {
    case 'colon':
      return character === ':' ? { length: 1, next: 'value' } : undefined;
    case 'comma':
      if (character !== ',' || inside === undefined) return undefined;
      return { length: 1, next: inside === '{' ? 'key' : 'value' };
    case 'first key':
    case 'key':
      return ofLength(lengthOf(TEXT, text, at), 'colon');
    case 'value':
    case 'first item':
      if (character === '{') return { length: 1, next: 'first key', opens: '{' };
      if (character === '[') return { length: 1, next: 'first item', opens: '[' };
      return ofLength(lengthOf(TEXT, text, at) || lengthOf(SCALAR, text, at), 'comma');
    default:
      return wanted satisfies never;
  }
}

function ofLength(length: number, next: Wanted): Step | undefined {
  return length === 0 ? undefined : { length, next };
}

function lengthOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}
