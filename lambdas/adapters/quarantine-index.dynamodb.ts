/** The state table's index of quarantined events. */
import { type DynamoDBDocumentClient, QueryCommand } from '@aws-sdk/lib-dynamodb';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { QuarantineIndex, QuarantineSummaries, QuarantineSummary, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** Rows looked at in one call. */
const PAGE = 100;
/** Rows counted at the most: what it costs is bounded, and nobody asks whether there are more than that. */
const COUNTED_MAX = 1_000;
/** Calls for one question; after that the answer is that there may be one. */
const PAGES_MAX = 5;

/** Asks the index, by one client whose single tries are bounded; each call of DynamoDB ends within `storeBudgetMs`. */
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

  async holdsAny(of: Parameters<QuarantineIndex['holdsAny']>[0]): ReturnType<QuarantineIndex['holdsAny']> {
    let from: Record<string, unknown> | undefined;
    try {
      for (let page = 0; page < PAGES_MAX; page += 1) {
        const query = this.#query(of, from);
        const { Count = 0, LastEvaluatedKey } = await withinBudget(this.#limits.storeBudgetMs, (abortSignal) =>
          this.#client.send(query, { abortSignal }),
        );
        if (Count > 0) return { kind: 'known', any: true };
        if (LastEvaluatedKey === undefined) return { kind: 'known', any: false };
        from = LastEvaluatedKey;
      }
      return { kind: 'known', any: true };
    } catch (error) {
      return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
    }
  }

  async summarize(reason: QuarantineReason): Promise<QuarantineSummary | Unavailable> {
    const command = new QueryCommand({
      TableName: this.#table,
      IndexName: this.#index,
      ProjectionExpression: 'settledAtMs',
      Limit: COUNTED_MAX,
      KeyConditionExpression: 'reason = :reason',
      ExpressionAttributeValues: { ':reason': reason },
    });
    try {
      // One call: of rows so large that it brings fewer, those that it brings are counted.
      const { Items = [] } = await withinBudget(this.#limits.storeBudgetMs, (abortSignal) =>
        this.#client.send(command, { abortSignal }),
      );
      const [oldest] = Items;
      return {
        kind: 'known',
        count: Items.length,
        ...(oldest === undefined ? {} : { oldestAtMs: Number(oldest.settledAtMs) }),
      };
    } catch (error) {
      return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
    }
  }

  #query(
    { reason, fromMs, toMs, redrivesBelow }: Parameters<QuarantineIndex['holdsAny']>[0],
    from: Record<string, unknown> | undefined,
  ): QueryCommand {
    return new QueryCommand({
      TableName: this.#table,
      IndexName: this.#index,
      Select: 'COUNT',
      Limit: PAGE,
      KeyConditionExpression: 'reason = :reason AND settledAtMs BETWEEN :from AND :to',
      FilterExpression: 'redrives < :redrives',
      ExpressionAttributeValues: { ':reason': reason, ':from': fromMs, ':to': toMs, ':redrives': redrivesBelow },
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
  }
}
