/** Reads what a CRM on this machine has seen, and switches its faults. */
import { ACCESS_KEY_HEADER } from '../http/access-key.ts';
import type { FaultRule } from './crm-faults.ts';
import type { CallSummary, ContactSummary, CrmRecords } from './fakes/fake-vendor.ts';
import type { CrmCall, CrmState } from './sample-crm.ts';

/** Counts over everything. `title` and `loggedCalls`: only of a vendor's fake. */
export type LocalCrmState = CrmState & { readonly title?: string; readonly loggedCalls?: number };

/** Faults in force, and the names of those that a rule's `fault` may have. */
export interface CrmFaultState {
  readonly rules: readonly FaultRule[];
  readonly known: readonly string[];
}

/** Counts over everything. */
export function readCrmState(crmUrl: string): Promise<LocalCrmState> {
  return request<LocalCrmState>(crmUrl, '/_crm/state');
}

/** Every call of the sample CRM, in order. */
export function readCrmCalls(crmUrl: string): Promise<readonly CrmCall[]> {
  return request<readonly CrmCall[]>(crmUrl, '/_crm/calls');
}

/** The records of a vendor's fake. */
export async function readCrmRecords(crmUrl: string): Promise<CrmRecords> {
  const [contacts, calls] = await Promise.all([
    request<readonly ContactSummary[]>(crmUrl, '/_crm/contacts'),
    request<readonly CallSummary[]>(crmUrl, '/_crm/logged-calls'),
  ]);
  return { contacts, calls };
}

/** The last records of a vendor's fake, newest first. */
export function readLatestCrmRecords(crmUrl: string): Promise<CrmRecords> {
  return request<CrmRecords>(crmUrl, '/_crm/latest');
}

/** The faults in force. */
export function readCrmFaults(crmUrl: string): Promise<CrmFaultState> {
  return request<CrmFaultState>(crmUrl, '/_crm/faults');
}

/**
 * Replaces the faults in force; with `add`, puts new ones before them. Rejects with the reason if
 * the CRM does not accept them.
 */
export async function setCrmFaults(
  crmUrl: string,
  accessKey: string,
  rules: readonly FaultRule[],
  { add = false } = {},
): Promise<void> {
  const headers = { 'content-type': 'application/json', [ACCESS_KEY_HEADER]: accessKey };
  await request(crmUrl, '/_crm/faults', { method: 'POST', headers, body: JSON.stringify({ rules, add }) });
}

async function request<T>(crmUrl: string, path: string, init: RequestInit = {}): Promise<T> {
  const response = await fetch(new URL(path, crmUrl), init);
  const body = (await response.json()) as T & { readonly message?: string };
  if (!response.ok) throw new Error(body.message ?? `it answered ${response.status}`);
  return body;
}
