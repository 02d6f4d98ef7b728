/** Faults in words. */

import type { FaultRule } from './crm-faults.ts';
import { ACCOUNT_STATES } from './fakes/fake-vendor.ts';

/** Effect of a rule on a call. */
export function formatCrmRule(rule: FaultRule): string {
  const { phone, share, times, forSeconds, delayMs, applyFirst, status, retryAfter, hang, drop, html, fault } = rule;
  const state = Object.entries(ACCOUNT_STATES).find(([name]) => name === fault)?.[1];
  if (state !== undefined)
    return `${state}${rule.requests === undefined ? '' : `: ${rule.requests} in ${rule.perSeconds} s`}${forSeconds === undefined ? '' : ` (for ${forSeconds} s)`}`;
  const which = [
    share === undefined || share === 1 ? 'every call' : `${Math.round(share * 100)} % of the calls`,
    phone === undefined ? '' : `for ${phone}`,
    times === undefined ? '' : `(the next ${times})`,
    forSeconds === undefined ? '' : `(for ${forSeconds} s)`,
  ];
  const what = [
    delayMs === undefined ? '' : `waits ${delayMs} ms`,
    applyFirst === true ? 'is applied' : '',
    status === undefined
      ? ''
      : `is answered ${status}${retryAfter === undefined ? '' : ` with Retry-After ${retryAfter}`}`,
    hang === true ? 'is never answered' : '',
    drop === true ? 'loses its connection' : '',
    html === true ? 'is answered with a web page' : '',
    fault === undefined ? '' : `meets the fault ${fault}`,
  ];
  return `${which.filter(Boolean).join(' ')} ${what.filter(Boolean).join(', then ')}`;
}
