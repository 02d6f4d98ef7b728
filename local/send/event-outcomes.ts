/** What the state table says of events. */
import { BatchGetCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { rowFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { EventStatus, FailedBy } from '../../lambdas/domain/idempotency/event-row.ts';
import { isAutomatic, isQuarantineReason } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';

/** Where an event has come to. */
export interface EventOutcome {
  readonly status: EventStatus;
  readonly reason?: string;
  readonly failedBy?: FailedBy;
  readonly settledAtMs?: number;
}

/** What BatchGetItem takes at once. */
const KEYS_AT_ONCE = 100;

/** True for an event in quarantine that recovery returns once the CRM works again. The others wait for a person. */
export function waitsForCrm(outcome: EventOutcome | undefined): boolean {
  const { status, reason, failedBy } = outcome ?? {};
  return status === 'QUARANTINED' && isQuarantineReason(reason) && isAutomatic(reason) && failedBy !== 'record';
}

/** True if nothing more happens to the event without a person. */
export function isDone(outcome: EventOutcome | undefined): outcome is EventOutcome {
  if (outcome === undefined || waitsForCrm(outcome)) return false;
  return outcome.status !== 'IN_PROGRESS' && outcome.status !== 'FAILED';
}

/** Reads the rows of these keys; a key without a row is missing in the answer. */
export async function readOutcomes(
  client: DynamoDBDocumentClient,
  table: string,
  rowKeys: readonly string[],
): Promise<Map<string, EventOutcome>> {
  const found = new Map<string, EventOutcome>();
  for (let from = 0; from < rowKeys.length; from += KEYS_AT_ONCE) {
    const keys = rowKeys.slice(from, from + KEYS_AT_ONCE).map((pk) => ({ pk }));
    const { Responses = {} } = await client.send(new BatchGetCommand({ RequestItems: { [table]: { Keys: keys } } }));
    for (const item of Responses[table] ?? []) {
      const { status, reason, failedBy, settledAtMs } = rowFrom(item);
      found.set(String(item.pk), {
        status,
        ...(reason === undefined ? {} : { reason }),
        ...(failedBy === undefined ? {} : { failedBy }),
        ...(settledAtMs === undefined ? {} : { settledAtMs }),
      });
    }
  }
  return found;
}
