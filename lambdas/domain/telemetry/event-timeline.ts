/**
 * The history of an event, derived from its row, for people: what happened to it, where its message
 * is, what to do.
 */
import { IGNORE_CAUSES } from '../crm/mapping.ts';
import type { EventRow } from '../idempotency/event-row.ts';
import type { HistoryEntry } from '../idempotency/history.ts';
import { QUARANTINE_REASONS } from '../quarantine/quarantine-reasons.ts';
import { printable } from './redact.ts';

/** Current state of an event. */
export type TimelineState =
  | 'completed'
  | 'stale'
  | 'ignored'
  /** By a person. */
  | 'given_up'
  | 'quarantined'
  /** An attempt holds it. */
  | 'in_flight'
  /** The attempt that held it has ended without a word. */
  | 'abandoned'
  /** It waits for its next attempt. */
  | 'waiting'
  /** The table has no row of it. */
  | 'unknown';

/** Something that happened to it. */
export interface TimelineStep {
  readonly atMs: number;
  readonly what: string;
  readonly detail?: string;
}

/** The life of one event. Every text is fit to be printed. */
export interface EventTimeline {
  readonly state: TimelineState;
  /** The state in a sentence. */
  readonly summary: string;
  /** Location of its message, as far as the row shows. */
  readonly message: string;
  readonly next: string;
  /** Oldest first. What went well leaves no trace but its end. */
  readonly steps: readonly TimelineStep[];
}

/** Builds the timeline of the event with this row, as of `nowMs`. */
export function timelineOf(row: EventRow | undefined, nowMs: number): EventTimeline {
  if (row === undefined) return UNKNOWN;
  return { ...presentOf(row, nowMs), steps: stepsOf(row) };
}

const UNKNOWN: EventTimeline = {
  state: 'unknown',
  summary: 'The state table has no row of this id.',
  message: 'If it was accepted, in the delivery queue: a row is written when the first attempt begins.',
  next:
    'Check the id. If ingest’s log has it as accepted, wait until the delivery queue is empty and look again. If not, it ' +
    'never reached us, or its row has reached its time to live. A body that is no valid event is kept under a key of its ' +
    'own: see invalid_event in quarantine.',
  steps: [],
};

const GONE = 'Nowhere any more: it was deleted when the event was settled.';

function presentOf(row: EventRow, nowMs: number): Omit<EventTimeline, 'steps'> {
  switch (row.status) {
    case 'COMPLETED':
      return {
        state: 'completed',
        summary: `Applied to the CRM${row.attempts > 1 ? `, at attempt ${row.attempts}` : ''}.`,
        message: GONE,
        next: 'Nothing.',
      };
    case 'STALE':
      return {
        state: 'stale',
        summary: 'Settled without a CRM call: something newer of the same contact had been applied before.',
        message: GONE,
        next: 'Nothing. The CRM has the newer value.',
      };
    case 'IGNORED':
      return {
        state: 'ignored',
        summary: `Settled without a CRM call: ${IGNORE_CAUSES[row.ignoreCause ?? 'other']}.`,
        message: GONE,
        next: 'Nothing, unless the mapping should handle it: npm run map -- --event FILE explains its decision.',
      };
    case 'ABANDONED':
      return {
        state: 'given_up',
        summary: 'Given up by a person, without a further CRM call. The steps say by whom, and why.',
        message: GONE,
        next: 'Nothing. To apply it after all, send it with a new id.',
      };
    case 'QUARANTINED':
      return quarantined(row);
    case 'IN_PROGRESS':
      return inProgress(row, nowMs);
    case 'FAILED':
      return waiting(row, nowMs);
    default:
      return row.status satisfies never;
  }
}

function quarantined({ reason = 'dead_lettered', lastError }: EventRow): Omit<EventTimeline, 'steps'> {
  const { title, next } = QUARANTINE_REASONS[reason];
  return {
    state: 'quarantined',
    summary: `In quarantine as ${reason}: ${title}.${lastError === undefined ? '' : ` Last error: ${printable(lastError)}`}`,
    message: 'In the quarantine queue, or on its way back if it was redriven a moment ago.',
    next,
  };
}

function inProgress({ leaseExpiresAtMs = 0, attempts }: EventRow, nowMs: number): Omit<EventTimeline, 'steps'> {
  if (leaseExpiresAtMs > nowMs) {
    return {
      state: 'in_flight',
      summary: `Attempt ${attempts} works on it, until ${clock(leaseExpiresAtMs)} at the latest.`,
      message: 'In the delivery queue, in flight.',
      next: 'Wait a moment, and look again.',
    };
  }
  return {
    state: 'abandoned',
    summary: `Attempt ${attempts} ended without a word: its lease ran out at ${clock(leaseExpiresAtMs)}.`,
    message: 'In the delivery queue. It comes back when its visibility timeout ends.',
    next: 'Wait for the next attempt. If that does not come within minutes, look at the processor’s errors and throttles.',
  };
}

function waiting(row: EventRow, nowMs: number): Omit<EventTimeline, 'steps'> {
  const { nextAttemptAtMs = 0, attempts, lastError } = row;
  const due = nextAttemptAtMs > nowMs ? `is due at ${clock(nextAttemptAtMs)}` : `was due at ${clock(nextAttemptAtMs)}`;
  const why = lastError === undefined ? '' : ` Last error: ${printable(lastError)}`;
  return {
    state: 'waiting',
    summary: `Attempt ${attempts} failed; the next ${due}.${why}`,
    message: 'In the delivery queue, hidden until its next attempt.',
    next: 'Nothing: it is retried automatically. The last error says what to look at meanwhile.',
  };
}

function stepsOf(row: EventRow): TimelineStep[] {
  const steps: TimelineStep[] = [
    { atMs: row.firstReceivedAtMs, what: 'received', ...(row.origin === undefined ? {} : { detail: row.origin }) },
    ...(row.history ?? []).map(stepFrom),
  ];
  const attempt = `attempt ${row.attempts}`;
  if (row.settledAtMs !== undefined && row.status !== 'QUARANTINED')
    steps.push({
      atMs: row.settledAtMs,
      what: SETTLED[row.status] ?? 'settled',
      ...(row.attempts > 0 ? { detail: attempt } : {}),
    });
  // A row that was quarantined before rows kept a history.
  const told = row.history?.some(({ what }) => what === 'quarantined') === true;
  if (row.settledAtMs !== undefined && row.status === 'QUARANTINED' && !told)
    steps.push({
      atMs: row.settledAtMs,
      what: 'quarantined',
      ...(row.reason === undefined ? {} : { detail: row.reason }),
    });
  return steps;
}

const SETTLED: Readonly<Partial<Record<EventRow['status'], string>>> = {
  COMPLETED: 'applied',
  STALE: 'settled as stale',
  IGNORED: 'settled as ignored',
  ABANDONED: 'settled as abandoned',
};

const HAPPENED: Readonly<Record<HistoryEntry['what'], string>> = {
  failed: 'attempt failed',
  lease_expired: 'attempt ended without a word',
  quarantined: 'quarantined',
  redriven: 'redriven',
  given_up: 'given up',
  sent_again: 'sent again by the sender, and tried again',
};

function stepFrom({ atMs, what, detail }: HistoryEntry): TimelineStep {
  return { atMs, what: HAPPENED[what], ...(detail === undefined ? {} : { detail: printable(detail) }) };
}

/** Seconds are enough for people. */
function clock(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}
