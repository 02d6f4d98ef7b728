/**
 * A routing condition: what a stream's rule says of an event. `field op literal`, with `and`, `or`
 * and parentheses.
 */

/** Every operator, with what it does. */
export const OPERATORS = {
  eq: 'the field is this value',
  contains: 'the field’s text has this in it, or the field’s list has it as an item',
  gt: 'the field is a number above this one, or a time after this one',
} as const;

/** The name of an operator. */
export type Operator = keyof typeof OPERATORS;

/** Value with which a field is compared. */
export type Literal = string | number | boolean;

/**
 * Range in the text of a condition: offsets of the first character, and of the one after the last.
 */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** One comparison. */
export interface Comparison {
  readonly kind: 'comparison';
  /** Names with dots between them: `interaction.type`. */
  readonly field: string;
  readonly operator: Operator;
  readonly literal: Literal;
  /** True if the literal is a text that was written without quotes. */
  readonly bare: boolean;
  readonly span: Span;
}

/** A condition. `and` binds tighter than `or`; both have two operands or more. */
export type Condition =
  | Comparison
  | { readonly kind: 'and'; readonly operands: readonly Condition[] }
  | { readonly kind: 'or'; readonly operands: readonly Condition[] };

/**
 * The condition as text, with parentheses only where they are needed. Reads back as the same
 * condition.
 */
export function formatCondition(condition: Condition): string {
  switch (condition.kind) {
    case 'comparison':
      return `${condition.field} ${condition.operator} ${formatLiteral(condition.literal)}`;
    case 'and':
      return condition.operands.map((operand) => grouped(operand, operand.kind !== 'comparison')).join(' and ');
    case 'or':
      return condition.operands.map((operand) => grouped(operand, operand.kind === 'or')).join(' or ');
    default:
      return condition satisfies never;
  }
}

/** A literal as it is written in a condition. */
export function formatLiteral(literal: Literal): string {
  return typeof literal === 'string' ? `"${literal.replaceAll(/[\\"]/g, '\\$&')}"` : String(literal);
}

/** Every comparison of a condition, from left to right. */
export function comparisonsOf(condition: Condition): Comparison[] {
  return condition.kind === 'comparison' ? [condition] : condition.operands.flatMap(comparisonsOf);
}

function grouped(condition: Condition, parenthesized: boolean): string {
  const text = formatCondition(condition);
  return parenthesized ? `(${text})` : text;
}
