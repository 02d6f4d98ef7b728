/** Reads a routing condition, or says what is wrong with it and where. */
import {
  type Comparison,
  type Condition,
  formatLiteral,
  type Literal,
  OPERATORS,
  type Operator,
  type Span,
} from './condition.ts';
import { type ConditionProblem, readTokens, type Token } from './lexer.ts';

/** A condition that was read, or the first problem in its text. */
export type ParsedCondition =
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'problem'; readonly problem: ConditionProblem };

/** Maximum depth of parentheses, so that the recursive parser cannot run out of stack. */
const NESTING_MAX = 40;

const FIELD = /^[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*$/;
const NUMBER = /^-?\d+(\.\d+)?$/;
const LEADING_ZEROS = /^(-?)0+(?=\d)/;
/** Texts that stand for anything in some languages; here there are none such. */
const WILDCARD = /^(\*+|%+|\.\*|\.\+|\?+)$/;
/** ISO 8601 with an offset, as event timestamps are. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/;

const KNOWN_OPERATORS = 'eq, contains and gt';

/**
 * Reads `text`. Refuses an empty condition, a wildcard, an unknown operator, and what the operator
 * cannot compare.
 */
export function parseCondition(text: string): ParsedCondition {
  if (text.trim() === '') {
    return problem({ start: 0, end: text.length }, 'the condition is empty: every event would be sent');
  }
  if (WILDCARD.test(text.trim())) {
    const start = text.length - text.trimStart().length;
    const message = 'a wildcard is no condition: say which events are wanted, for example eventType contains "created"';
    return problem({ start, end: start + text.trim().length }, message);
  }
  const read = readTokens(text);
  if (read.kind === 'problem') return read;
  try {
    return { kind: 'condition', condition: new Parser(read.tokens).whole() };
  } catch (error) {
    if (error instanceof Stop) return { kind: 'problem', problem: error.problem };
    throw error;
  }
}

/** True if a text is a time that `gt` can compare. */
export function isTime(text: string): boolean {
  return TIME.test(text) && !Number.isNaN(Date.parse(text));
}

function problem({ start, end }: Span, message: string): ParsedCondition {
  return { kind: 'problem', problem: { start, end: Math.max(end, start + 1), message } };
}

/** Ends the reading at the first problem; never leaves this file. */
class Stop extends Error {
  readonly problem: ConditionProblem;

  constructor({ start, end }: Span, message: string) {
    super(message);
    this.problem = { start, end: Math.max(end, start + 1), message };
  }
}

/** Recursive descent: `or` of `and`s of comparisons and parentheses. */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  #nesting = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): Condition {
    const condition = this.#or();
    const rest = this.#peek();
    if (rest.kind === 'close') throw new Stop(rest, 'there is no ( for this )');
    if (rest.kind !== 'end') throw new Stop(rest, 'and or or must stand between two comparisons');
    return condition;
  }

  #or(): Condition {
    return this.#joined('or', () => this.#joined('and', () => this.#operand()));
  }

  #joined(kind: 'and' | 'or', read: () => Condition): Condition {
    const first = read();
    const operands = [first];
    while (this.#isWord(kind)) {
      this.#at += 1;
      operands.push(read());
    }
    return operands.length === 1 ? first : { kind, operands };
  }

  #operand(): Condition {
    const open = this.#peek();
    if (open.kind !== 'open') return this.#comparison();
    if (this.#nesting === NESTING_MAX) throw new Stop(open, `more than ${NESTING_MAX} parentheses in one another`);
    this.#at += 1;
    this.#nesting += 1;
    const condition = this.#or();
    this.#nesting -= 1;
    const close = this.#next();
    if (close.kind === 'end') throw new Stop(open, 'there is no ) for this (');
    if (close.kind !== 'close') throw new Stop(close, 'and, or or a ) must stand here');
    return condition;
  }

  #comparison(): Comparison {
    const field = this.#field();
    const operator = this.#operator();
    const token = this.#next();
    const literal = readLiteral(token, operator);
    checkLiteral(operator, literal.value, token);
    return {
      kind: 'comparison',
      field: field.value,
      operator,
      literal: literal.value,
      bare: literal.bare,
      span: { start: field.start, end: token.end },
    };
  }

  #field(): Span & { readonly value: string } {
    const token = this.#next();
    if (token.kind === 'end') throw new Stop(token, 'a comparison is missing here: field operator literal');
    if (token.kind !== 'word') throw new Stop(token, 'a field must stand here, for example eventType');
    if (WILDCARD.test(token.value)) throw new Stop(token, 'a wildcard is no field: name one, for example eventType');
    if (token.value === 'and' || token.value === 'or')
      throw new Stop(token, `a comparison is missing before ${token.value}`);
    if (token.value === 'not') throw new Stop(token, 'there is no not');
    if (!FIELD.test(token.value)) {
      throw new Stop(token, 'not the name of a field: letters, digits, _ and -, with dots between names');
    }
    return token;
  }

  #operator(): Operator {
    const token = this.#next();
    if (token.kind === 'end') throw new Stop(token, `an operator is missing here: there are ${KNOWN_OPERATORS}`);
    if (token.kind !== 'word') throw new Stop(token, `an operator must stand here: there are ${KNOWN_OPERATORS}`);
    if (Object.hasOwn(OPERATORS, token.value)) return token.value as Operator;
    const lower = token.value.toLowerCase();
    const hint = Object.hasOwn(OPERATORS, lower) ? `, written in lower case: ${lower}` : '';
    throw new Stop(token, `unknown operator ${token.value}: there are ${KNOWN_OPERATORS}${hint}`);
  }

  #isWord(value: string): boolean {
    const token = this.#peek();
    return token.kind === 'word' && token.value === value;
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', start: 0, end: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    if (token.kind !== 'end') this.#at += 1;
    return token;
  }
}

function readLiteral(token: Token, operator: Operator): { readonly value: Literal; readonly bare: boolean } {
  if (token.kind === 'text') return { value: token.value, bare: false };
  if (token.kind !== 'word' || token.value === 'and' || token.value === 'or') {
    throw new Stop(token, `a value is missing after ${operator}: a "text", a number, true or false`);
  }
  if (NUMBER.test(token.value)) return { value: readNumber(token), bare: false };
  if (token.value === 'true' || token.value === 'false') return { value: token.value === 'true', bare: false };
  if (token.value === 'null') {
    throw new Stop(token, 'there is no null: a "text", a number, true or false must stand here');
  }
  return { value: token.value, bare: true };
}

/**
 * Rejects leading zeros: they suggest a text, such as a telephone number, and the intended one is
 * ambiguous.
 */
function readNumber(token: Extract<Token, { kind: 'word' }>): number {
  if (!LEADING_ZEROS.test(token.value)) return Number(token.value);
  const number = token.value.replace(LEADING_ZEROS, '$1');
  throw new Stop(token, `a number has no zeros before it: write ${number}, or the text ${formatLiteral(token.value)}`);
}

/**
 * Refuses a value that the operator cannot compare, or with which it would let everything through.
 */
function checkLiteral(operator: Operator, literal: Literal, at: Span): void {
  if (typeof literal === 'string' && WILDCARD.test(literal)) {
    throw new Stop(at, 'a wildcard: there are none, the text is compared as it stands');
  }
  switch (operator) {
    case 'eq':
      return;
    case 'contains':
      if (typeof literal !== 'string') throw new Stop(at, `contains compares texts: write "${literal}"`);
      if (literal === '') throw new Stop(at, 'every text contains the empty one: every event would be sent');
      return;
    case 'gt':
      if (typeof literal === 'boolean' || (typeof literal === 'string' && !isTime(literal))) {
        throw new Stop(at, 'gt compares numbers, and times such as "2026-01-31T09:30:00Z"');
      }
      return;
    default:
      operator satisfies never;
  }
}
