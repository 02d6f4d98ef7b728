/** The circuit's row in DynamoDB: a strongly consistent read, and a compare-and-swap. */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { type DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import {
  CIRCUIT_BREAKER_VERSION_ATTRIBUTES,
  type CircuitBreakerRow,
  isSameCircuitBreaker,
  type StoredCircuitBreaker,
} from '../domain/crm/circuit-breaker.ts';
import { circuitBreakerKey } from '../domain/event/event-key.ts';
import type { Limits } from '../domain/limits.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { CircuitBreakerStore, CircuitBreakerWriteResult, Unavailable } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

const PK = circuitBreakerKey('crm');

/**
 * The circuit of the CRM, by one client whose single tries are bounded; each call here ends within
 * `storeBudgetMs`.
 */
export class DynamoDbCircuitBreakerStore implements CircuitBreakerStore {
  readonly #client: DynamoDBDocumentClient;
  readonly #table: string;
  readonly #limits: Limits;

  constructor(client: DynamoDBDocumentClient, table: string, limits: Limits) {
    this.#client = client;
    this.#table = table;
    this.#limits = limits;
  }

  async read(): ReturnType<CircuitBreakerStore['read']> {
    try {
      const command = new GetCommand({ TableName: this.#table, Key: { pk: PK }, ConsistentRead: true });
      const { Item } = await this.#withinBudget((abortSignal) => this.#client.send(command, { abortSignal }));
      return Item === undefined ? { kind: 'absent' } : { kind: 'stored', stored: storedFrom(Item) };
    } catch (error) {
      return unavailable(error);
    }
  }

  async write(expected: StoredCircuitBreaker | undefined, next: CircuitBreakerRow): Promise<CircuitBreakerWriteResult> {
    const command = new PutCommand({
      TableName: this.#table,
      Item: { pk: PK, ...next },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ...conditionOn(expected),
    });
    try {
      await this.#withinBudget((abortSignal) => this.#client.send(command, { abortSignal }));
      return { kind: 'written' };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) return unavailable(error);
      const stored = error.Item === undefined ? undefined : storedFrom(unmarshall(error.Item));
      // A try whose response was lost has done it already.
      return isSameCircuitBreaker(stored, { ...next }) ? { kind: 'written' } : { kind: 'differs', stored };
    }
  }

  #withinBudget<Result>(call: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    return withinBudget(this.#limits.storeBudgetMs, call);
  }
}

/**
 * Condition that the row is still the one that was read. It compares attribute by attribute, so
 * that an unreadable row can be replaced too.
 */
function conditionOn(expected: StoredCircuitBreaker | undefined) {
  if (expected === undefined) return { ConditionExpression: 'attribute_not_exists(pk)' };
  const present = CIRCUIT_BREAKER_VERSION_ATTRIBUTES.filter((name) => expected[name] !== undefined);
  const terms = CIRCUIT_BREAKER_VERSION_ATTRIBUTES.map((name) =>
    expected[name] === undefined ? `attribute_not_exists(#${name})` : `#${name} = :${name}`,
  );
  return {
    ConditionExpression: ['attribute_exists(pk)', ...terms].join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(CIRCUIT_BREAKER_VERSION_ATTRIBUTES.map((name) => [`#${name}`, name])),
    ...(present.length === 0
      ? {}
      : { ExpressionAttributeValues: Object.fromEntries(present.map((name) => [`:${name}`, expected[name]])) }),
  };
}

function storedFrom(item: Readonly<Record<string, unknown>>): StoredCircuitBreaker {
  const { pk: _key, ...stored } = item;
  return stored;
}

function unavailable(error: unknown): Unavailable {
  return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
}
