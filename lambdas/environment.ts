/**
 * Environment variables of a function: one contract for the construct that writes them and the
 * handler that reads them.
 */

import { resolveLimits } from './domain/limit-relations.ts';
import type { LimitOverrides, Limits } from './domain/limits.ts';

/** The variable that carries the limits which differ from their starting values, as JSON. */
export const LIMITS_VARIABLE = 'LIMITS';

/** Values by variable name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of an environment that takes `fields`: field name → variable name. */
export function writeEnvironment<F extends Readonly<Record<string, string>>>(
  fields: F,
  values: Readonly<Record<keyof F, string>>,
  limits: LimitOverrides,
): Record<string, string> {
  const entries = Object.entries(fields).map(([field, variable]) => [variable, values[field as keyof F]]);
  return { ...Object.fromEntries(entries), [LIMITS_VARIABLE]: JSON.stringify(limits) };
}

/**
 * Reads what `writeEnvironment` wrote. Throws one error that names every variable that is missing
 * or wrong.
 */
export function readEnvironment<F extends Readonly<Record<string, string>>>(
  fields: F,
  environment: Environment,
): Readonly<Record<keyof F, string>> & { readonly limits: Limits } {
  const problems = Object.values(fields)
    .filter((variable) => (environment[variable] ?? '') === '')
    .map((variable) => `${variable} is not set`);
  const resolved = resolveLimits(parseObject(environment[LIMITS_VARIABLE], problems));
  for (const problem of resolved.problems)
    problems.push(`${LIMITS_VARIABLE}: ${problem.key} is ${problem.got}, expected ${problem.expected}`);
  if (problems.length > 0 || resolved.limits === undefined) {
    throw new Error(`The function's environment is not what its construct writes: ${problems.join('; ')}.`);
  }
  const values = Object.fromEntries(Object.entries(fields).map(([field, variable]) => [field, environment[variable]]));
  return { ...(values as Record<keyof F, string>), limits: resolved.limits };
}

function parseObject(text: string | undefined, problems: string[]): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Reported below, like every other text that is not an object.
  }
  problems.push(`${LIMITS_VARIABLE} is not a JSON object`);
  return {};
}
