/** Events found by reading every row of the state table: unsettled ones, those of a contact, those of an interaction. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import { orderingKeyDigest } from '../../lambdas/domain/event/event-key.ts';
import { rowFrom } from '../../lambdas/domain/idempotency/event-item.ts';
import type { KeyedRow } from '../../lambdas/ports.ts';
import type { EventTarget } from './target.ts';

/** A condition on rows, as DynamoDB takes it. */
export interface EventFilter {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** How many and which of the events found are kept. */
export interface ScanOptions {
  readonly filter: EventFilter;
  readonly limit: number;
  /** By the time of the first receipt. */
  readonly first: 'oldest' | 'newest';
}

/** The result of a scan. */
export interface FoundEvents {
  readonly examined: number;
  readonly count: number;
  /** As many as were asked for. */
  readonly events: readonly KeyedRow[];
}

/** Half a read unit reads 4 KB, eventually consistent; a million on-demand units cost this in us-east-1 (2026). */
const BYTES_A_UNIT = 8_192;
const DOLLARS_A_MILLION = 0.125;

/** Parts of the table that are read side by side: a table of 6 GB takes about a minute. */
const SEGMENTS = 8;

/** Events that are neither final nor in quarantine, received before this time. */
export function unsettledBefore(receivedBeforeMs: number): EventFilter {
  return {
    expression: '#status IN (:progress, :failed) AND firstReceivedAtMs < :before',
    names: { '#status': 'status' },
    values: { ':progress': 'IN_PROGRESS', ':failed': 'FAILED', ':before': receivedBeforeMs },
  };
}

/** Events under one of these ordering keys. */
export function underOrderingKeys(orderingKeys: readonly string[]): EventFilter {
  const values = orderingKeys.map((key, index) => [`:key${index}`, orderingKeyDigest(key)] as const);
  return {
    expression: `orderingKey IN (${values.map(([name]) => name).join(', ')})`,
    values: Object.fromEntries(values),
  };
}

/** Events of one interaction or conversation. */
export function ofInteraction(interactionId: string): EventFilter {
  return { expression: 'interactionId = :interaction', values: { ':interaction': interactionId } };
}

/** Size and price of a scan, for people. DynamoDB counts a table's bytes about every six hours. */
export async function scanPrice({ table, tableName }: EventTarget): Promise<string> {
  const { Table } = await table.send(new DescribeTableCommand({ TableName: tableName }));
  const { TableSizeBytes: bytes = 0, ItemCount: rows = 0 } = Table ?? {};
  const units = Math.ceil(bytes / BYTES_A_UNIT);
  const dollars = ((units / 1e6) * DOLLARS_A_MILLION).toFixed(2);
  return `about ${rows.toLocaleString('en-US')} rows, ${units.toLocaleString('en-US')} read units, $${dollars} on demand`;
}

/**
 * Reads every row, eventually consistent: an event that was settled within the last second may still be found as
 * unsettled. Reports how many rows have been read so far to `onPage`.
 */
export async function scanEvents(
  target: EventTarget,
  options: ScanOptions,
  onPage: (examined: number) => void,
): Promise<FoundEvents> {
  let found: FoundEvents = { examined: 0, count: 0, events: [] };
  const segments = Array.from({ length: SEGMENTS }, (_, segment) =>
    scanSegment(target, options.filter, segment, (examined, events) => {
      found = {
        examined: found.examined + examined,
        count: found.count + events.length,
        events: sorted([...found.events, ...events], options),
      };
      onPage(found.examined);
    }),
  );
  await Promise.all(segments);
  return found;
}

async function scanSegment(
  { table, tableName }: EventTarget,
  { expression, names, values }: EventFilter,
  segment: number,
  onPage: (examined: number, events: readonly KeyedRow[]) => void,
): Promise<void> {
  let from: Record<string, unknown> | undefined;
  do {
    const command = new ScanCommand({
      TableName: tableName,
      Segment: segment,
      TotalSegments: SEGMENTS,
      // A user's own rows may have anything in them.
      FilterExpression: `(begins_with(pk, :event) OR begins_with(pk, :body) OR begins_with(pk, :reused)) AND ${expression}`,
      ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
      ExpressionAttributeValues: { ':event': 'EVENT#', ':body': 'BODY#', ':reused': 'REUSED#', ...values },
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    const { Items = [], ScannedCount = 0, LastEvaluatedKey } = await table.send(command);
    onPage(
      ScannedCount,
      Items.map((item) => ({ key: String(item.pk), row: rowFrom(item) })),
    );
    from = LastEvaluatedKey;
  } while (from !== undefined);
}

function sorted(events: readonly KeyedRow[], { first, limit }: ScanOptions): KeyedRow[] {
  const sign = first === 'oldest' ? 1 : -1;
  return [...events]
    .sort((one, other) => sign * (one.row.firstReceivedAtMs - other.row.firstReceivedAtMs))
    .slice(0, limit);
}
