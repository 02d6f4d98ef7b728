/** Price of reading the whole state table. */
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import type { EventTarget } from './target.ts';

/**
 * Half a read unit reads 4 KB, eventually consistent; a million on-demand units cost this in
 * us-east-1 (2026).
 */
const BYTES_A_UNIT = 8_192;
const DOLLARS_A_MILLION = 0.125;

/** Size and price of a scan, for people. DynamoDB counts a table's bytes about every six hours. */
export async function scanPrice({ table, tableName }: EventTarget, isConsistent = false): Promise<string> {
  const { Table } = await table.send(new DescribeTableCommand({ TableName: tableName }));
  const { TableSizeBytes: bytes = 0, ItemCount: rows = 0 } = Table ?? {};
  const units = Math.ceil(bytes / BYTES_A_UNIT) * (isConsistent ? 2 : 1);
  const dollars = ((units / 1e6) * DOLLARS_A_MILLION).toFixed(2);
  return `about ${rows.toLocaleString('en-US')} rows, ${units.toLocaleString('en-US')} read units, $${dollars} on demand`;
}
