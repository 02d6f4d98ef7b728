/**
 * Faults of a CRM on this machine: a list of rules, of which the first that fits a request applies.
 */
import * as z from 'zod';
import { FaultRules } from './fault-rules.ts';

const rule = z.strictObject({
  /** Only for this contact. */
  phone: z.optional(z.string()),
  /** Only for a share of the requests, 0 to 1. */
  share: z.optional(z.number().check(z.gte(0), z.lte(1))),
  /** Only for so many requests; then the rule is used up. */
  times: z.optional(z.int().check(z.gte(1))),
  /** Only for so long. */
  forSeconds: z.optional(z.int().check(z.gte(1))),
  /** Before anything else, wait so long. */
  delayMs: z.optional(z.int().check(z.gte(0))),
  /** Carry the request out and then fail: the client sees something else than what has happened. */
  applyFirst: z.optional(z.boolean()),
  /** Answer with this status. */
  status: z.optional(z.int().check(z.gte(200), z.lte(599))),
  /** With `status`: the header's value. */
  retryAfter: z.optional(z.string()),
  /** Never answer. */
  hang: z.optional(z.boolean()),
  /** Cut the connection. */
  drop: z.optional(z.boolean()),
  /** Answer with a web page, as a proxy in front of the CRM does. */
  html: z.optional(z.boolean()),
  /** A fault of this CRM by its name: one of its error responses, or a state of its account. */
  fault: z.optional(z.string()),
  /** With `fault: 'rate'`: so many requests in so many seconds. */
  requests: z.optional(z.int().check(z.gte(1))),
  perSeconds: z.optional(z.int().check(z.gte(1))),
});

/** One rule. With `delayMs` alone the request is slow and otherwise as usual. */
export type FaultRule = z.infer<typeof rule>;

/** The rules in force. */
export class CrmFaults extends FaultRules<FaultRule> {
  constructor(nowMs: () => number = Date.now) {
    super(rule, nowMs);
  }

  /**
   * The rule for a request, which counts as used; `chance` is in [0, 1). `states` are not rules for
   * a request but last until they are replaced.
   */
  next(isAbout: (phone: string) => boolean, chance: number, states: ReadonlySet<string> = NONE): FaultRule | undefined {
    return this.use(
      ({ phone, share = 1, fault }) =>
        (phone === undefined || isAbout(phone)) && chance < share && (fault === undefined || !states.has(fault)),
    );
  }
}

const NONE: ReadonlySet<string> = new Set();
