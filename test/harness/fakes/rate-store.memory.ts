/**
 * The schedule of requests to the CRM in memory; the contract tests hold it to the results of the
 * DynamoDB adapter.
 */
import { decideSlots, type SlotDecision, type SlotRequest } from '../../../lambdas/domain/crm/request-rate.ts';
import type { RateStore, Unavailable } from '../../../lambdas/ports.ts';

/** Counts its writes: each costs a write unit, granted or refused. */
export class MemoryRateStore implements RateStore {
  nextMs: number | undefined;
  writes = 0;
  refusals = 0;
  /** Set: no take succeeds. */
  cause: string | undefined;

  async take(request: SlotRequest, _budgetMs = 0): Promise<SlotDecision | Unavailable> {
    this.writes += 1;
    if (this.cause !== undefined) return { kind: 'unavailable', cause: this.cause };
    const decision = decideSlots(this.nextMs, request);
    if (decision.kind === 'full') this.refusals += 1;
    else this.nextMs = decision.firstMs + request.count * request.spacingMs;
    return decision;
  }
}
