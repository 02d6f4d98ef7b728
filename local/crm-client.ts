/** Asking the sample CRM what it has seen. */
import type { CrmCall, CrmState } from './sample-crm.ts';

/** Counts over everything. */
export function readCrmState(crmUrl: string): Promise<CrmState> {
  return read<CrmState>(crmUrl, '/_crm/state');
}

/** Every call, in order. */
export function readCrmCalls(crmUrl: string): Promise<readonly CrmCall[]> {
  return read<readonly CrmCall[]>(crmUrl, '/_crm/calls');
}

async function read<T>(crmUrl: string, path: string): Promise<T> {
  const response = await fetch(new URL(path, crmUrl));
  if (!response.ok) throw new Error(`the sample CRM answered ${response.status}`);
  return (await response.json()) as T;
}
