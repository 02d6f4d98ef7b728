/**
 * Finds out whether quarantine holds an event that recovery may take back, without receiving a
 * message: a receive hides messages from others, and nothing is to be hidden every minute for
 * events that wait for a person.
 */
import type { CircuitBreakerRow } from '../domain/crm/circuit-breaker.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import type { Clock, IdempotencyStore, QuarantineIndex, QuarantineSummaries } from '../ports.ts';
import { judge, readContacts } from './recovery-rules.ts';

/** Ports and settings of the search. */
export interface FindDependencies {
  readonly index: QuarantineIndex;
  readonly summaries: QuarantineSummaries;
  readonly store: Pick<IdempotencyStore, 'readAhead'>;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** Rows that are judged of one reason. */
const LISTED_MAX = 1_000;
/** Interval of the search of quarantine for messages that the index does not list. */
const SEARCH_EVERY_MS = 10 * 60_000;
const MINUTE_MS = 60_000;

const AUTOMATIC = (Object.keys(QUARANTINE_REASONS) as QuarantineReason[]).filter((reason) =>
  ['circuit_closed', 'crm_works', 'newer_settled'].includes(QUARANTINE_REASONS[reason].recovery),
);

/** True also where it cannot be found out. `messages`: how many the queue has. */
export async function hasRecoverable(
  circuit: CircuitBreakerRow,
  messages: number,
  deps: FindDependencies,
): Promise<boolean> {
  const { index, store, clock, limits } = deps;
  let isTruncated = false;
  for (const reason of AUTOMATIC) {
    const listed = await index.list(reason, reason === 'circuit_open' ? 1 : LISTED_MAX);
    if (listed.kind === 'unavailable') return true;
    const contacts = await readContacts(listed.entries, store);
    const context = { circuit, contacts, nowMs: clock.now(), limits };
    const verdicts = listed.entries.map((entry) => judge(entry, context));
    if (verdicts.some((verdict) => verdict === 'return' || verdict === 'trial')) return true;
    isTruncated ||= listed.more;
  }
  // The schedule runs once a minute.
  const isSearchMinute = clock.now() % SEARCH_EVERY_MS < MINUTE_MS;
  return isSearchMinute && (isTruncated || (await hasUnlisted(messages, deps)));
}

/**
 * True if there are more messages than rows: SQS moves a message to quarantine without writing a
 * row.
 */
async function hasUnlisted(messages: number, { summaries }: FindDependencies): Promise<boolean> {
  const reasons = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];
  const all = await Promise.all(reasons.map((reason) => summaries.summarize(reason)));
  let rows = 0;
  for (const summary of all) {
    if (summary.kind === 'unavailable' || summary.more) return true;
    rows += summary.count;
  }
  return messages > rows;
}
