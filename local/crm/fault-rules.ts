/** Rules of misbehaviour for a fake: a list, of which the first that fits applies, each perhaps only so many times. */
import * as z from 'zod';

/** The rules in force. */
export class FaultRules<Rule extends { readonly times?: number | undefined }> {
  readonly #request: z.ZodType<{ rules: Rule[] }>;
  #rules: { readonly rule: Rule; left: number }[] = [];

  constructor(rule: z.ZodType<Rule>) {
    this.#request = z.strictObject({ rules: z.array(rule) });
  }

  /** Replaces all rules. Answers what is wrong with the request, if anything. */
  set(body: unknown): string | undefined {
    const parsed = this.#request.safeParse(body);
    if (!parsed.success) {
      return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    }
    this.#rules = parsed.data.rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
    return undefined;
  }

  /** Those that are not used up. */
  get rules(): Rule[] {
    return this.#rules.filter(({ left }) => left > 0).map(({ rule }) => rule);
  }

  /** The first that fits, which counts as used. */
  use(fits: (rule: Rule) => boolean): Rule | undefined {
    const fitting = this.#rules.find(({ rule, left }) => left > 0 && fits(rule));
    if (fitting === undefined) return undefined;
    fitting.left -= 1;
    return fitting.rule;
  }
}
