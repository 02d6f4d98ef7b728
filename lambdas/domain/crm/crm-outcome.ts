/** What an answer of the CRM means for the event: the one table by which attempts end. */
import type { Meaning } from './response-rules.ts';

/** What happened to one CRM call. */
export type CrmResponse = (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header as it came. */
      readonly retryAfter?: string;
      /** The beginning of the body, for people. Holds nothing that we sent. */
      readonly excerpt: string;
      /** The request was repeated after its connection had been reset: the CRM may have applied the first one. */
      readonly isRepeated?: true;
      /** By a rule or a connector. Absent: that of the status. */
      readonly meaning?: Meaning;
    }
  /** The connection was never made: the CRM cannot have seen the call. */
  | { readonly kind: 'not_sent'; readonly cause: string }
  /** Sent, at least in part, and no whole answer: a timeout, a reset. The CRM may have applied it. */
  | { readonly kind: 'unknown'; readonly cause: string }
  /** No token could be read, so that no call was made. */
  | { readonly kind: 'no_token'; readonly cause: string }
) & {
  /** An earlier request of the same action was applied. */
  readonly isPartlyApplied?: true;
};

/** Meaning of a response for the event. */
export type CrmOutcome = ({ readonly kind: 'success' } & MayStillRun) | CrmFailure;

/**
 * Present where the CRM may still be executing a call after the response: the call timed out, or its connection was
 * reset. Nothing newer may be applied before its lease ends.
 */
interface MayStillRun {
  readonly mayStillRun?: true;
}

/** A call that did not succeed. */
export interface CrmFailure extends MayStillRun {
  /**
   * - `transient`: may pass; retry later. 403 is here: a missing permission does not pass by a new token.
   * - `conflict`: as `transient`, but about this one record; says nothing of the CRM as a whole.
   * - `credentials`: our credentials are refused; read the token again, then as `dependency`.
   * - `dependency`: the CRM as a whole is not what it should be (a login page, no token).
   * - `permanent`: the CRM understood this event and refuses it.
   */
  readonly kind: 'transient' | 'conflict' | 'credentials' | 'dependency' | 'permanent';
  /** Knowledge of the CRM's state afterwards. */
  readonly applied: 'not_applied' | 'unknown';
  readonly error: string;
  readonly retryAfter?: string;
}

/**
 * 4xx that may pass: a missing permission, request timeout, too early, too many requests (RFC 9110, RFC 8470, RFC 6585).
 */
const TRANSIENT_CLIENT_ERRORS = new Set([403, 408, 425, 429]);

/** Conflict with the record's state, and a locked record (RFC 9110, RFC 4918). */
const RECORD_CONFLICTS = new Set([409, 423]);

/** The answers as they are counted. */
export const RESPONSE_CLASSES = ['2xx', '3xx', '4xx', '429', '5xx', 'no_answer', 'not_reached', 'no_token'] as const;

/** One of them. */
export type ResponseClass = (typeof RESPONSE_CLASSES)[number];

/** How an answer is counted. Anything that is not a status of HTTP counts as 5xx. */
export function responseClass(answer: CrmResponse): ResponseClass {
  switch (answer.kind) {
    case 'not_sent':
      return 'not_reached';
    case 'unknown':
      return 'no_answer';
    case 'no_token':
      return 'no_token';
    case 'answered':
      return statusClass(answer.status);
    default:
      return answer satisfies never;
  }
}

function statusClass(status: number): ResponseClass {
  if (status >= 200 && status < 300) return '2xx';
  if (status >= 300 && status < 400) return '3xx';
  if (status === 429) return '429';
  return status >= 400 && status < 500 ? '4xx' : '5xx';
}

/** Sorts an answer into the taxonomy. Anything that is not a status of HTTP counts as 5xx. */
export function classify(answer: CrmResponse): CrmOutcome {
  switch (answer.kind) {
    case 'not_sent':
      return { kind: 'transient', applied: 'not_applied', error: answer.cause };
    case 'unknown':
      return { kind: 'transient', applied: 'unknown', error: answer.cause, mayStillRun: true };
    case 'no_token':
      return { kind: 'dependency', applied: 'not_applied', error: answer.cause };
    case 'answered':
      return classifyStatus(answer);
    default:
      return answer satisfies never;
  }
}

function classifyStatus(answer: Extract<CrmResponse, { kind: 'answered' }>): CrmOutcome {
  const { status, retryAfter, isRepeated = false } = answer;
  const error = `HTTP ${status}${answer.excerpt === '' ? '' : `: ${answer.excerpt}`}`;
  const wait = retryAfter === undefined ? {} : { retryAfter };
  const first = isRepeated ? ({ mayStillRun: true } as const) : {};
  if (status >= 200 && status < 300) return { kind: 'success', ...first };
  const isClientError = status >= 400 && status < 500;
  const applied = isClientError && !isRepeated ? 'not_applied' : 'unknown';
  return { kind: failureKind(status), applied, error, ...wait, ...first };
}

function failureKind(status: number): CrmFailure['kind'] {
  if (status >= 300 && status < 400) return 'dependency';
  if (status === 401) return 'credentials';
  if (RECORD_CONFLICTS.has(status)) return 'conflict';
  if (TRANSIENT_CLIENT_ERRORS.has(status)) return 'transient';
  return status >= 400 && status < 500 ? 'permanent' : 'transient';
}
