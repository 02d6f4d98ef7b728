/** A CRM in memory that remembers every call that reached it. */
import type { CrmAction } from '../../../lambdas/domain/crm/action.ts';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import type { Crm } from '../../../lambdas/ports.ts';

/** A call that the CRM has applied. */
export interface AppliedCall {
  readonly action: CrmAction;
  readonly idempotencyKey: string;
}

/**
 * Applies each call, a repeated one too: nothing here leans on a CRM that honours idempotency keys.
 */
export class MemoryCrm implements Crm {
  readonly applied: AppliedCall[] = [];

  async deliver(action: CrmAction, call: Parameters<Crm['deliver']>[1]): Promise<CrmResponse> {
    return this.applyNow(action, call.idempotencyKey);
  }

  /** Applies the call at this instant. */
  applyNow(action: CrmAction, idempotencyKey: string): CrmResponse {
    this.applied.push({ action, idempotencyKey });
    return { kind: 'answered', status: 200, excerpt: '' };
  }
}
