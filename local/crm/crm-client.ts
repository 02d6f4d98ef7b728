/** Asking the sample CRM what it has seen, and telling it how to behave. */
import { ACCESS_KEY_HEADER } from '../http/access-key.ts';
import type { FaultRule } from './crm-faults.ts';
import type { CrmCall, CrmState } from './sample-crm.ts';

/** Counts over everything. */
export function readCrmState(crmUrl: string): Promise<CrmState> {
  return request<CrmState>(crmUrl, '/_crm/state');
}

/** Every call, in order. */
export function readCrmCalls(crmUrl: string): Promise<readonly CrmCall[]> {
  return request<readonly CrmCall[]>(crmUrl, '/_crm/calls');
}

/** The rules of misbehaviour in force. */
export async function readCrmFaults(crmUrl: string): Promise<readonly FaultRule[]> {
  return (await request<{ readonly rules: readonly FaultRule[] }>(crmUrl, '/_crm/faults')).rules;
}

/** Replaces the rules in force. Rejects, saying why, where the CRM does not take them. */
export async function setCrmFaults(crmUrl: string, accessKey: string, rules: readonly FaultRule[]): Promise<void> {
  const headers = { 'content-type': 'application/json', [ACCESS_KEY_HEADER]: accessKey };
  await request(crmUrl, '/_crm/faults', { method: 'POST', headers, body: JSON.stringify({ rules }) });
}

async function request<T>(crmUrl: string, path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(new URL(path, crmUrl), init);
  const body = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(body.message ?? `it answered ${response.status}`);
  return body;
}
