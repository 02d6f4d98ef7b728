/** Rules that give a CRM's response its meaning by status, header and JSON pointer. Pure. */

/** Meaning of a response. What each kind leads to is in `crm-outcome.ts`. */
export type OutcomeKind =
  | 'success'
  | 'transient'
  | 'conflict'
  | 'throttled'
  | 'credentials'
  | 'permission'
  | 'redirect'
  | 'permanent'
  | 'ambiguous'
  | 'protocol_error';

/** A text to compare with, several, or a pattern. Numbers and booleans are compared as text. */
export type Pattern = string | readonly string[] | RegExp;

/** One rule. Conditions that are absent match every response. */
export interface ResponseRule {
  readonly outcome: OutcomeKind;
  /** By which a request names it in `expects`. */
  readonly name?: string;
  /** Absent: every status. */
  readonly status?: readonly number[];
  readonly header?: { readonly name: string; readonly value?: Pattern };
  /** Each must hold. A body that is not JSON has no values. */
  readonly body?: readonly BodyCondition[];
  /** The shortest wait before the next attempt if the response does not say how long. */
  readonly waitMs?: number;
  /** `ambiguous`: pointer to what identifies the candidates. */
  readonly candidates?: string;
}

/** A condition on the values that a pointer names: there is one; with `value`, one that matches. */
export interface BodyCondition {
  /** RFC 6901, for example `/0/errorCode`. A part `*` stands for every member. */
  readonly pointer: string;
  readonly value?: Pattern;
}

/** The meaning that a rule or a connector gives a response. */
export interface Meaning {
  readonly kind: OutcomeKind;
  readonly waitMs?: number;
  readonly candidates?: readonly string[];
}

/** Candidates that are kept for people. */
const CANDIDATES_MAX = 10;

/** A response as rules see it. */
export interface RuleSubject {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined if the body is not JSON. */
  readonly body: unknown;
}

/** The first rule that matches; undefined if none does. Never throws. */
export function matchingRule(rules: readonly ResponseRule[], response: RuleSubject): ResponseRule | undefined {
  return rules.find((rule) => matches(rule, response));
}

function matches({ status, header, body = [] }: ResponseRule, response: RuleSubject): boolean {
  if (status !== undefined && !status.includes(response.status)) return false;
  if (header !== undefined) {
    const value = response.headers[header.name.toLowerCase()];
    if (value === undefined || !isLike(value, header.value)) return false;
  }
  return body.every(({ pointer, value }) => valuesAt(response.body, pointer).some((found) => isLike(found, value)));
}

function isLike(found: unknown, pattern: Pattern | undefined): boolean {
  if (pattern === undefined) return true;
  if (typeof found !== 'string' && typeof found !== 'number' && typeof found !== 'boolean') return false;
  const text = String(found);
  if (pattern instanceof RegExp) return text.search(pattern) >= 0;
  return typeof pattern === 'string' ? text === pattern : pattern.includes(text);
}

/** The values that a pointer names. */
export function valuesAt(body: unknown, pointer: string): readonly unknown[] {
  let values: readonly unknown[] = body === undefined ? [] : [body];
  for (const part of pointer.split('/').slice(1)) {
    const name = part.replaceAll('~1', '/').replaceAll('~0', '~');
    values = values.flatMap((value) => {
      if (typeof value !== 'object' || value === null) return [];
      if (part === '*') return Object.values(value);
      return Object.hasOwn(value, name) ? [(value as Readonly<Record<string, unknown>>)[name]] : [];
    });
  }
  return values;
}

/** The candidates that an ambiguous response names. */
export function candidatesIn({ candidates }: ResponseRule, body: unknown): readonly string[] {
  if (candidates === undefined) return [];
  const found = valuesAt(body, candidates).filter((value) => typeof value === 'string' || typeof value === 'number');
  return found.slice(0, CANDIDATES_MAX).map(String);
}
