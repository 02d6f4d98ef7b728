/** Evaluates a condition for an event, with the reasons. */
import { printable } from '../../../lambdas/domain/telemetry/redact.ts';
import { type Comparison, type Condition, formatLiteral, type Literal } from './condition.ts';

/** One comparison as it came out for an event. */
export interface ComparisonOutcome {
  readonly comparison: Comparison;
  readonly matches: boolean;
  /** Value of the field, in words. */
  readonly why: string;
}

/** Result of a condition for an event. */
export interface ConditionOutcome {
  readonly matches: boolean;
  /** Every comparison, from left to right, whether it decided anything or not. */
  readonly comparisons: readonly ComparisonOutcome[];
}

/** Long values are cut here when they are shown. */
const SHOWN_CHARACTERS_MAX = 60;

/** Compares everything: nothing is cut short, so that every comparison can be explained. */
export function matchCondition(condition: Condition, event: unknown): ConditionOutcome {
  if (condition.kind === 'comparison') {
    const value = fieldOf(event, condition.field);
    const matches = compare(condition, value);
    return { matches, comparisons: [{ comparison: condition, matches, why: describe(value) }] };
  }
  const outcomes = condition.operands.map((operand) => matchCondition(operand, event));
  const matches =
    condition.kind === 'and'
      ? outcomes.every((outcome) => outcome.matches)
      : outcomes.some((outcome) => outcome.matches);
  return { matches, comparisons: outcomes.flatMap(({ comparisons }) => comparisons) };
}

/** The value of a field, its own only; undefined if a part of the path is missing. */
function fieldOf(event: unknown, field: string): unknown {
  let value = event;
  for (const name of field.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[name];
  }
  return value;
}

function compare({ operator, literal }: Comparison, value: unknown): boolean {
  switch (operator) {
    case 'eq':
      return value === literal;
    case 'contains':
      return Array.isArray(value)
        ? value.includes(literal)
        : typeof value === 'string' && value.includes(String(literal));
    case 'gt':
      return isAfter(value, literal);
    default:
      return operator satisfies never;
  }
}

/**
 * Numbers are compared as numbers; a time is compared with a time, which may be in epoch
 * milliseconds.
 */
function isAfter(value: unknown, literal: Literal): boolean {
  if (typeof literal === 'number') return typeof value === 'number' && value > literal;
  const than = Date.parse(String(literal));
  if (typeof value === 'number') return value > than;
  return typeof value === 'string' && Date.parse(value) > than;
}

function describe(value: unknown): string {
  if (value === undefined) return 'the event has no such field';
  const text = printable(typeof value === 'string' ? formatLiteral(value) : (JSON.stringify(value) ?? String(value)));
  return `it is ${text.length > SHOWN_CHARACTERS_MAX ? `${text.slice(0, SHOWN_CHARACTERS_MAX)}…` : text}`;
}
