/** How the sample CRM can be told to misbehave: a list of rules, of which the first that fits a call applies. */
import * as z from 'zod';
import { FaultRules } from './fault-rules.ts';

const rule = z.strictObject({
  /** Only for this contact. */
  phone: z.optional(z.string()),
  /** Only for a share of the calls, 0 to 1. */
  share: z.optional(z.number().check(z.gte(0), z.lte(1))),
  /** Only for so many calls; then the rule is used up. */
  times: z.optional(z.int().check(z.gte(1))),
  /** Before anything else, wait so long. */
  delayMs: z.optional(z.int().check(z.gte(0))),
  /** Apply the call and then fail: what the client sees is not what has happened. */
  applyFirst: z.optional(z.boolean()),
  /** Answer with this status. */
  status: z.optional(z.int().check(z.gte(200), z.lte(599))),
  /** With `status`: the header's value. */
  retryAfter: z.optional(z.string()),
  /** Answer never. */
  hang: z.optional(z.boolean()),
  /** Cut the connection. */
  drop: z.optional(z.boolean()),
});

/** One rule. With `delayMs` alone the call is slow and otherwise as usual. */
export type FaultRule = z.infer<typeof rule>;

/** The rules in force. */
export class CrmFaults extends FaultRules<FaultRule> {
  constructor() {
    super(rule);
  }

  /** The rule for a call to `phone`, which counts as used; `chance` is in [0, 1). */
  next(phone: string | undefined, chance: number): FaultRule | undefined {
    return this.use(({ phone: only, share = 1 }) => (only === undefined || only === phone) && chance < share);
  }
}
