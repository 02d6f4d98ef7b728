/**
 * An event's row as an item of the state table. The index of quarantine is partitioned by `reason`:
 * reasons that every event may get at once are spread over several values, because a partition
 * takes 1,000 writes a second (DynamoDB Developer Guide, best practices for partition keys) and
 * rising times cannot be split by heat.
 */
import { hash } from 'node:crypto';
import type { EventRow, QuarantineReason } from './event-row.ts';

type Item = Readonly<Record<string, unknown>>;

/** Values that one of these reasons is spread over. */
const SHARDS = 4;

/** Reasons that one fault of the CRM, the mapping or the sender gives every event. */
const SPREAD: ReadonlySet<QuarantineReason> = new Set([
  'circuit_open',
  'retries_exhausted',
  'crm_rejected',
  'invalid_event',
  'mapping_failed',
]);

/**
 * The values of the index's partition key that hold the rows of a reason. The first one is the
 * reason itself.
 */
export function partitionsOf(reason: QuarantineReason): readonly string[] {
  return Array.from({ length: SPREAD.has(reason) ? SHARDS : 1 }, (_, shard) => partition(reason, shard));
}

/** The item of a row. */
export function itemFrom(key: string, row: EventRow): Item {
  const { reason } = row;
  if (reason === undefined || !SPREAD.has(reason)) return { pk: key, ...row };
  const shard = Number.parseInt(hash('sha256', key).slice(0, 2), 16) % SHARDS;
  return { pk: key, ...row, reason: partition(reason, shard) };
}

/** The row of an item. */
export function rowFrom({ pk: _key, ...row }: Item): EventRow {
  const { reason } = row;
  return (typeof reason === 'string' ? { ...row, reason: reason.split('#')[0] } : row) as unknown as EventRow;
}

function partition(reason: QuarantineReason, shard: number): string {
  return shard === 0 ? reason : `${reason}#${shard}`;
}
