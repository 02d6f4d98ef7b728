/**
 * Why the CRM was called again for an event: the history of its row says what went wrong before
 * each further call.
 */
import type { HistoryEntry } from '../../lambdas/domain/idempotency/history.ts';
import type { CrmCall } from '../../local/crm/sample-crm.ts';

/** A history keeps its last entries only: a full one may have forgotten some. */
const FULL_TRAIL = 12;

/**
 * A connection that was kept alive and is cut is tried again at once, by the same attempt: it has
 * no entry of its own.
 */
const AT_ONCE = 'a kept connection was cut under the call: tried again at once over another';

type Row = Readonly<Record<string, unknown>>;

/** Explains the calls beyond an event's first. */
export interface CallCauses {
  readonly causes: readonly string[];
  /** Calls that nothing accounts for. */
  readonly unexplained: number;
}

/** Accounts for each call beyond the first of one event, given its calls in order and its row. */
export function callCauses(calls: readonly CrmCall[], row: Row | undefined): CallCauses {
  const repeated = Math.max(0, calls.length - 1);
  const told = causesIn(row).slice(0, repeated);
  const further = repeated - told.length;
  const cut = calls.slice(0, -1).filter(({ outcome, status }) => outcome === 'failed' && status === 0).length;
  const atOnce = Array.from({ length: Math.min(further, cut) }, () => AT_ONCE);
  const unexplained = historyOf(row).length < FULL_TRAIL ? further - atOnce.length : 0;
  return { causes: [...told, ...atOnce], unexplained };
}

/** Causes of further calls that the history of an event's row names. */
export function causesIn(row: Row | undefined): string[] {
  return historyOf(row).flatMap((entry) => causeIn(entry) ?? []);
}

function historyOf(row: Row | undefined): readonly HistoryEntry[] {
  return (row?.history ?? []) as readonly HistoryEntry[];
}

function causeIn({ what, detail = '' }: HistoryEntry): string | undefined {
  switch (what) {
    case 'lease_expired':
      return 'an attempt ended without a word (killed, or its outcome not recorded)';
    case 'redriven':
      return 'redriven from quarantine';
    case 'failed':
      return `the call before failed: ${detail.split(':')[0]}`;
    case 'quarantined':
    case 'sent_again':
    case 'given_up':
      return undefined;
    default:
      return what satisfies never;
  }
}
