/**
 * Conditions that are valid, but that defeat filtering at the source: nearly everything passes, or
 * it is unclear what does.
 */
import { type Comparison, type Condition, comparisonsOf, type Span } from './condition.ts';
import { isTime } from './parser.ts';

/**
 * A warning for the author of a condition, which is sent anyway. `span` is what the warning is
 * about, else all of it.
 */
export interface ConditionWarning {
  readonly message: string;
  readonly span?: Span;
}

/** A text as short as this is in nearly every value. */
const CONTAINED_CHARACTERS_MIN = 3;

/** Beyond either, a condition is better written as several rules, or decided in the mapping. */
const COMPARISONS_MAX = 20;
const NESTING_MAX = 5;

/**
 * Warns of what is too broad or too complex. `nowMs`: a time that has passed keeps no new event
 * away.
 */
export function checkCondition(condition: Condition, nowMs: number): ConditionWarning[] {
  return [...complexity(condition), ...breadth(condition, nowMs), ...spelling(condition)];
}

function complexity(condition: Condition): ConditionWarning[] {
  const comparisons = comparisonsOf(condition).length;
  const nesting = nestingOf(condition);
  const warnings: ConditionWarning[] = [];
  if (comparisons > COMPARISONS_MAX) {
    warnings.push({
      message: `complex: ${comparisons} comparisons (more than ${COMPARISONS_MAX}); write several rules`,
    });
  }
  if (nesting > NESTING_MAX) {
    warnings.push({ message: `complex: nested ${nesting} deep (more than ${NESTING_MAX}); write several rules` });
  }
  return warnings;
}

function nestingOf(condition: Condition): number {
  return condition.kind === 'comparison' ? 0 : 1 + Math.max(...condition.operands.map(nestingOf));
}

/**
 * Finds conditions that let (nearly) every event pass: an `or` is as broad as its broadest operand,
 * an `and` as its narrowest.
 */
function breadth(condition: Condition, nowMs: number): ConditionWarning[] {
  return broadParts(condition, nowMs).map(({ comparison, why }) => ({
    message: `broad: ${why}, so that nearly every event passes`,
    span: comparison.span,
  }));
}

interface BroadPart {
  readonly comparison: Comparison;
  readonly why: string;
}

function broadParts(condition: Condition, nowMs: number): BroadPart[] {
  switch (condition.kind) {
    case 'comparison': {
      const why = broadness(condition, nowMs);
      return why === undefined ? [] : [{ comparison: condition, why }];
    }
    case 'or':
      return condition.operands.flatMap((operand) => broadParts(operand, nowMs));
    case 'and': {
      const parts = condition.operands.map((operand) => broadParts(operand, nowMs));
      return parts.every(({ length }) => length > 0) ? parts.flat() : [];
    }
    default:
      return condition satisfies never;
  }
}

function broadness({ operator, literal }: Comparison, nowMs: number): string | undefined {
  if (operator === 'contains' && String(literal).length < CONTAINED_CHARACTERS_MIN) {
    return `${JSON.stringify(literal)} is in nearly every text`;
  }
  if (operator !== 'gt') return undefined;
  if (typeof literal === 'number') return literal < 0 ? `nearly every number is above ${literal}` : undefined;
  return isTime(String(literal)) && Date.parse(String(literal)) <= nowMs
    ? `every new event is later than ${literal}`
    : undefined;
}

function spelling(condition: Condition): ConditionWarning[] {
  return comparisonsOf(condition).flatMap(({ literal, bare, span }) => {
    const warnings: ConditionWarning[] = [];
    if (bare) warnings.push({ message: `a text without quotes: write "${literal}"`, span });
    if (typeof literal === 'string' && literal.includes('*')) {
      warnings.push({ message: 'there are no wildcards: * is compared as it stands', span });
    }
    return warnings;
  });
}
