/** Why the CRM was called again for an event: the trail of its row says what went wrong before each further call. */
import type { TrailEntry } from '../../lambdas/domain/event-row.ts';
import type { CrmCall } from '../../local/sample-crm.ts';
import type { LocalPipelineProcess } from '../harness/local-pipeline.ts';

/** Calls beyond the first of each event. */
export interface RepeatedCalls {
  readonly total: number;
  /** By what had happened before. */
  readonly because: Readonly<Record<string, number>>;
  /** Events with more calls than their trail accounts for. */
  readonly unexplained: readonly string[];
}

const ROWS_AT_ONCE = 100;
/** A trail keeps its last entries only: a full one may have forgotten some. */
const FULL_TRAIL = 12;

/** Accounts for every repeated call. */
export async function whyRepeated(pipeline: LocalPipelineProcess, calls: readonly CrmCall[]): Promise<RepeatedCalls> {
  const byEvent = [...Map.groupBy(calls, ({ key }) => key ?? '')].filter(([, those]) => those.length > 1);
  const because: Record<string, number> = {};
  const unexplained: string[] = [];
  for (let from = 0; from < byEvent.length; from += ROWS_AT_ONCE) {
    const some = byEvent.slice(from, from + ROWS_AT_ONCE);
    const rows = await pipeline.rows(some.map(([id]) => `EVENT#${id}`));
    for (const [id, those] of some) {
      const trail = (rows.get(`EVENT#${id}`)?.trail ?? []) as readonly TrailEntry[];
      const causes = trail.filter(({ what }) => what === 'failed' || what === 'lease_expired' || what === 'redriven');
      for (const cause of causes.slice(0, those.length - 1)) because[nameOf(cause)] = (because[nameOf(cause)] ?? 0) + 1;
      if (those.length - 1 > causes.length && trail.length < FULL_TRAIL) unexplained.push(id);
    }
  }
  return { total: byEvent.reduce((sum, [, those]) => sum + those.length - 1, 0), because, unexplained };
}

function nameOf({ what, detail = '' }: TrailEntry): string {
  if (what === 'lease_expired') return 'an attempt ended without a word (killed, or its outcome not recorded)';
  if (what === 'redriven') return 'redriven from quarantine';
  return `the call before failed: ${detail.split(':')[0]}`;
}
