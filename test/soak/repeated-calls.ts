/** The calls beyond each event's first, over a whole soak, by what had happened before. */
import type { CrmCall } from '../../local/crm/sample-crm.ts';
import type { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { callCauses } from '../harness/repeated-calls.ts';

/** Calls beyond the first of each event. */
export interface RepeatedCalls {
  readonly total: number;
  /** Causes. */
  readonly because: Readonly<Record<string, number>>;
  /** Events with more calls than can be accounted for. */
  readonly unexplained: readonly string[];
}

const ROWS_AT_ONCE = 100;

/** Accounts for every repeated call. */
export async function whyRepeated(pipeline: LocalPipelineProcess, calls: readonly CrmCall[]): Promise<RepeatedCalls> {
  const byEvent = [...Map.groupBy(calls, ({ key }) => key ?? '')].filter(([, those]) => those.length > 1);
  const because: Record<string, number> = {};
  const unexplained: string[] = [];
  for (let from = 0; from < byEvent.length; from += ROWS_AT_ONCE) {
    const some = byEvent.slice(from, from + ROWS_AT_ONCE);
    const rows = await pipeline.rows(some.map(([id]) => `EVENT#${id}`));
    for (const [id, those] of some) {
      const accounted = callCauses(those, rows.get(`EVENT#${id}`));
      for (const cause of accounted.causes) because[cause] = (because[cause] ?? 0) + 1;
      if (accounted.unexplained > 0) unexplained.push(id);
    }
  }
  return { total: byEvent.reduce((sum, [, those]) => sum + those.length - 1, 0), because, unexplained };
}
