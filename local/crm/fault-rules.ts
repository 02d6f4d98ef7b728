/**
 * Rules of misbehaviour for a fake: the first that fits a request applies, perhaps only so often or
 * for so long.
 */
import * as z from 'zod';

/** Limits that every rule may have. */
interface LimitedRule {
  /** Only for so many requests. */
  readonly times?: number | undefined;
  /** Only for so long after it was set. */
  readonly forSeconds?: number | undefined;
}

/** A rule in force. */
export interface RuleInForce<Rule> {
  readonly rule: Rule;
  readonly sinceMs: number;
}

/** The rules in force. */
export class FaultRules<Rule extends LimitedRule> {
  readonly #request: z.ZodType<{ rules: Rule[]; add?: boolean | undefined }>;
  readonly #nowMs: () => number;
  #entries: { readonly rule: Rule; readonly sinceMs: number; left: number }[] = [];

  constructor(rule: z.ZodType<Rule>, nowMs: () => number = Date.now) {
    this.#request = z.strictObject({ rules: z.array(rule), add: z.optional(z.boolean()) });
    this.#nowMs = nowMs;
  }

  /**
   * Replaces all rules; with `add`, puts new ones before them. Returns what is wrong with the
   * request, if anything.
   */
  set(body: unknown): string | undefined {
    const parsed = this.#request.safeParse(body);
    if (!parsed.success) {
      return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    }
    const { rules, add = false } = parsed.data;
    const sinceMs = this.#nowMs();
    const entries = rules.map((rule) => ({ rule, sinceMs, left: rule.times ?? Number.POSITIVE_INFINITY }));
    this.#entries = add ? [...entries, ...this.#inForce()] : entries;
    return undefined;
  }

  /** Those that are neither used up nor over. */
  get rules(): Rule[] {
    return this.#inForce().map(({ rule }) => rule);
  }

  /** The first that fits, without using it. */
  find(fits: (rule: Rule) => boolean): RuleInForce<Rule> | undefined {
    return this.#inForce().find(({ rule }) => fits(rule));
  }

  /** The first that fits, which counts as used. */
  use(fits: (rule: Rule) => boolean): Rule | undefined {
    const fitting = this.#inForce().find(({ rule }) => fits(rule));
    if (fitting === undefined) return undefined;
    fitting.left -= 1;
    return fitting.rule;
  }

  #inForce() {
    const nowMs = this.#nowMs();
    return this.#entries.filter(
      ({ rule: { forSeconds }, sinceMs, left }) =>
        left > 0 && (forSeconds === undefined || nowMs < sinceMs + forSeconds * 1_000),
    );
  }
}
