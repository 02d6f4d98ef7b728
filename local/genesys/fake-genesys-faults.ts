/** Faults of the fake Genesys Cloud: a list of rules, of which the first match applies. */
import * as z from 'zod';
import { FaultRules } from '../crm/fault-rules.ts';

const rule = z.strictObject({
  /** Only requests with this method. */
  method: z.optional(z.enum(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])),
  /** Only requests whose path begins so. */
  path: z.optional(z.string()),
  /** Only for so many requests; then the rule is used up. */
  times: z.optional(z.int().check(z.gte(1))),
  /** Status of the response; 0 cuts the connection. */
  status: z.int().check(z.gte(0), z.lte(599)),
  /** Text of the response. */
  message: z.optional(z.string()),
  /** The header's value. */
  retryAfter: z.optional(z.string()),
  /** Carry out the request first, then fail. */
  applyFirst: z.optional(z.boolean()),
});

/** One rule. */
export type GenesysFault = z.infer<typeof rule>;

/** The rules in force. */
export class GenesysFaults extends FaultRules<GenesysFault> {
  constructor() {
    super(rule);
  }

  /** The rule for a request, which counts as used. */
  next(method: string, path: string): GenesysFault | undefined {
    return this.use(
      (only) => (only.method ?? method) === method && (only.path === undefined || path.startsWith(only.path)),
    );
  }
}
