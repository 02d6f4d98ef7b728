/**
 * Every effect the code has. Use cases know these and nothing of AWS; adapters carry them out; the
 * tests' fakes stand in for them. Expected failures are values: a port throws only for a bug. Times
 * are epoch milliseconds, budgets are milliseconds from the call on, and a port answers within its
 * budget.
 */

import type { CrmAction } from './domain/crm/action.ts';
import type { CircuitBreakerRow, StoredCircuitBreaker } from './domain/crm/circuit-breaker.ts';
import type { CrmResponse } from './domain/crm/crm-outcome.ts';
import type { UserRowWrite } from './domain/crm/mapping.ts';
import type { SlotDecision, SlotRequest } from './domain/crm/request-rate.ts';
import type { TokenRequest } from './domain/crm/token-exchange.ts';
import type { Envelope, ReceivedMessage } from './domain/delivery/envelope.ts';
import type { StagedKey } from './domain/delivery/signature.ts';
import type { ContactEffect, ContactPlace, ContactRow } from './domain/idempotency/contact-row.ts';
import type { EventRow, ExpectedRow, QuarantineReason } from './domain/idempotency/event-row.ts';
import type { RedriveResult } from './domain/quarantine/redrive-result.ts';
import type { ArchivedDelivery } from './domain/replay/archived-delivery.ts';
import type { DividedMetric, DivisionOf, PlainMetric } from './domain/telemetry/metrics.ts';
import type { LogDetails } from './domain/telemetry/redact.ts';

/**
 * An effect that could not be carried out, or whose outcome is not known. `cause` is for logs: it
 * holds no secret.
 */
export interface Unavailable {
  readonly kind: 'unavailable';
  readonly cause: string;
}

/** The time and the dice, so that tests and the simulation decide both. */
export interface Clock {
  now(): number;
}

/** Waiting, so that tests and the simulation decide how long it takes. */
export interface Sleep {
  for(ms: number): Promise<void>;
}

/** Randomness. */
export interface Chance {
  /** In [0, 1). */
  fraction(): number;
  /** A new attempt's owner: unique for ever. */
  newOwner(): string;
}

/** The live versions of the secret that one kind of delivery is signed with. */
export interface StreamSecret {
  /**
   * Signing keys of live versions (current, previous, pending), from a cache where that is young
   * enough: of all of them, but for a first call, which may know of the current one alone.
   * `malformed` names versions that no key can be made of. With `afterMismatch` all of them are
   * read again, at most once in a while. Unreachable: what was known before, however old;
   * `unavailable` only with nothing known.
   */
  keys(request: { readonly afterMismatch: boolean }): Promise<StreamKeys | Unavailable>;
}

/** Signing keys of the secret. */
export interface StreamKeys {
  readonly kind: 'keys';
  readonly keys: readonly StagedKey[];
  readonly malformed: readonly string[];
  /** True if this call read all live versions of the secret: there is nothing newer to be had. */
  readonly fresh: boolean;
  /**
   * Why the secret could not be read when it was last to be: there may be versions that are not
   * among the keys.
   */
  readonly unreachable?: string;
}

/** A queue to put envelopes into: the delivery queue, or quarantine. */
export interface MessageQueue {
  /** `sent` only after the queue confirmed that it has the message. */
  send(envelope: Envelope): Promise<{ readonly kind: 'sent' } | Unavailable>;
}

/** The archive of deliveries, as the processor writes it. */
export interface DeliveryArchive {
  /** Keeps the messages of a batch, in the order given. `unavailable`: some may be missing. */
  store(messages: readonly ReceivedMessage[]): Promise<{ readonly kind: 'stored' } | Unavailable>;
}

/** The archive, as a replay reads it. Both calls reject if it cannot be read. */
export interface ArchiveObjects {
  /** Keys of objects after `from` and before `before`, in their order. */
  keys(from: string, before: string): AsyncIterable<string>;
  /**
   * The deliveries of an object, in its order; undefined for a line that cannot be read, and once
   * for the rest of a damaged object.
   */
  read(key: string): AsyncIterable<ArchivedDelivery | undefined>;
}

/** The message that a record came in. */
export interface MessageVisibility {
  /**
   * The message comes back after `delayMs`, rounded up to SQS's seconds. Failing that it comes back
   * when its visibility ends.
   */
  retryIn(receiptHandle: string, delayMs: number): Promise<{ readonly kind: 'set' } | Unavailable>;
}

/** Result of a read-ahead. A key that is missing here is unknown, not absent. */
export interface ReadAhead {
  readonly events: ReadonlyMap<string, EventRow>;
  readonly contacts: ReadonlyMap<string, ContactRow>;
  /** Keys of contacts for which the table answered that there is no row. */
  readonly absentContacts: ReadonlySet<string>;
  /** The circuit's row as it is stored. */
  readonly circuitBreaker: CircuitBreakerRead;
}

/**
 * The circuit breaker's row as it was read. `not_read`: the table gave no response for this key.
 */
export type CircuitBreakerRead =
  | { readonly kind: 'stored'; readonly stored: StoredCircuitBreaker }
  | { readonly kind: 'absent' }
  | { readonly kind: 'not_read' };

/** A claim: takes the event and, where it has an ordering key, the contact, or neither. */
export interface ClaimWrite {
  readonly eventKey: string;
  readonly expect: ExpectedRow;
  /** The event's row from now on: IN_PROGRESS, with this attempt's owner and lease. */
  readonly row: EventRow;
  /**
   * Taken as `decideContact` allows it. The lease ends with the event's. With `mustExist` refused
   * if there is no row.
   */
  readonly contact?: ContactPlace & { readonly key: string; readonly expiresAt: number; readonly mustExist?: true };
  readonly nowMs: number;
}

/** Result of a claim. A refusal brings the rows that caused it, as they are. */
export type ClaimResult =
  | { readonly kind: 'claimed' }
  /** The event's row is not what was expected. Absent: it has been deleted since. */
  | { readonly kind: 'event_differs'; readonly event?: EventRow }
  /** Without `contact` there is no row. */
  | { readonly kind: 'contact_refuses'; readonly contact?: ContactRow }
  | Unavailable;

/** A settlement: records an outcome, and releases what the attempt holds, in one transaction. */
export interface SettleWrite {
  readonly eventKey: string;
  /**
   * For the holder of a lease `{status: 'IN_PROGRESS', owner}`; for an event settled without a
   * claim, what was read.
   */
  readonly expect: ExpectedRow;
  /** If given, the expected row's lease must still be live at this time. */
  readonly leaseLiveAtMs?: number;
  readonly row: EventRow;
  /**
   * The contact held by the expected owner, which is released with this effect, or stays held until
   * its lease ends.
   */
  readonly contact?: {
    readonly key: string;
    readonly position: string;
    readonly effect: ContactEffect;
    readonly staysHeld: boolean;
  };
  /**
   * An event that is given up: its contact no longer waits for it. Refused unless `isUnsettledBy`
   * holds.
   */
  readonly givenUp?: { readonly key: string; readonly position: string; readonly nowMs: number };
  /**
   * A row that is not newer than what stands there, or stands there already in a replay, is left
   * out, and the others are written.
   */
  readonly userRows: readonly UserRowWrite[];
}

/** Result of a settlement. */
export type SettleResult =
  | { readonly kind: 'settled' }
  /** Another attempt has taken the event or the contact since; nothing was changed. */
  | { readonly kind: 'lost'; readonly event?: EventRow }
  /** `givenUp` only: the contact as it is, if it has a row. Nothing was changed. */
  | { readonly kind: 'contact_refuses'; readonly contact?: ContactRow }
  /**
   * A user's row exists already or cannot be stored; nothing was changed. `cause` is one of the
   * two.
   */
  | { readonly kind: 'rows_rejected'; readonly cause: string }
  | Unavailable;

/** The state table. All of the pipeline's memory is in here. */
export interface IdempotencyStore {
  /**
   * One eventually consistent read, the circuit's row with it. What is final or applied may be
   * believed. Absence may not, except that of a row that nothing creates any more.
   */
  readAhead(keys: {
    readonly events: readonly string[];
    readonly contacts: readonly string[];
  }): Promise<ReadAhead | Unavailable>;
  /** All or nothing. A claim that is found to stand already, under the same owner, is `claimed`. */
  claim(write: ClaimWrite): Promise<ClaimResult>;
  /**
   * All or nothing. A settlement that is found to stand already, by the same owner, is `settled`.
   * `unavailable` takes a moment, also if the failure came at once: a caller that retries in a loop
   * must not block the process.
   */
  settle(write: SettleWrite): Promise<SettleResult>;
}

/** Result of a write of the circuit breaker's row. A refusal brings the stored row. */
export type CircuitBreakerWriteResult =
  | { readonly kind: 'written' }
  | { readonly kind: 'differs'; readonly stored: StoredCircuitBreaker | undefined }
  | Unavailable;

/** The circuit's row in the state table. */
export interface CircuitBreakerStore {
  /** A strongly consistent read. */
  read(): Promise<Exclude<CircuitBreakerRead, { readonly kind: 'not_read' }> | Unavailable>;
  /**
   * Compare-and-swap: `next` takes the place of exactly `expected` (by `isSameCircuit`), or nothing
   * changes.
   */
  write(expected: StoredCircuitBreaker | undefined, next: CircuitBreakerRow): Promise<CircuitBreakerWriteResult>;
}

/** The schedule of requests to the CRM in the state table, shared by all environments. */
export interface RateStore {
  /** Takes slots as `decideSlots` allows it, within `budgetMs` and its own budget. */
  take(request: SlotRequest, budgetMs: number): Promise<SlotDecision | Unavailable>;
}

/** Access to the CRM. */
export interface CrmAccess {
  readonly kind: 'token';
  /** The secret that the request carries. A bearer token if there is no `header`. */
  readonly token: string;
  readonly header?: { readonly name: string; readonly value: string };
  /** Base URL that the CRM requires with this token. */
  readonly baseUrl?: string;
  /** PEM. The same object for as long as it does not change. */
  readonly tls?: { readonly cert?: string; readonly key?: string; readonly ca?: string[] };
}

/** The CRM's credentials. */
export interface CrmToken {
  /**
   * The token, from a cache unless `fresh` is asked for, within `budgetMs`. Missing, invalid, or
   * unreachable with none known: `unavailable`.
   */
  read(request: { readonly fresh: boolean; readonly budgetMs: number }): Promise<CrmAccess | NoCrmAccess>;
}

/** No token. */
export interface NoCrmAccess extends Unavailable {
  /** The token endpoint does not answer, or fails: the credentials may be right. */
  readonly isTokenOutage?: true;
}

/** The key of the digests in the rows: of ordering keys, and of the fields of events. */
export interface DigestKey {
  /** Once read, from memory. Missing, malformed or unreachable: `unavailable`. */
  read(): Promise<{ readonly kind: 'key'; readonly key: Buffer } | Unavailable>;
}

/** Exchanges credentials for tokens. */
export interface TokenEndpoint {
  /** One request, over within `budgetMs`. */
  exchange(
    request: TokenRequest,
    options: { readonly budgetMs: number; readonly tls?: CrmAccess['tls'] },
  ): Promise<{ readonly kind: 'answered'; readonly status: number; readonly body: string } | Unavailable>;
}

/** The terms of one call. */
export interface CrmCallOptions {
  readonly idempotencyKey: string;
  readonly budgetMs: number;
  readonly freshToken: boolean;
  /**
   * Waits until a request may be sent, until `latestMs` at most. Called immediately before each
   * request. A refusal ends the action. Absent: no limit.
   */
  readonly admit?: (latestMs: number) => Promise<{ readonly kind: 'admitted' } | Unavailable>;
}

/** The CRM. */
export interface Crm {
  /**
   * All requests of one action, over within `budgetMs`. The same `idempotencyKey` is given with
   * every call for one event. With `freshToken` the token is read again first. Follows no
   * redirects.
   */
  deliver(action: CrmAction, call: CrmCallOptions): Promise<CrmResponse>;
}

/** One request as it is sent. */
export interface TransportRequest {
  readonly method: string;
  /** Protocol, host and port. */
  readonly baseUrl: URL;
  /** Sent as it is. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body?: Buffer | undefined;
  readonly tls: CrmAccess['tls'];
}

/** The result of one try. */
export type TransportResult =
  /** Names of headers in lower case; the text is empty if the body could not be read. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      readonly text: string;
    }
  /** The response is not HTTP. */
  | { readonly kind: 'unreadable'; readonly cause: string }
  /** No response. `not_sent`: no connection was made either. */
  | { readonly kind: 'unknown' | 'not_sent'; readonly cause: string }
  /** A kept-alive connection was reset, which the CRM had perhaps closed before. */
  | { readonly kind: 'stale_connection' };

/** The network. */
export interface CrmTransport {
  /** One try of one request, over within `budgetMs`. Never rejects. */
  send(request: TransportRequest, budgetMs: number): Promise<TransportResult>;
}

/** Structured logging: one line an outcome. Entries hold no payloads and no secrets. */
export interface Log {
  write(level: 'info' | 'warn' | 'error', message: string, details: LogDetails): void;
}

/** A message that this run has received. No other run can receive it for as long as it is held. */
export interface HeldMessage {
  readonly message: ReceivedMessage;
  readonly receiptHandle: string;
}

/** Result of a batch: certain for the messages at these positions, unknown for the others. */
export interface BatchResult {
  readonly positions: ReadonlySet<number>;
  /** Reason if some are missing. */
  readonly cause?: string;
}

/** A queue to put many envelopes into. */
export interface BatchQueue {
  /** Sends at most ten, which can be received after `delayMs`: SQS allows 15 minutes. */
  sendBatch(envelopes: readonly Envelope[], delayMs?: number): Promise<BatchResult>;
}

/** The quarantine queue, scanned message by message. */
export interface QuarantineQueue extends BatchQueue {
  /** Receives up to ten and holds them for `holdMs`. Empty if the long poll returned nothing. */
  receive(
    holdMs: number,
  ): Promise<{ readonly kind: 'received'; readonly messages: readonly HeldMessage[] } | Unavailable>;
  /** Deletes at most ten. */
  remove(receiptHandles: readonly string[]): Promise<BatchResult>;
  /**
   * Lets others receive at most ten of them again, at once. Failing that, when they are no longer
   * held.
   */
  release(receiptHandles: readonly string[]): Promise<BatchResult>;
  /** Approximate numbers of messages: available now, and in flight. */
  count(): Promise<{ readonly kind: 'counted'; readonly visible: number; readonly inFlight: number } | Unavailable>;
}

/** SQS's own redrive, which knows no filter. */
export interface MoveTasks {
  /**
   * Starts to move all of quarantine to the delivery queue; `running` where a task does so already.
   */
  start(ratePerSecond: number | undefined): Promise<
    | { readonly kind: 'started'; readonly taskHandle: string; readonly sourceArn: string }
    | {
        readonly kind: 'running';
        readonly taskHandle?: string;
        readonly sourceArn: string;
        readonly moved: number;
        readonly toMove: number;
      }
    | Unavailable
  >;
}

/** A quarantined event as the index lists it. */
export interface QuarantineEntry
  extends Pick<EventRow, 'redrives' | 'recoveries' | 'failedBy' | 'orderingKey' | 'position' | 'isReplay'> {
  readonly reason: QuarantineReason;
  readonly atMs: number;
}

/** The index of quarantined events by reason and time. It may lag behind the table a little. */
export interface QuarantineIndex {
  /**
   * The events that wait for this reason, oldest first, `limit` at most. `more`: there may be
   * others.
   */
  list(
    reason: QuarantineReason,
    limit: number,
  ): Promise<
    { readonly kind: 'listed'; readonly entries: readonly QuarantineEntry[]; readonly more: boolean } | Unavailable
  >;
}

/** A read-only view of the index. */
export interface QuarantineSummaries {
  /**
   * Counts the events that wait for this reason, up to 1,000, and returns when the oldest was
   * quarantined.
   */
  summarize(reason: QuarantineReason): Promise<QuarantineSummary | Unavailable>;
}

/** Events in the index for one reason. `oldestAtMs` is absent if there are none. */
export interface QuarantineSummary {
  readonly kind: 'known';
  readonly count: number;
  /** True if there are more than were counted. */
  readonly more: boolean;
  readonly oldestAtMs?: number;
}

/** Metrics, by the table in domain/metrics.ts. Counts are in units, times in milliseconds. */
export interface Metrics {
  /** One value more of a metric that has no dimension. */
  add(name: PlainMetric, value: number): void;
  /** One value more under this value of the metric's dimension, and in total. */
  addBy<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, value: number): void;
}

/** An event's row under its key. */
export interface KeyedRow {
  /** For what is no valid event, and for a reused id, there is no other name. */
  readonly key: string;
  readonly row: EventRow;
}

/** Events that wait with the same error. */
export interface ErrorGroup {
  readonly error: string;
  readonly count: number;
}

/** The events that wait for one reason. */
export interface QuarantineOfReason {
  readonly reason: QuarantineReason;
  readonly count: number;
  /** True if there are more than were counted. */
  readonly more: boolean;
  readonly oldestAtMs: number;
  readonly newestAtMs: number;
  /** The most common errors among the newest `errorsOf` events, most common first. */
  readonly errors: readonly ErrorGroup[];
  readonly errorsOf: number;
  /** A few of them, newest first. */
  readonly sample: readonly KeyedRow[];
}

/** The state table as people look at it: bounded reads, no writes. */
export interface PipelineView {
  /**
   * The reasons for which events wait, those with none left out. May lag behind the table a little.
   */
  quarantine(): Promise<{ readonly kind: 'quarantine'; readonly reasons: readonly QuarantineOfReason[] } | Unavailable>;
  /**
   * The rows of what has this id, or this row key: the event, and events that reused its id. None:
   * there is no row.
   */
  find(idOrKey: string): Promise<{ readonly kind: 'found'; readonly rows: readonly KeyedRow[] } | Unavailable>;
}

/**
 * Events of a contact, by the digests of its ordering keys, or of an interaction. Either is enough.
 */
export interface EventQuery {
  readonly orderingKeys: readonly string[];
  readonly interactionId?: string;
}

/** The result of a search. */
export interface SearchedEvents {
  readonly kind: 'searched';
  readonly contacts: readonly ContactRow[];
  readonly count: number;
  /** Newest first. */
  readonly rows: readonly KeyedRow[];
  /** Rows read. */
  readonly examined: number;
  /** True if the whole table was read. */
  readonly isComplete: boolean;
}

/** Search by what the state table has no index for: it reads the table, or a bounded part of it. */
export interface EventSearch {
  /** The contacts' rows, and the newest `limit` events. */
  search(query: EventQuery, limit: number): Promise<SearchedEvents | Unavailable>;
}

/** Approximate number of messages in a queue. */
export interface QueueDepth {
  read(): Promise<
    | {
        readonly kind: 'counted';
        readonly visible: number;
        readonly inFlight: number;
        readonly delayed: number;
      }
    | Unavailable
  >;
}

/** The redrive function. */
export interface RedriveRuns {
  /** One run, to its end. `unavailable` does not say that nothing was moved. */
  run(request: RedriveRunRequest): Promise<{ readonly kind: 'answered'; readonly answer: RedriveResult } | Unavailable>;
}

/** Request to the redrive function. */
export interface RedriveRunRequest {
  readonly filter: { readonly reasons?: readonly QuarantineReason[]; readonly eventIds?: readonly string[] };
  readonly limit?: number;
  readonly dryRun: boolean;
  /** The events are ended without being applied. */
  readonly giveUp?: { readonly by: string; readonly why: string };
}
