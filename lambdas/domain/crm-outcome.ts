/** What an answer of the CRM means for the event: the one table by which attempts end. */

/** What happened to one CRM call. */
export type CrmAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The `Retry-After` header as it came. */
      readonly retryAfter?: string;
      /** The beginning of the answer's body, for people. Holds nothing that we sent. */
      readonly excerpt: string;
    }
  /** The connection was never made: the CRM cannot have seen the call. */
  | { readonly kind: 'not_sent'; readonly cause: string }
  /** Sent, at least in part, and no whole answer: a timeout, a reset. The CRM may have applied it. */
  | { readonly kind: 'unknown'; readonly cause: string }
  /** No token could be read, so that no call was made. */
  | { readonly kind: 'no_token'; readonly cause: string };

/** What the answer means. `applied` is what is known of the CRM's state afterwards. */
export type CrmOutcome =
  | { readonly kind: 'success' }
  /** May pass by itself: try again later. */
  | {
      readonly kind: 'transient';
      readonly applied: 'not_applied' | 'unknown';
      readonly error: string;
      readonly retryAfter?: string;
    }
  /** Our credentials are refused: read the token again, then as `dependency`. */
  | { readonly kind: 'credentials'; readonly error: string }
  /** The CRM as a whole is not what it should be (a login page, no token): no event's fault. */
  | { readonly kind: 'dependency'; readonly applied: 'not_applied' | 'unknown'; readonly error: string }
  /** The CRM understood this event and will not have it. */
  | { readonly kind: 'permanent'; readonly error: string };

/** 4xx that may pass: request timeout, conflict, too early, too many requests (RFC 9110, RFC 8470, RFC 6585). */
const TRANSIENT_CLIENT_ERRORS = new Set([408, 409, 425, 429]);

/** The answers as they are counted. */
export const ANSWER_CLASSES = ['2xx', '3xx', '4xx', '429', '5xx', 'no_answer', 'not_reached', 'no_token'] as const;

/** One of them. */
export type AnswerClass = (typeof ANSWER_CLASSES)[number];

/** How an answer is counted. Anything that is not a status of HTTP counts as 5xx. */
export function answerClass(answer: CrmAnswer): AnswerClass {
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

function statusClass(status: number): AnswerClass {
  if (status >= 200 && status < 300) return '2xx';
  if (status >= 300 && status < 400) return '3xx';
  if (status === 429) return '429';
  return status >= 400 && status < 500 ? '4xx' : '5xx';
}

/** Sorts an answer into the taxonomy. Anything that is not a status of HTTP counts as 5xx. */
export function classify(answer: CrmAnswer): CrmOutcome {
  switch (answer.kind) {
    case 'not_sent':
      return { kind: 'transient', applied: 'not_applied', error: answer.cause };
    case 'unknown':
      return { kind: 'transient', applied: 'unknown', error: answer.cause };
    case 'no_token':
      return { kind: 'dependency', applied: 'not_applied', error: answer.cause };
    case 'answered':
      return classifyStatus(answer);
    default:
      return answer satisfies never;
  }
}

function classifyStatus(answer: Extract<CrmAnswer, { kind: 'answered' }>): CrmOutcome {
  const { status, retryAfter } = answer;
  const error = `HTTP ${status}${answer.excerpt === '' ? '' : `: ${answer.excerpt}`}`;
  const wait = retryAfter === undefined ? {} : { retryAfter };
  if (status >= 200 && status < 300) return { kind: 'success' };
  if (status >= 300 && status < 400) return { kind: 'dependency', applied: 'unknown', error };
  if (status === 401 || status === 403) return { kind: 'credentials', error };
  if (TRANSIENT_CLIENT_ERRORS.has(status)) return { kind: 'transient', applied: 'not_applied', error, ...wait };
  if (status >= 400 && status < 500) return { kind: 'permanent', error };
  return { kind: 'transient', applied: 'unknown', error, ...wait };
}
