/** Reads rows of events by their keys. */
import { BatchGetCommand } from '@aws-sdk/lib-dynamodb';
import { rowFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import type { EventTarget } from './target.ts';

/** Keys of one BatchGetItem (DynamoDB API reference). */
const KEYS_AT_ONCE = 100;

/** Keys without a row, and rows that DynamoDB leaves unprocessed, are missing in the result. */
export async function readRows(
  { table, tableName }: EventTarget,
  keys: readonly string[],
): Promise<Map<string, EventRow>> {
  const rows = new Map<string, EventRow>();
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
    const chunk = keys.slice(from, from + KEYS_AT_ONCE).map((pk) => ({ pk }));
    const { Responses = {} } = await table.send(
      new BatchGetCommand({ RequestItems: { [tableName]: { Keys: chunk } } }),
    );
    for (const item of Responses[tableName] ?? []) rows.set(String(item.pk), rowFrom(item));
  }
  return rows;
}
