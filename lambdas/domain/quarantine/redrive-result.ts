/** The redrive function's response: for the command, its log, and the operations page. */
import type { CrmFault } from '../crm/crm-fault.ts';
import type { QuarantineReason } from '../idempotency/event-row.ts';

/** Outcome of a message that was examined. */
export type MessageOutcome =
  /** It is in the delivery queue again. */
  | 'moved'
  /** It would be, if this were no dry run. */
  | 'would_move'
  /** It was sent to quarantine again, and waits as before. */
  | 'refreshed'
  /** It was a copy of an event that is final by now. */
  | 'dropped'
  /** It waits as before. */
  | 'skipped';

/** Why a message that was looked at stays in quarantine. */
export type SkipCause =
  /** The request does not mean it. */
  | 'filter'
  /** It came into quarantine after the run had begun, perhaps because the run had moved it. */
  | 'arrived_during_run'
  /** As many as the request allows have been moved. */
  | 'limit'
  /** It has been redriven too often. */
  | 'redrives_max'
  /** Its reason is for a person to deal with. */
  | 'needs_a_person'
  /** It failed all its calls, and waits for its next one. */
  | 'pausing'
  /** No CRM call is known to have succeeded since. */
  | 'no_success_since'
  /** The newer event that it waits for is not final yet. */
  | 'newer_unsettled'
  /** The circuit is open. */
  | 'circuit_open'
  /** It is too young to be sent again. */
  | 'young'
  /** The queue did not take it. */
  | 'not_sent'
  /** It was to be dropped, and could not be deleted. */
  | 'not_deleted'
  /** The run ended before its turn. */
  | 'run_ended';

/** Why a run ended before it had looked at everything. */
export type StopCause =
  | 'limit'
  | 'time'
  | 'circuit_open'
  /** SQS lets no more messages be in flight. */
  | 'in_flight_max'
  /** A queue or the state table did not answer; `cause` says which and how. */
  | 'unavailable';

/** Number of messages, in total and by reason. */
export interface Counts {
  readonly total: number;
  readonly byReason: Readonly<Partial<Record<QuarantineReason, number>>>;
}

/** One of the messages, to show what kind they are. */
export interface Sample {
  readonly outcome: MessageOutcome;
  readonly why?: SkipCause;
  readonly reason: QuarantineReason;
  readonly eventId?: string;
  readonly eventType?: string;
  /** When it was quarantined, ISO 8601; absent where SQS moved it. */
  readonly at?: string;
  readonly redrives: number;
  readonly lastError?: string;
}

/** Report of a run over quarantine. */
export interface RunReport {
  /**
   * ISO 8601. A request that goes on where this run stopped names it as `filter.quarantinedBefore`.
   */
  readonly startedAt: string;
  /** Distinct messages. */
  readonly examined: number;
  readonly moved: Counts;
  readonly wouldMove: Counts;
  readonly refreshed: Counts;
  readonly dropped: Counts;
  readonly skipped: Counts & { readonly why: Readonly<Partial<Record<SkipCause, number>>> };
  /** Forwarded, but not deleted here: they are received again, which is harmless. */
  readonly copiesLeft: number;
  /**
   * True if every available message was examined: messages that another run holds at the time are
   * not.
   */
  readonly reachedEnd: boolean;
  /** Present if the end was not reached. */
  readonly stoppedBecause?: StopCause;
  readonly cause?: string;
  /** A few of each outcome and reason. */
  readonly sample: readonly Sample[];
}

/** The events that wait for one reason. Times are ISO 8601. */
export interface ListedReason {
  readonly reason: QuarantineReason;
  readonly count: number;
  /** True if there are more than were counted. */
  readonly more: boolean;
  readonly oldestAt: string;
  readonly newestAt: string;
  /** The most common errors of the newest `errorsOf` events, most common first. */
  readonly errors: readonly { readonly error: string; readonly count: number }[];
  readonly errorsOf: number;
  /** The newest. `eventId`: or the key of the row, if the body is no valid event. */
  readonly sample: readonly {
    readonly eventId: string;
    readonly eventType?: string;
    readonly at: string;
    readonly redrives: number;
  }[];
}

/** Response of the function. */
export type RedriveResult =
  /**
   * `eventIdsFound`: which of those that the request names were looked at, whatever became of them;
   * absent where it names none.
   */
  | ({
      readonly kind: 'redrive';
      readonly dryRun: boolean;
      readonly eventIdsFound?: readonly string[];
      /** Keys of the rows of the moved events, at most 2,000; only if the request asks for them. */
      readonly movedKeys?: readonly string[];
      /** Some named events were not found, and other runs hold so many messages at this time. */
      readonly heldElsewhere?: number;
    } & RunReport)
  /**
   * `circuit` as it was at the end; undefined where there was nothing to do, or it could not be
   * read.
   */
  | ({ readonly kind: 'recover'; readonly circuit?: 'closed' | 'open' } & RunReport)
  | ({ readonly kind: 'refresh' } & RunReport)
  /** Parts that could not be read are missing. */
  | {
      readonly kind: 'listed';
      readonly reasons: readonly ListedReason[];
      /** About how many messages the queue holds; in flight: held by a run. */
      readonly messages?: { readonly visible: number; readonly inFlight: number };
      readonly crm?: { readonly circuit: 'open' | 'closed'; readonly fault?: CrmFault };
    }
  /** Values that cannot be read are left out. */
  | {
      readonly kind: 'observed';
      /** For how long the circuit has been open; 0 while it is closed. */
      readonly circuitOpenMs?: number;
      readonly quarantine?: {
        readonly byReason: Readonly<Partial<Record<QuarantineReason, number>>>;
        readonly oldestMs: number;
      };
    }
  | { readonly kind: 'move_started'; readonly taskHandle: string; readonly sourceArn: string }
  /** SQS runs one move task for a queue at a time. */
  | {
      readonly kind: 'move_running';
      readonly taskHandle?: string;
      readonly sourceArn: string;
      readonly moved: number;
      readonly toMove: number;
    }
  | { readonly kind: 'refused'; readonly problems: readonly string[] }
  | { readonly kind: 'unavailable'; readonly cause: string };
