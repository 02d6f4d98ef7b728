/** The state table and its index of quarantine, for people to look at. */
import {
  BatchGetCommand,
  type DynamoDBDocumentClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { eventKey } from '../domain/event/event-key.ts';
import { partitionsOf, rowFrom } from '../domain/idempotency/event-item.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { errorGroups } from '../domain/quarantine/error-groups.ts';
import { QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { KeyedRow, PipelineView, QuarantineOfReason, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Events of a reason that are shown. */
const SAMPLE = 5;
/** Newest rows of a partition whose errors are grouped. */
const GROUPED = 50;
/**
 * Pages of a count, of 1 MB each, which is DynamoDB’s own bound (Query API reference) and some
 * 1,500 rows of ours: a reason's count costs at most 512 read units, and most looks half a unit.
 */
const COUNT_PAGES_MAX = 4;

/**
 * Keys that are no event's id: of bodies that are no valid event, and of events that reused an id.
 */
const OTHER_KEY = /^(BODY|REUSED)#[0-9a-f]{64}$/;

type Item = Readonly<Record<string, unknown>>;

/**
 * Reads by one client whose single tries are bounded; each call of DynamoDB ends within
 * `storeBudgetMs`.
 */
export class DynamoDbPipelineView implements PipelineView {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #index: string;
  readonly #limits: Limits;

  constructor(client: DynamoDBDocumentClient, table: string, index: string, limits: Limits) {
    this.#client = client;
    this.#table = table;
    this.#index = index;
    this.#limits = limits;
  }

  async quarantine(): ReturnType<PipelineView['quarantine']> {
    const reasons = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];
    try {
      const all = await Promise.all(reasons.map((reason) => this.#ofReason(reason)));
      return { kind: 'quarantine', reasons: all.filter((some) => some !== undefined) };
    } catch (error) {
      return unavailable(error);
    }
  }

  async find(idOrKey: string): ReturnType<PipelineView['find']> {
    const keys = [eventKey(idOrKey), ...(OTHER_KEY.test(idOrKey) ? [idOrKey] : [])];
    try {
      const [rows, reused] = await Promise.all([this.#rows(keys), this.#underOtherKeys(idOrKey)]);
      const known = new Set(rows.map(({ key }) => key));
      return { kind: 'found', rows: [...rows, ...reused.filter(({ key }) => !known.has(key))] };
    } catch (error) {
      return unavailable(error);
    }
  }

  async #ofReason(reason: QuarantineReason): Promise<QuarantineOfReason | undefined> {
    const parts = await Promise.all(partitionsOf(reason).map((partition) => this.#ofPartition(partition)));
    const newestFirst = parts.flatMap(({ newest }) => newest).sort((one, other) => timeOf(other) - timeOf(one));
    const [first] = newestFirst;
    if (first === undefined) return undefined;
    return {
      reason,
      count: parts.reduce((sum, { count }) => sum + count, 0),
      more: parts.some(({ more }) => more),
      oldestAtMs: Math.min(...parts.map(({ oldestAtMs }) => oldestAtMs)),
      newestAtMs: timeOf(first),
      errors: errorGroups(newestFirst.map(({ row }) => row.lastError ?? '')),
      errorsOf: newestFirst.length,
      sample: newestFirst.slice(0, SAMPLE),
    };
  }

  /** The newest rows of a partition, how many it has, and how old the oldest is. */
  async #ofPartition(partition: string) {
    const { Items = [], LastEvaluatedKey } = await this.#query(partition, { Limit: GROUPED, ScanIndexForward: false });
    const newest = Items.map(keyedRow);
    const last = newest.at(-1);
    const oldestKnownMs = last === undefined ? Number.POSITIVE_INFINITY : timeOf(last);
    if (LastEvaluatedKey === undefined) return { newest, count: newest.length, more: false, oldestAtMs: oldestKnownMs };
    const [oldest, counted] = await Promise.all([
      this.#query(partition, { Limit: 1, ScanIndexForward: true }),
      this.#count(partition),
    ]);
    const [first] = (oldest.Items ?? []).map(keyedRow);
    return { newest, ...counted, oldestAtMs: first === undefined ? oldestKnownMs : timeOf(first) };
  }

  async #count(partition: string): Promise<{ readonly count: number; readonly more: boolean }> {
    let count = 0;
    let from: Record<string, unknown> | undefined;
    for (let page = 0; page < COUNT_PAGES_MAX; page += 1) {
      const start = from === undefined ? {} : { ExclusiveStartKey: from };
      const { Count = 0, LastEvaluatedKey } = await this.#query(partition, { Select: 'COUNT', ...start });
      count += Count;
      from = LastEvaluatedKey;
      if (from === undefined) return { count, more: false };
    }
    return { count, more: true };
  }

  /**
   * Events under keys of their own: another one had their id, or the body is no valid event. Of one
   * page for each partition, which is nearly always all.
   */
  async #underOtherKeys(eventId: string): Promise<KeyedRow[]> {
    const partitions = [...partitionsOf('id_reused'), ...partitionsOf('invalid_event')];
    return (await Promise.all(partitions.map((partition) => this.#withId(partition, eventId)))).flat();
  }

  async #withId(partition: string, eventId: string): Promise<KeyedRow[]> {
    const { Items = [] } = await this.#query(partition, {
      FilterExpression: 'eventId = :id',
      ExpressionAttributeValues: { ':id': eventId },
      ScanIndexForward: false,
    });
    return Items.map(keyedRow);
  }

  async #rows(keys: readonly string[]): Promise<KeyedRow[]> {
    const command = new BatchGetCommand({
      RequestItems: { [this.#table]: { Keys: keys.map((pk) => ({ pk })), ConsistentRead: true } },
    });
    const { Responses = {}, UnprocessedKeys = {} } = await withinBudget(this.#limits.storeBudgetMs, (abortSignal) =>
      this.#client.send(command, { abortSignal }),
    );
    if (Object.keys(UnprocessedKeys).length > 0) throw new Error('throttled');
    return (Responses[this.#table] ?? []).map(keyedRow);
  }

  #query(partition: string, more: Partial<QueryCommandInput>) {
    const command = new QueryCommand({
      TableName: this.#table,
      IndexName: this.#index,
      KeyConditionExpression: 'reason = :reason',
      ...more,
      ExpressionAttributeValues: { ...more.ExpressionAttributeValues, ':reason': partition },
    });
    return withinBudget(this.#limits.storeBudgetMs, (abortSignal) => this.#client.send(command, { abortSignal }));
  }
}

function keyedRow(item: Item): KeyedRow {
  return { key: String(item.pk), row: rowFrom(item) };
}

function timeOf({ row }: KeyedRow): number {
  return row.settledAtMs ?? 0;
}

function unavailable(error: unknown): Unavailable {
  return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
}
