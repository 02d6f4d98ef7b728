/** How the fake Genesys Cloud can be told to fail: a list of rules, of which the first that fits a request applies. */
import * as z from 'zod';

const rule = z.strictObject({
  /** Only requests with this method. */
  method: z.optional(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])),
  /** Only requests whose path begins so. */
  path: z.optional(z.string()),
  /** Only for so many requests; then the rule is used up. */
  times: z.optional(z.int().check(z.gte(1))),
  /** What is answered; 0 cuts the connection. */
  status: z.int().check(z.gte(0), z.lte(599)),
  /** What the answer says. */
  message: z.optional(z.string()),
  /** The header's value. */
  retryAfter: z.optional(z.string()),
  /** Do what was asked all the same, and only then fail. */
  applyFirst: z.optional(z.boolean()),
});

/** One rule. */
export type GenesysFault = z.infer<typeof rule>;

const request = z.strictObject({ rules: z.array(rule) });

/** The rules in force. */
export class GenesysFaults {
  #rules: { readonly rule: GenesysFault; left: number }[] = [];

  /** Replaces all rules. Answers what is wrong with the request, if anything. */
  set(body: unknown): string | undefined {
    const parsed = request.safeParse(body);
    if (!parsed.success) {
      return parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    }
    this.#rules = parsed.data.rules.map((given) => ({ rule: given, left: given.times ?? Number.POSITIVE_INFINITY }));
    return undefined;
  }

  /** The rule for a request, which counts as used. */
  next(method: string, path: string): GenesysFault | undefined {
    const fitting = this.#rules.find(
      ({ rule: only, left }) =>
        left > 0 && (only.method ?? method) === method && (only.path === undefined || path.startsWith(only.path)),
    );
    if (fitting === undefined) return undefined;
    fitting.left -= 1;
    return fitting.rule;
  }
}
