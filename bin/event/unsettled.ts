/** Events that have come to no end: an exact look at every row of the state table. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { ScanCommand } from '@aws-sdk/lib-dynamodb';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import type { KeyedRow } from '../../lambdas/ports.ts';
import type { EventTarget } from './target.ts';

/** What the look found. */
export interface Unsettled {
  readonly examined: number;
  readonly count: number;
  /** Oldest first, as many as were asked for. */
  readonly oldest: readonly KeyedRow[];
}

/** Half a read unit reads 4 KB, eventually consistent; a million on-demand units cost this in us-east-1 (2026). */
const BYTES_A_UNIT = 8_192;
const DOLLARS_A_MILLION = 0.125;

/** What the look will read, in words. DynamoDB counts a table's bytes every six hours or so. */
export async function scanPrice({ table, tableName }: EventTarget): Promise<string> {
  const { Table } = await table.send(new DescribeTableCommand({ TableName: tableName }));
  const { TableSizeBytes: bytes = 0, ItemCount: rows = 0 } = Table ?? {};
  const units = Math.ceil(bytes / BYTES_A_UNIT);
  const dollars = ((units / 1e6) * DOLLARS_A_MILLION).toFixed(2);
  return `about ${rows.toLocaleString('en-US')} rows, ${units.toLocaleString('en-US')} read units, $${dollars} on demand`;
}

/**
 * Looks at every row, page after page. Eventually consistent: an event that was settled within the last second may
 * still be among those found. `onPage` is told how many rows have been examined at.
 */
export async function findUnsettled(
  { table, tableName }: EventTarget,
  { receivedBeforeMs, limit }: { readonly receivedBeforeMs: number; readonly limit: number },
  onPage: (examined: number) => void,
): Promise<Unsettled> {
  let examined = 0;
  let count = 0;
  let oldest: KeyedRow[] = [];
  let from: Record<string, unknown> | undefined;
  do {
    const command = new ScanCommand({
      TableName: tableName,
      // A user's own rows may have anything in them, a status too.
      FilterExpression:
        '(begins_with(pk, :event) OR begins_with(pk, :body) OR begins_with(pk, :reused))' +
        ' AND #status IN (:progress, :failed) AND firstReceivedAtMs < :before',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: {
        ':event': 'EVENT#',
        ':body': 'BODY#',
        ':reused': 'REUSED#',
        ':progress': 'IN_PROGRESS',
        ':failed': 'FAILED',
        ':before': receivedBeforeMs,
      },
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    const { Items = [], ScannedCount = 0, LastEvaluatedKey } = await table.send(command);
    examined += ScannedCount;
    count += Items.length;
    const found = Items.map(({ pk, ...row }) => ({ key: String(pk), row: row as unknown as EventRow }));
    oldest = [...oldest, ...found].sort(byReceipt).slice(0, limit);
    onPage(examined);
    from = LastEvaluatedKey;
  } while (from !== undefined);
  return { examined, count, oldest };
}

function byReceipt(one: KeyedRow, other: KeyedRow): number {
  return one.row.firstReceivedAtMs - other.row.firstReceivedAtMs;
}
