/** The words of a routing condition. */
import type { Span } from './condition.ts';

/** One word, and where it stands. */
export type Token = Span &
  (
    | { readonly kind: 'open' }
    | { readonly kind: 'close' }
    /** A text in quotes of either kind, its escapes resolved. */
    | { readonly kind: 'text'; readonly value: string; readonly quote: string }
    /** Anything else that has no space, parenthesis or quote in it. */
    | { readonly kind: 'word'; readonly value: string }
    /** The end of the condition, which has no width. */
    | { readonly kind: 'end' }
  );

/** Fault of a condition, and its place. */
export interface ConditionProblem extends Span {
  readonly message: string;
}

const SPACE = /\s/;
const WORD = /[^\s()"']+/y;
const CONTROL = /\p{Cc}/u;

/** The words of `text`, ended by `end`; or the first invalid token. */
export function readTokens(
  text: string,
):
  | { readonly kind: 'tokens'; readonly tokens: readonly Token[] }
  | { readonly kind: 'problem'; readonly problem: ConditionProblem } {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    if (SPACE.test(character)) {
      at += 1;
      continue;
    }
    const token = readToken(text, at, character);
    if (token.kind === 'problem') return token;
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', start: text.length, end: text.length });
  return { kind: 'tokens', tokens };
}

type Problem = { readonly kind: 'problem'; readonly problem: ConditionProblem };

function readToken(text: string, start: number, character: string): Token | Problem {
  if (character === '(') return { kind: 'open', start, end: start + 1 };
  if (character === ')') return { kind: 'close', start, end: start + 1 };
  if (character === '"' || character === "'") return readText(text, start, character);
  WORD.lastIndex = start;
  const value = WORD.exec(text)?.[0] ?? character;
  const control = value.search(CONTROL);
  if (control >= 0) return problem(start + control, start + control + 1, 'a control character cannot stand here');
  return { kind: 'word', value, start, end: start + value.length };
}

/** A text in quotes. A backslash takes away the meaning of a quote or a backslash after it. */
function readText(text: string, start: number, quote: string): Token | Problem {
  let value = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === quote) return { kind: 'text', value, quote, start, end: at + 1 };
    if (CONTROL.test(character)) {
      return problem(at, at + 1, 'a control character (a line break, a tab) cannot stand in a text');
    }
    if (character === '\\') {
      const next = text.charAt(at + 1);
      if (next !== '"' && next !== "'" && next !== '\\') {
        return problem(at, Math.min(at + 2, text.length), 'only \\", \\\' and \\\\ can follow a backslash');
      }
      value += next;
      at += 1;
    } else value += character;
  }
  return problem(start, text.length, `the text is not closed: a ${quote} is missing at its end`);
}

function problem(start: number, end: number, message: string): Problem {
  return { kind: 'problem', problem: { start, end, message } };
}
