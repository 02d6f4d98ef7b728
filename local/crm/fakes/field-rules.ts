/**
 * Fields of a fake CRM's records, and what is wrong with a value. Stricter than the vendors on
 * units.
 */

/** Type of a field. */
export interface FieldRule {
  readonly type: 'text' | 'integer' | 'boolean' | 'date' | 'instant';
  /** Characters of a text. */
  readonly max?: number;
  /** Values of a picklist. */
  readonly oneOf?: readonly (string | number)[];
  /** Plausible values, inclusive: a duration in another unit lies outside. */
  readonly range?: readonly [number, number];
}

/** Fields by their names. */
export type FieldRules = Readonly<Record<string, FieldRule>>;

/** Fault of a value. */
export type FieldProblem = 'unknown_field' | 'type' | 'length' | 'choice' | 'range';

/** The first problem of `values`, with its field. `null` clears a field and is always right. */
export function findProblem(
  rules: FieldRules,
  values: Readonly<Record<string, unknown>>,
): { readonly field: string; readonly problem: FieldProblem } | undefined {
  for (const [field, value] of Object.entries(values)) {
    const rule = Object.hasOwn(rules, field) ? rules[field] : undefined;
    const problem = rule === undefined ? 'unknown_field' : problemWith(rule, value);
    if (problem !== undefined) return { field, problem };
  }
  return undefined;
}

function problemWith({ type, max, oneOf, range }: FieldRule, value: unknown): FieldProblem | undefined {
  if (value === null) return undefined;
  if (!isOfType(type, value)) return 'type';
  if (max !== undefined && String(value).length > max) return 'length';
  if (oneOf !== undefined && !oneOf.includes(value as string | number)) return 'choice';
  if (range !== undefined && (Number(value) < range[0] || Number(value) > range[1])) return 'range';
  return undefined;
}

function isOfType(type: FieldRule['type'], value: unknown): boolean {
  switch (type) {
    case 'text':
      return typeof value === 'string';
    case 'integer':
      return Number.isInteger(value);
    case 'boolean':
      return typeof value === 'boolean';
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value));
    case 'instant':
      return (
        typeof value === 'string' &&
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/.test(value) &&
        !Number.isNaN(Date.parse(value))
      );
    default:
      return type satisfies never;
  }
}
