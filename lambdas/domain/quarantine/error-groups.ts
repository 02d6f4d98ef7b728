/** Errors that are alike, counted. */

/** Groups that are kept. */
const GROUPS_MAX = 3;

/**
 * The most common errors, most common first. Digits are taken for alike: they number attempts,
 * requests, records.
 */
export function errorGroups(errors: readonly string[]): { readonly error: string; readonly count: number }[] {
  const groups = new Map<string, { readonly error: string; count: number }>();
  for (const error of errors) {
    if (error === '') continue;
    // The status of a response is part of the kind, not a number of one event.
    const kind = error.replace(/(?<!^HTTP )\b[0-9a-f-]*\d[0-9a-f-]*\b/gi, '#');
    const group = groups.get(kind) ?? { error, count: 0 };
    group.count += 1;
    groups.set(kind, group);
  }
  return [...groups.values()].sort((one, other) => other.count - one.count).slice(0, GROUPS_MAX);
}
