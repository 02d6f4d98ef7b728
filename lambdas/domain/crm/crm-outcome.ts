/** Meaning of a response of the CRM for the event: the one table by which attempts end. */
import type { Meaning, OutcomeKind } from './response-rules.ts';

/** Result of one CRM call. */
export type CrmResponse = (
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header as it came. */
      readonly retryAfter?: string;
      /** The beginning of the body, for people. Holds nothing that we sent. */
      readonly excerpt: string;
      /** By a rule or a connector. Absent: that of the status. */
      readonly meaning?: Meaning;
    }
  /** The connection was never made: the CRM cannot have seen the call. */
  | { readonly kind: 'not_sent'; readonly cause: string }
  /**
   * Sent, at least in part, and no whole answer: a timeout, a reset. The CRM may have applied it.
   */
  | { readonly kind: 'unknown'; readonly cause: string }
  /** Answered, but not in HTTP: Node's parser refuses the response. */
  | { readonly kind: 'unreadable'; readonly cause: string }
  /** No token could be had, so that no call was made. */
  | { readonly kind: 'no_token'; readonly cause: string; readonly isTokenOutage?: true }
  /** The rate of requests left no room for a request, so that it was not made. */
  | { readonly kind: 'over_rate'; readonly cause: string }
) & {
  /** An earlier request of the same action was applied. */
  readonly isPartlyApplied?: true;
  /**
   * A request of the action was repeated after its connection had been reset: the CRM may have
   * applied the first one, and may still be executing it.
   */
  readonly isRepeated?: true;
};

/** Meaning of a response for the event. */
export type CrmOutcome = ({ readonly kind: 'success' } & MayStillRun) | CrmFailure;

/**
 * Present where the CRM may still be executing a call after the response: the call timed out, or
 * its connection was reset. Nothing newer may be applied before its lease ends.
 */
interface MayStillRun {
  readonly mayStillRun?: true;
}

/** A call that did not succeed. */
export interface CrmFailure extends MayStillRun {
  /**
   * - `transient`: may pass; retry later.
   * - `conflict`: as `transient`, but about this one record; says nothing of the CRM as a whole.
   * - `throttled`: too many calls; call later.
   * - `credentials`: our credentials are refused; read the token again, then as `dependency`.
   * - `permission`: something that our credentials may not do. A new token does not help.
   * - `dependency`: no call was possible (no token).
   * - `over_rate`: the rate of requests left no room for the call, or for the rest of it.
   * - `redirect`: not the CRM but something before it, such as a login page.
   * - `protocol_error`: a response that is not HTTP, or not what the CRM promises.
   * - `permanent`: the CRM understood this event and refuses it.
   * - `ambiguous`: several records match, and none was chosen.
   */
  readonly kind: Exclude<OutcomeKind, 'success'> | 'dependency' | 'over_rate';
  /** Knowledge of the CRM's state afterwards. */
  readonly applied: 'not_applied' | 'unknown';
  readonly error: string;
  /** `dependency` only: the token endpoint does not work, and nobody here can change that. */
  readonly isTokenOutage?: true;
  readonly retryAfter?: string;
  /** The shortest wait if there is no `retryAfter` that can be read. */
  readonly waitMs?: number;
}

/** Health of the CRM as a whole, judged by one call, for the circuit breaker. */
export function healthOf({ kind }: CrmOutcome): 'works' | 'fails' | 'unknown' {
  switch (kind) {
    case 'success':
    case 'conflict':
    case 'permanent':
    case 'ambiguous':
      return 'works';
    case 'throttled':
    case 'protocol_error':
    case 'over_rate':
      return 'unknown';
    case 'transient':
    case 'credentials':
    case 'permission':
    case 'dependency':
    case 'redirect':
      return 'fails';
    default:
      return kind satisfies never;
  }
}

/** 4xx that may pass: request timeout, too early (RFC 9110, RFC 8470). */
const TRANSIENT_CLIENT_ERRORS = new Set([408, 425]);

/** Conflict with the record's state, and a locked record (RFC 9110, RFC 4918). */
const RECORD_CONFLICTS = new Set([409, 423]);

/** The answers as they are counted. */
export const RESPONSE_CLASSES = ['2xx', '3xx', '4xx', '429', '5xx', 'no_answer', 'not_reached', 'no_token'] as const;

/** One of them. */
export type ResponseClass = (typeof RESPONSE_CLASSES)[number];

/** Class under which a response is counted. Anything that is no HTTP status counts as 5xx. */
export function responseClass(answer: CrmResponse): ResponseClass {
  switch (answer.kind) {
    case 'not_sent':
    case 'over_rate':
      return 'not_reached';
    case 'unknown':
    case 'unreadable':
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
  const outcome = outcomeOf(answer);
  return answer.isRepeated ? { ...outcome, mayStillRun: true } : outcome;
}

function outcomeOf(answer: CrmResponse): CrmOutcome {
  const applied = answer.isPartlyApplied || answer.isRepeated ? 'unknown' : 'not_applied';
  switch (answer.kind) {
    case 'not_sent':
      return { kind: 'transient', applied, error: answer.cause };
    case 'unknown':
      return { kind: 'transient', applied: 'unknown', error: answer.cause, mayStillRun: true };
    case 'unreadable':
      return { kind: 'protocol_error', applied: 'unknown', error: `the response is not HTTP: ${answer.cause}` };
    case 'no_token':
      return {
        kind: 'dependency',
        applied,
        error: answer.cause,
        ...(answer.isTokenOutage === true ? { isTokenOutage: true } : {}),
      };
    case 'over_rate':
      return { kind: 'over_rate', applied, error: answer.cause };
    case 'answered':
      return classifyStatus(answer);
    default:
      return answer satisfies never;
  }
}

function classifyStatus(answer: Extract<CrmResponse, { kind: 'answered' }>): CrmOutcome {
  const { status, retryAfter, meaning, isRepeated = false, isPartlyApplied = false } = answer;
  const kind = meaning?.kind ?? statusKind(status);
  if (kind === 'success') return { kind };
  const wait = {
    ...(retryAfter === undefined ? {} : { retryAfter }),
    ...(meaning?.waitMs === undefined ? {} : { waitMs: meaning.waitMs }),
  };
  const isRefusal = status >= 400 && status < 500 && !isRepeated && !isPartlyApplied;
  return { kind, applied: isRefusal ? 'not_applied' : 'unknown', error: describe(answer), ...wait };
}

function describe({ status, excerpt, meaning }: Extract<CrmResponse, { kind: 'answered' }>): string {
  const candidates = meaning?.candidates === undefined ? '' : ` (candidates: ${meaning.candidates.join(', ')})`;
  return `HTTP ${status}${excerpt === '' ? '' : `: ${excerpt}`}${candidates}`;
}

function statusKind(status: number): OutcomeKind {
  if (status >= 200 && status < 300) return 'success';
  if (status >= 300 && status < 400) return 'redirect';
  if (status === 401) return 'credentials';
  if (status === 403) return 'permission';
  if (status === 429) return 'throttled';
  if (RECORD_CONFLICTS.has(status)) return 'conflict';
  if (TRANSIENT_CLIENT_ERRORS.has(status)) return 'transient';
  return status >= 400 && status < 500 ? 'permanent' : 'transient';
}
