/** Tally of a run, message by message, and its report. */
import type {
  Counts,
  MessageOutcome,
  RunReport,
  Sample,
  SkipCause,
  StopCause,
} from '../domain/quarantine/redrive-result.ts';
import type { QuarantinedEvent } from './quarantined-event.ts';

/** End of a run. */
export type Ending =
  | { readonly reachedEnd: true }
  | { readonly reachedEnd: false; readonly stoppedBecause: StopCause; readonly cause?: string };

/** A run that has not reached the end. */
export function stopped(stoppedBecause: StopCause, cause?: string): Extract<Ending, { reachedEnd: false }> {
  return { reachedEnd: false, stoppedBecause, ...(cause === undefined ? {} : { cause }) };
}

/** Number of messages shown for one outcome and reason. */
const SAMPLES_OF_A_KIND = 3;
/** Keys of moved events that are kept: 600 kB at most, of the 6 MB of a Lambda response. */
const MOVED_KEYS_MAX = 2_000;

/** Counts outcomes; each message has exactly one. */
export class RunReportBuilder {
  readonly #counts: Readonly<Record<MessageOutcome, Map<QuarantinedEvent['reason'], number>>> = {
    moved: new Map(),
    would_move: new Map(),
    refreshed: new Map(),
    dropped: new Map(),
    skipped: new Map(),
  };
  readonly #why = new Map<SkipCause, number>();
  readonly #samples = new Map<string, Sample[]>();
  readonly #movedKeys = new Set<string>();
  readonly #startedAtMs: number;
  #copiesLeft = 0;

  /** A run that begins now. */
  constructor(nowMs: number) {
    this.#startedAtMs = nowMs;
  }

  /**
   * True if the event has come into quarantine since the run began, or since a time before that.
   */
  arrivedDuringRun({ sinceMs }: QuarantinedEvent, beforeMs = this.#startedAtMs): boolean {
    return sinceMs >= Math.min(beforeMs, this.#startedAtMs);
  }

  /** Counts these events under `outcome`. */
  add(events: readonly QuarantinedEvent[], outcome: Exclude<MessageOutcome, 'skipped'>): void {
    for (const event of events) {
      this.#add(event, outcome);
      const isKept = outcome === 'moved' && this.#movedKeys.size < MOVED_KEYS_MAX;
      if (isKept && event.rowKey !== undefined) this.#movedKeys.add(event.rowKey);
    }
  }

  /** These stay. */
  skip(events: readonly QuarantinedEvent[], why: SkipCause): void {
    for (const event of events) {
      increase(this.#why, why);
      this.#add(event, 'skipped', why);
    }
  }

  /** So many were sent on without being deleted. */
  addCopiesLeft(count: number): void {
    this.#copiesLeft += count;
  }

  /** Keys of the rows of moved events, as many as are kept. */
  get movedKeys(): readonly string[] {
    return [...this.#movedKeys];
  }

  /** Number of messages moved, or in a dry run that would be. */
  get moved(): number {
    return total(this.#counts.moved) + total(this.#counts.would_move);
  }

  /** The report. */
  report(ending: Ending): RunReport {
    const counts = this.#counts;
    return {
      startedAt: new Date(this.#startedAtMs).toISOString(),
      examined: Object.values(counts).reduce((sum, ofFate) => sum + total(ofFate), 0),
      moved: countsOf(counts.moved),
      wouldMove: countsOf(counts.would_move),
      refreshed: countsOf(counts.refreshed),
      dropped: countsOf(counts.dropped),
      skipped: { ...countsOf(counts.skipped), why: Object.fromEntries(this.#why) },
      copiesLeft: this.#copiesLeft,
      ...ending,
      sample: [...this.#samples.values()].flat(),
    };
  }

  #add(event: QuarantinedEvent, outcome: MessageOutcome, why?: SkipCause): void {
    increase(this.#counts[outcome], event.reason);
    const kind = `${outcome} ${why ?? ''} ${event.reason}`;
    const samples = this.#samples.get(kind) ?? [];
    if (samples.length < SAMPLES_OF_A_KIND) this.#samples.set(kind, [...samples, sampleOf(event, outcome, why)]);
  }
}

function sampleOf(event: QuarantinedEvent, outcome: MessageOutcome, why: SkipCause | undefined): Sample {
  const { reason, eventId, atMs, redrives, lastError } = event;
  return {
    outcome: outcome,
    ...(why === undefined ? {} : { why }),
    reason,
    ...(eventId === undefined ? {} : { eventId }),
    ...(event.event === undefined ? {} : { eventType: event.event.type }),
    ...(atMs === undefined ? {} : { at: new Date(atMs).toISOString() }),
    redrives,
    ...(lastError === undefined ? {} : { lastError }),
  };
}

function increase<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function total(counts: ReadonlyMap<unknown, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function countsOf(counts: ReadonlyMap<QuarantinedEvent['reason'], number>): Counts {
  return { total: total(counts), byReason: Object.fromEntries(counts) };
}
