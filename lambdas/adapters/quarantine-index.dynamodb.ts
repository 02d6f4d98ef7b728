/** The state table's index of quarantined events. */
import { type DynamoDBDocumentClient, QueryCommand, type QueryCommandInput } from '@aws-sdk/lib-dynamodb';
import { partitionsOf, rowFrom } from '../domain/idempotency/event-item.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type {
  QuarantineEntry,
  QuarantineIndex,
  QuarantineSummaries,
  QuarantineSummary,
  Unavailable,
} from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Rows of one partition that are counted at most: what it costs is bounded. */
const COUNTED_MAX = 1_000;

/**
 * Queries the index, by one client whose single tries are bounded; each call of DynamoDB ends
 * within `storeBudgetMs`.
 */
export class DynamoDbQuarantineIndex implements QuarantineIndex, QuarantineSummaries {
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

  async list(reason: QuarantineReason, limit: number): ReturnType<QuarantineIndex['list']> {
    try {
      const pages = await this.#query(reason, {
        ProjectionExpression: 'reason, settledAtMs, redrives, recoveries, failedBy, orderingKey, #position, isReplay',
        ExpressionAttributeNames: { '#position': 'position' },
        Limit: limit,
      });
      const entries = pages.flatMap(({ items }) => items.map((item) => entryFrom(reason, item)));
      entries.sort((one, other) => one.atMs - other.atMs);
      const more = pages.some(({ isLast }) => !isLast) || entries.length > limit;
      return { kind: 'listed', entries: entries.slice(0, limit), more };
    } catch (error) {
      return unavailable(error);
    }
  }

  async summarize(reason: QuarantineReason): Promise<QuarantineSummary | Unavailable> {
    try {
      // One page: of rows so large that it brings fewer, those that it brings are counted.
      const pages = await this.#query(reason, { ProjectionExpression: 'settledAtMs', Limit: COUNTED_MAX });
      const times = pages.flatMap(({ items }) => items.map(({ settledAtMs }) => Number(settledAtMs)));
      const more = pages.some(({ isLast }) => !isLast);
      const oldest = times.length === 0 ? {} : { oldestAtMs: Math.min(...times) };
      return { kind: 'known', count: times.length, more, ...oldest };
    } catch (error) {
      return unavailable(error);
    }
  }

  /** One page of each partition, oldest first. */
  #query(reason: QuarantineReason, input: Partial<QueryCommandInput>) {
    return Promise.all(
      partitionsOf(reason).map(async (partition) => {
        const command = new QueryCommand({
          TableName: this.#table,
          IndexName: this.#index,
          KeyConditionExpression: 'reason = :reason',
          ExpressionAttributeValues: { ':reason': partition },
          ...input,
        });
        const { Items = [], LastEvaluatedKey } = await withinBudget(this.#limits.storeBudgetMs, (abortSignal) =>
          this.#client.send(command, { abortSignal }),
        );
        return { items: Items, isLast: LastEvaluatedKey === undefined };
      }),
    );
  }
}

function entryFrom(reason: QuarantineReason, item: Readonly<Record<string, unknown>>): QuarantineEntry {
  const { settledAtMs = 0, redrives, recoveries, failedBy, orderingKey, position, isReplay } = rowFrom(item);
  return {
    reason,
    atMs: settledAtMs,
    redrives,
    ...(recoveries === undefined ? {} : { recoveries }),
    ...(failedBy === undefined ? {} : { failedBy }),
    ...(orderingKey === undefined ? {} : { orderingKey }),
    ...(position === undefined ? {} : { position }),
    ...(isReplay === undefined ? {} : { isReplay }),
  };
}

function unavailable(error: unknown): Unavailable {
  return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
}
