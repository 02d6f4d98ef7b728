/**
 * The state table in DynamoDB: compare-and-swap of event rows, leases of contacts, both in one
 * transaction.
 */
import { hash, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  type CancellationReason,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  PutCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { mustBeAbsent, type UserRowWrite } from '../domain/crm/mapping.ts';
import { circuitBreakerKey, userRowKey } from '../domain/event/event-key.ts';
import type { ContactEffect, ContactRow } from '../domain/idempotency/contact-row.ts';
import { itemFrom, rowFrom } from '../domain/idempotency/event-item.ts';
import type { EventRow, ExpectedRow } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type {
  Chance,
  CircuitBreakerRead,
  ClaimResult,
  ClaimWrite,
  Clock,
  IdempotencyStore,
  ReadAhead,
  SettleResult,
  SettleWrite,
  Unavailable,
} from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

type Item = Record<string, unknown>;
type TransactItem = NonNullable<TransactWriteCommandInput['TransactItems']>[number];
type PutItem = NonNullable<TransactItem['Put']>;

/** Cancellation reasons of contention or load: the same write may succeed a moment later. */
const PASSING_REASONS = new Set(['TransactionConflict', 'ThrottlingError', 'ProvisionedThroughputExceeded']);
const PASSING_ERRORS = new Set(['TransactionConflictException', 'TransactionInProgressException']);

/** Read with every batch: what it costs is half a read unit. */
const CIRCUIT = circuitBreakerKey('crm');

/** Ceiling of the pause after a failed write, before the failure is reported. */
const FAILURE_PAUSE_MS = 500;

/**
 * Ceiling of the first pause before a write that met a conflict is tried again; doubles each time.
 */
const CONFLICT_PAUSE_MS = 20;

/** Errors that only the content of a write can cause. */
const INVALID_REASONS = new Set(['ValidationError']);
const INVALID_ERRORS = new Set(['ValidationException', 'SerializationException']);

/**
 * Result of a write: done, refused by a condition (by write, in order, with the item that stood
 * against it), refused for what it is, or none of these.
 */
type Written =
  | { readonly kind: 'written' }
  | { readonly kind: 'refused'; readonly against: readonly ({ readonly item: Item | undefined } | undefined)[] }
  | { readonly kind: 'invalid'; readonly cause: string }
  | Unavailable;

/**
 * The state table, by one client whose single tries are bounded; each call here ends within
 * `storeBudgetMs`.
 */
export class DynamoDbIdempotencyStore implements IdempotencyStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #clock: Clock;
  readonly #chance: Chance;
  readonly #limits: Limits;

  constructor(client: DynamoDBDocumentClient, table: string, clock: Clock, chance: Chance, limits: Limits) {
    this.#client = client;
    this.#table = table;
    this.#clock = clock;
    this.#chance = chance;
    this.#limits = limits;
  }

  async readAhead(keys: Parameters<IdempotencyStore['readAhead']>[0]): Promise<ReadAhead | Unavailable> {
    // BatchGetItem refuses a key that is named twice.
    const events = new Set(keys.events);
    const contacts = new Set(keys.contacts);
    const read = { events: new Map<string, EventRow>(), contacts: new Map<string, ContactRow>() };
    try {
      const command = new BatchGetCommand({
        RequestItems: { [this.#table]: { Keys: [...events, ...contacts, CIRCUIT].map((pk) => ({ pk })) } },
      });
      const answer = await withinBudget(this.#limits.storeBudgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const unread = new Set((answer.UnprocessedKeys?.[this.#table]?.Keys ?? []).map(({ pk }) => String(pk)));
      let circuit: CircuitBreakerRead = unread.has(CIRCUIT) ? { kind: 'not_read' } : { kind: 'absent' };
      for (const item of answer.Responses?.[this.#table] ?? []) {
        const key = String(item.pk);
        if (key === CIRCUIT) circuit = { kind: 'stored', stored: withoutKey(item) };
        else if (events.has(key)) read.events.set(key, rowFrom(item));
        else read.contacts.set(key, contactFrom(item));
      }
      const absent = [...contacts].filter((key) => !read.contacts.has(key) && !unread.has(key));
      return { ...read, absentContacts: new Set(absent), circuitBreaker: circuit };
    } catch (error) {
      return unavailable(error);
    }
  }

  async claim(write: ClaimWrite): Promise<ClaimResult> {
    const items: TransactItem[] = [{ Put: this.#putEvent(write.eventKey, write.row, write.expect) }];
    if (write.contact !== undefined) items.push({ Update: this.#claimContact(write, write.contact) });
    const { storeBudgetMs } = this.#limits;
    const written = await this.#write(items, randomUUID(), this.#clock.now() + storeBudgetMs, storeBudgetMs);
    if (written.kind === 'written') return { kind: 'claimed' };
    if (written.kind !== 'refused') return { kind: 'unavailable', cause: written.cause };
    const [event, contact] = written.against;
    if (event !== undefined) {
      const row = event.item === undefined ? undefined : rowFrom(event.item);
      if (row?.owner === write.row.owner && row.status === 'IN_PROGRESS') return { kind: 'claimed' };
      return row === undefined ? { kind: 'event_differs' } : { kind: 'event_differs', event: row };
    }
    return refusedBy(contact?.item);
  }

  settle(write: SettleWrite): Promise<SettleResult> {
    const { storeBudgetMs } = this.#limits;
    return this.#settle(write, this.#clock.now() + storeBudgetMs, storeBudgetMs);
  }

  async #settle(write: SettleWrite, endsAtMs: number, budgetMs: number): Promise<SettleResult> {
    const items: TransactItem[] = [
      { Put: this.#putEvent(write.eventKey, write.row, write.expect, write.leaseLiveAtMs) },
    ];
    if (write.contact !== undefined) items.push({ Update: this.#releaseContact(write, write.contact) });
    if (write.givenUp !== undefined) items.push({ Update: this.#giveUpContact(write.givenUp) });
    const firstUserRow = items.length;
    for (const row of write.userRows) items.push({ Put: this.#putUserRow(row) });
    const written = await this.#write(items, settleToken(write), endsAtMs, budgetMs);
    if (written.kind === 'written') return { kind: 'settled' };
    if (written.kind === 'invalid' && write.userRows.length > 0)
      return { kind: 'rows_rejected', cause: `a row of the mapping cannot be stored (${written.cause})` };
    if (written.kind !== 'refused') return { kind: 'unavailable', cause: written.cause };
    const [event, ...others] = written.against;
    if (event !== undefined) {
      const row = event.item === undefined ? undefined : rowFrom(event.item);
      if (row?.owner === write.row.owner && row.status === write.row.status) return { kind: 'settled' };
      return row === undefined ? { kind: 'lost' } : { kind: 'lost', event: row };
    }
    if (write.contact !== undefined && others[0] !== undefined) return { kind: 'lost' };
    if (write.givenUp !== undefined && others[0] !== undefined) return refusedBy(others[0].item);
    const refused = write.userRows.filter((_row, index) => written.against[firstUserRow + index] !== undefined);
    if (refused.length === 0) return { kind: 'lost' };
    if (refused.some(mustBeAbsent)) return { kind: 'rows_rejected', cause: 'a row of the mapping was there already' };
    const leftMs = endsAtMs - this.#clock.now();
    if (leftMs <= 0) return { kind: 'unavailable', cause: 'DynamoDB: no time left' };
    const userRows = write.userRows.filter((row) => !refused.includes(row));
    return this.#settle({ ...write, userRows }, endsAtMs, leftMs);
  }

  #putEvent(key: string, row: EventRow, expect: ExpectedRow, leaseLiveAtMs?: number): PutItem {
    const put = {
      TableName: this.#table,
      Item: itemFrom(key, row),
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    } as const;
    if (expect === 'absent') return { ...put, ConditionExpression: 'attribute_not_exists(pk)' };
    const live = leaseLiveAtMs === undefined ? '' : ' AND leaseExpiresAtMs > :liveAt';
    return {
      ...put,
      ConditionExpression: `#status = :status AND #owner = :owner${live}`,
      ExpressionAttributeNames: { '#status': 'status', '#owner': 'owner' },
      ExpressionAttributeValues: {
        ':status': expect.status,
        ':owner': expect.owner,
        ...(leaseLiveAtMs === undefined ? {} : { ':liveAt': leaseLiveAtMs }),
      },
    };
  }

  /** `decideContact` and `claimedContact` as DynamoDB carries them out. */
  #claimContact(write: ClaimWrite, contact: NonNullable<ClaimWrite['contact']>): NonNullable<TransactItem['Update']> {
    const exists = contact.mustExist === true ? 'attribute_exists(pk) AND ' : '';
    return {
      TableName: this.#table,
      Key: { pk: contact.key },
      ConditionExpression:
        exists +
        `(attribute_not_exists(newest) OR newest ${olderThan(contact)} :position)` +
        ' AND (attribute_not_exists(holder) OR holder = :owner OR leaseExpiresAtMs <= :now)' +
        ' AND (attribute_not_exists(unsettled) OR unsettled <= :position)',
      UpdateExpression:
        'SET holder = :owner, leaseExpiresAtMs = :lease, unsettledBefore = if_not_exists(unsettled, :none), unsettled = :position, expiresAt = :expiresAt',
      ExpressionAttributeValues: {
        ':position': contact.position,
        ':owner': write.row.owner,
        ':now': write.nowMs,
        ':lease': write.row.leaseExpiresAtMs,
        ':none': '',
        ':expiresAt': contact.expiresAt,
      },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
  }

  /** `releasedContact` as DynamoDB carries it out. */
  #releaseContact(
    write: SettleWrite,
    contact: NonNullable<SettleWrite['contact']>,
  ): NonNullable<TransactItem['Update']> {
    const position = contact.effect === 'applied' ? { ':position': contact.position } : {};
    return {
      TableName: this.#table,
      Key: { pk: contact.key },
      ConditionExpression: 'holder = :owner',
      UpdateExpression: RELEASE[contact.effect] + (contact.staysHeld ? '' : ', holder, leaseExpiresAtMs'),
      ExpressionAttributeValues: { ':owner': write.row.owner, ...position },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
  }

  /** `isUnsettledBy` as DynamoDB carries it out. */
  #giveUpContact({ key, position, nowMs }: NonNullable<SettleWrite['givenUp']>): NonNullable<TransactItem['Update']> {
    return {
      TableName: this.#table,
      Key: { pk: key },
      ConditionExpression: 'unsettled = :position AND (attribute_not_exists(holder) OR leaseExpiresAtMs <= :now)',
      UpdateExpression: 'SET unsettled = :none REMOVE holder, leaseExpiresAtMs, unsettledBefore',
      ExpressionAttributeValues: { ':position': position, ':now': nowMs, ':none': '' },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    };
  }

  #putUserRow({ key, item, onlyIfAbsent, position, isReplay }: UserRowWrite): PutItem {
    const put = { TableName: this.#table, Item: { ...item, pk: userRowKey(key) } };
    if (onlyIfAbsent === true) return { ...put, ConditionExpression: 'attribute_not_exists(pk)' };
    if (position === undefined) return put;
    return {
      ...put,
      Item: { ...put.Item, position },
      ConditionExpression: `attribute_not_exists(#position) OR #position ${olderThan({ isReplay })} :position`,
      ExpressionAttributeNames: { '#position': 'position' },
      ExpressionAttributeValues: { ':position': position },
    };
  }

  /**
   * Writes all or nothing; tries again with the same token for as long as conflicts pass and the
   * budget lasts.
   */
  #write(items: TransactItem[], token: string, endsAtMs: number, budgetMs: number): Promise<Written> {
    return withinBudget(budgetMs, (signal) => this.#writeUntil(signal, items, token, endsAtMs)).catch(failed);
  }

  async #writeUntil(signal: AbortSignal, items: TransactItem[], token: string, endsAtMs: number): Promise<Written> {
    for (let tries = 0; ; tries += 1) {
      try {
        await this.#send(items, token, signal);
        return { kind: 'written' };
      } catch (error) {
        const against = refusals(error);
        if (against !== undefined) return { kind: 'refused', against };
        const passing = isPassing(error);
        const pauseMs = this.#chance.fraction() * (passing ? CONFLICT_PAUSE_MS * 2 ** tries : FAILURE_PAUSE_MS);
        const isLate = this.#clock.now() + pauseMs >= endsAtMs;
        if (!isLate) await pause(pauseMs);
        if (isLate || !passing) return failed(error);
      }
    }
  }

  async #send(items: TransactItem[], ClientRequestToken: string, abortSignal: AbortSignal): Promise<void> {
    const [only, ...more] = items;
    // Half the price of a transaction, where there is nothing to keep together.
    if (only?.Put !== undefined && more.length === 0)
      await this.#client.send(new PutCommand(only.Put), { abortSignal });
    else
      await this.#client.send(new TransactWriteCommand({ TransactItems: items, ClientRequestToken }), { abortSignal });
  }
}

/** Comparison with the position that stands: an event of a replay may be the one that stands. */
function olderThan({ isReplay }: { readonly isReplay?: true | undefined }): '<' | '<=' {
  return isReplay === true ? '<=' : '<';
}

/** Each ends in its `REMOVE` clause, which is extended where the contact is released. */
const RELEASE: Readonly<Record<ContactEffect, string>> = {
  applied: 'SET newest = :position REMOVE unsettledBefore, unsettled',
  not_applied: 'SET unsettled = unsettledBefore REMOVE unsettledBefore',
  unknown: 'REMOVE unsettledBefore',
};

/**
 * Idempotency token of one settlement, at most 36 characters: the same for each of its tries, so
 * that DynamoDB executes it once. The next settlement of the same attempt gets another token:
 * DynamoDB rejects a known token with different content.
 */
function settleToken({ eventKey, expect, leaseLiveAtMs, row, userRows }: SettleWrite): string {
  const { owner, status, reason, nextAttemptAtMs, settledAtMs } = row;
  const parts = [
    eventKey,
    expect,
    leaseLiveAtMs,
    owner,
    status,
    reason,
    nextAttemptAtMs,
    settledAtMs,
    userRows.map(({ key }) => key),
  ];
  return hash('sha256', JSON.stringify(parts)).slice(0, 36);
}

/**
 * For each item of a write, whether its condition refused it, and what stood there; undefined if
 * none did.
 */
function refusals(error: unknown): readonly ({ readonly item: Item | undefined } | undefined)[] | undefined {
  if (error instanceof ConditionalCheckFailedException) {
    return [{ item: error.Item === undefined ? undefined : unmarshall(error.Item) }];
  }
  if (!(error instanceof TransactionCanceledException)) return undefined;
  const reasons = error.CancellationReasons ?? [];
  if (!reasons.some((reason) => reason.Code === 'ConditionalCheckFailed')) return undefined;
  return reasons.map((reason) => refusal(reason));
}

function refusal(reason: CancellationReason): { readonly item: Item | undefined } | undefined {
  if (reason.Code !== 'ConditionalCheckFailed') return undefined;
  return {
    item: reason.Item === undefined || Object.keys(reason.Item).length === 0 ? undefined : unmarshall(reason.Item),
  };
}

function isPassing(error: unknown): boolean {
  if (error instanceof TransactionCanceledException) {
    return (error.CancellationReasons ?? []).some((reason) => PASSING_REASONS.has(reason.Code ?? ''));
  }
  return error instanceof Error && PASSING_ERRORS.has(error.name);
}

function withoutKey({ pk: _key, ...row }: Item): Item {
  return row;
}

function contactFrom(item: Item): ContactRow {
  return withoutKey(item) as ContactRow;
}

function refusedBy(item: Item | undefined): Extract<ClaimResult, { kind: 'contact_refuses' }> {
  return item === undefined ? { kind: 'contact_refuses' } : { kind: 'contact_refuses', contact: contactFrom(item) };
}

/** A write that neither passed nor was refused by a condition. */
function failed(error: unknown): Unavailable | Extract<Written, { kind: 'invalid' }> {
  const { cause } = unavailable(error);
  const isInvalid =
    error instanceof Error &&
    (INVALID_ERRORS.has(error.name) || codesOf(error).some((code) => INVALID_REASONS.has(code)));
  return { kind: isInvalid ? 'invalid' : 'unavailable', cause };
}

function unavailable(error: unknown): Unavailable {
  return { kind: 'unavailable', cause: `DynamoDB: ${[errorName(error), ...codesOf(error)].join(' ')}` };
}

/** Why a transaction was cancelled. */
function codesOf(error: unknown): string[] {
  const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : [];
  return reasons.flatMap(({ Code }) => (Code === undefined || Code === 'None' ? [] : [Code]));
}
