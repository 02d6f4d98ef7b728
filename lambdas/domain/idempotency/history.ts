/** The history of an event, for people: its failures, quarantines and returns. */

/** One entry of an event's history. For people: no rule depends on it. */
export interface HistoryEntry {
  readonly atMs: number;
  readonly what: 'failed' | 'lease_expired' | 'quarantined' | 'redriven' | 'sent_again' | 'given_up';
  /** Error, or cause of the quarantine; cut short. */
  readonly detail?: string;
}

/**
 * Entries that a row keeps, the last ones, and characters of each: what goes well costs nothing,
 * the rest little.
 */
const TRAIL_MAX = 12;
const TRAIL_DETAIL_MAX = 160;

/** `history` with one entry more. */
export function appendHistory(
  history: readonly HistoryEntry[] = [],
  { detail, ...entry }: HistoryEntry,
): readonly HistoryEntry[] {
  const cut = detail === undefined ? {} : { detail: detail.slice(0, TRAIL_DETAIL_MAX).toWellFormed() };
  return [...history, { ...entry, ...cut }].slice(-TRAIL_MAX);
}
