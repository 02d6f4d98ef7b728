/** Rows of events by their keys, for commands. */
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { rowFrom } from '../domain/idempotency/event-item.ts';
import type { EventRow } from '../domain/idempotency/event-row.ts';

/** Keys of one BatchGetItem (DynamoDB API reference). */
const KEYS_AT_ONCE = 100;

/**
 * Reads rows, eventually consistent. Keys without a row, and rows that DynamoDB leaves unprocessed,
 * are missing in the result. Rejects if DynamoDB does not answer.
 */
export async function readEventRows(
  client: DynamoDBDocumentClient,
  table: string,
  keys: readonly string[],
): Promise<Map<string, EventRow>> {
  const rows = new Map<string, EventRow>();
  for (let from = 0; from < keys.length; from += KEYS_AT_ONCE) {
    const chunk = keys.slice(from, from + KEYS_AT_ONCE).map((pk) => ({ pk }));
    const { Responses = {} } = await client.send(new BatchGetCommand({ RequestItems: { [table]: { Keys: chunk } } }));
    for (const item of Responses[table] ?? []) rows.set(String(item.pk), rowFrom(item));
  }
  return rows;
}
