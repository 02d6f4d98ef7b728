/**
 * The last failure of the CRM as it is kept for recovery and for people: what it was, since when,
 * what to do.
 */
import type { CrmFailure } from './crm-outcome.ts';

/** Kinds of failure that ask for different things to be done. */
export type CrmFaultKind =
  /** The credentials cannot be read, or are refused by the token endpoint. */
  | 'no_token'
  /** The token endpoint does not answer, or fails. */
  | 'token_outage'
  /** 401. */
  | 'credentials'
  /** 403. */
  | 'permission'
  /** 429. */
  | 'throttled'
  /** 3xx: a login page, or a wrong address. */
  | 'redirect'
  /** No connection: the name, the port, the certificate. */
  | 'not_reached'
  /** A timeout, or a connection that broke. */
  | 'no_response'
  /** 5xx and all else. */
  | 'failing';

/** The last failed call. Times are epoch milliseconds. */
export interface CrmFault {
  readonly kind: CrmFaultKind;
  /** Absent where no response came. */
  readonly status?: number;
  readonly error: string;
  /** When the first of the calls failed that failed like this one since the last success. */
  readonly sinceMs: number;
  /** When the last recorded call failed. */
  readonly atMs: number;
}

/** Longer errors are cut: this one is read with every batch. */
const ERROR_MAX = 200;

/** The fault that a failed call stands for; `before` is what was recorded until now. */
export function crmFaultFrom(
  failure: CrmFailure,
  nowMs: number,
  before: Pick<CrmFault, 'kind' | 'sinceMs'> | undefined,
): CrmFault {
  const { error } = failure;
  const status = Number(/^HTTP (\d{3})\b/.exec(error)?.[1] ?? 0);
  const faultKind = faultKindOf(failure, status !== 0);
  return {
    kind: faultKind,
    ...(status === 0 ? {} : { status }),
    error: error.slice(0, ERROR_MAX).toWellFormed(),
    sinceMs: before?.kind === faultKind ? before.sinceMs : nowMs,
    atMs: nowMs,
  };
}

function faultKindOf({ kind, applied, isTokenOutage }: CrmFailure, isAnswered: boolean): CrmFaultKind {
  switch (kind) {
    case 'dependency':
      return isTokenOutage === true ? 'token_outage' : 'no_token';
    case 'credentials':
    case 'permission':
    case 'throttled':
    case 'redirect':
      return kind;
    // Not recorded: no call has failed.
    case 'over_rate':
      return 'throttled';
    case 'transient':
      if (isAnswered) return 'failing';
      return applied === 'not_applied' ? 'not_reached' : 'no_response';
    case 'conflict':
    case 'permanent':
    case 'ambiguous':
    case 'protocol_error':
      return 'failing';
    default:
      return kind satisfies never;
  }
}

/** Description of a fault. */
export interface CrmFaultSpec {
  readonly title: string;
  readonly next: string;
  /** True if it stays until a person does something. */
  readonly needsPerson: boolean;
}

/** Cause and remedy of each kind of fault. */
export const CRM_FAULTS = {
  no_token: {
    title: 'The CRM’s credentials are missing, cannot be read, or are refused by the token endpoint',
    next: 'The error says which. Put a right value into the secret CrmToken (aws secretsmanager put-secret-value).',
    needsPerson: true,
  },
  token_outage: {
    title: 'The CRM’s token endpoint is down',
    next: 'Wait, and ask the CRM’s operators.',
    needsPerson: false,
  },
  credentials: {
    title: 'The CRM refuses our credentials',
    next: 'Put a new value into the secret CrmToken (aws secretsmanager put-secret-value).',
    needsPerson: true,
  },
  permission: {
    title: 'The CRM refuses our user a permission',
    next: 'Grant the permission in the CRM; the error names it if the CRM does.',
    needsPerson: true,
  },
  redirect: {
    title: 'The CRM redirects our calls',
    next: 'Check crm.baseUrl: it leads to a login page or to another host. Correct it and deploy.',
    needsPerson: true,
  },
  not_reached: {
    title: 'The CRM cannot be reached',
    next: 'Check host and port in crm.baseUrl, DNS, the certificate and the network. If they are right, the CRM is down: wait.',
    needsPerson: true,
  },
  throttled: {
    title: 'The CRM limits our calls',
    next: 'Wait. If it does not end, lower crm.rate, or limits.processorConcurrency.',
    needsPerson: false,
  },
  no_response: {
    title: 'The CRM does not answer in time',
    next: 'Wait, and ask the CRM’s operators.',
    needsPerson: false,
  },
  failing: {
    title: 'The CRM is down',
    next: 'Wait, and ask the CRM’s operators.',
    needsPerson: false,
  },
} as const satisfies Readonly<Record<CrmFaultKind, CrmFaultSpec>>;

/** Reads what is stored; undefined where it is no fault. */
export function readCrmFault(stored: unknown): CrmFault | undefined {
  if (typeof stored !== 'object' || stored === null) return undefined;
  const { kind, status, error, sinceMs, atMs } = stored as Partial<Record<keyof CrmFault, unknown>>;
  if (typeof kind !== 'string' || !Object.hasOwn(CRM_FAULTS, kind)) return undefined;
  if (typeof error !== 'string' || !isTime(sinceMs) || !isTime(atMs)) return undefined;
  return { kind: kind as CrmFaultKind, ...(isTime(status) ? { status } : {}), error, sinceMs, atMs };
}

function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
