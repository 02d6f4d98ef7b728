/** What the sample CRM was told, in words. */
import type { FaultRule } from './crm-faults.ts';

/** What a rule does to a call. */
export function formatCrmRule({
  phone,
  share,
  times,
  delayMs,
  applyFirst,
  status,
  retryAfter,
  hang,
  drop,
}: FaultRule): string {
  const which = [
    share === undefined || share === 1 ? 'every call' : `${Math.round(share * 100)} % of the calls`,
    phone === undefined ? '' : `for ${phone}`,
    times === undefined ? '' : `(the next ${times})`,
  ];
  const what = [
    delayMs === undefined ? '' : `waits ${delayMs} ms`,
    applyFirst === true ? 'is applied' : '',
    status === undefined
      ? ''
      : `is answered ${status}${retryAfter === undefined ? '' : ` with Retry-After ${retryAfter}`}`,
    hang === true ? 'is never answered' : '',
    drop === true ? 'loses its connection' : '',
  ];
  return `${which.filter(Boolean).join(' ')} ${what.filter(Boolean).join(', then ')}`;
}
