/**
 * The schedule of requests to the CRM: one row in DynamoDB that holds the time of the first free
 * slot.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { decideSlots, type SlotDecision, type SlotRequest } from '../domain/crm/request-rate.ts';
import { rateKey } from '../domain/event/event-key.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { RateStore, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

const PK = rateKey('crm');

/** Others only move the first free slot on, so that one or two tries more find it. */
const TRIES = 4;

/**
 * Each call ends within `storeBudgetMs`. A take whose response was lost costs its slots, and
 * exceeds nothing.
 */
export class DynamoDbRateStore implements RateStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #limits: Limits;
  /** The first free slot as last seen. */
  #nextMs: number | undefined;

  constructor(client: DynamoDBDocumentClient, table: string, limits: Limits) {
    this.#client = client;
    this.#table = table;
    this.#limits = limits;
  }

  async take(request: SlotRequest, budgetMs: number): Promise<SlotDecision | Unavailable> {
    try {
      return await withinBudget(Math.min(this.#limits.storeBudgetMs, budgetMs), (signal) =>
        this.#take(request, signal),
      );
    } catch (error) {
      return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
    }
  }

  async #take(request: SlotRequest, abortSignal: AbortSignal): Promise<SlotDecision | Unavailable> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const believed = decideSlots(this.#nextMs, request);
      // The slot only moves on: what was too late before is too late now.
      if (believed.kind === 'full') return believed;
      const stepMs = request.count * request.spacingMs;
      const takes = believed.firstMs > request.nowMs ? continuing(request, stepMs) : restarting(request, stepMs);
      try {
        const command = new UpdateCommand({ TableName: this.#table, Key: { pk: PK }, ...takes });
        const { Attributes } = await this.#client.send(command, { abortSignal });
        const nextMs = Number(Attributes?.nextMs);
        this.#nextMs = nextMs;
        return { kind: 'taken', firstMs: nextMs - stepMs };
      } catch (error) {
        if (!(error instanceof ConditionalCheckFailedException)) throw error;
        this.#nextMs = error.Item === undefined ? undefined : Number(unmarshall(error.Item).nextMs);
      }
    }
    return { kind: 'unavailable', cause: 'DynamoDB: the schedule of requests keeps changing' };
  }
}

/** Takes the slots behind those that are taken. */
function continuing({ nowMs, latestMs }: SlotRequest, stepMs: number) {
  return {
    UpdateExpression: 'ADD nextMs :step',
    ConditionExpression: 'nextMs > :now AND nextMs <= :latest',
    ExpressionAttributeValues: { ':step': stepMs, ':now': nowMs, ':latest': latestMs },
    ...RETURN_VALUES,
  } as const;
}

/** Takes slots from now on, where all that were taken have passed. */
function restarting({ nowMs }: SlotRequest, stepMs: number) {
  return {
    UpdateExpression: 'SET nextMs = :next',
    ConditionExpression: 'attribute_not_exists(nextMs) OR nextMs <= :now',
    ExpressionAttributeValues: { ':next': nowMs + stepMs, ':now': nowMs },
    ...RETURN_VALUES,
  } as const;
}

const RETURN_VALUES = { ReturnValues: 'UPDATED_NEW', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } as const;
