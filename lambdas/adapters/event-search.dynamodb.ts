/**
 * Search of the state table by contact or interaction. There is no index for it: it would cost a
 * write an event.
 */
import { BatchGetCommand, type DynamoDBDocumentClient, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { contactKey, eventKey } from '../domain/event/event-key.ts';
import type { ContactRow } from '../domain/idempotency/contact-row.ts';
import { partitionsOf, rowFrom } from '../domain/idempotency/event-item.ts';
import type { QuarantineReason } from '../domain/idempotency/event-row.ts';
import { placeOf } from '../domain/idempotency/position.ts';
import { QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import { errorName } from '../domain/telemetry/error-name.ts';
import type { EventQuery, EventSearch, KeyedRow, SearchedEvents } from '../ports.ts';
import { withinBudget } from '../within-budget.ts';

/** A condition on rows, as DynamoDB takes it. */
export interface EventFilter {
  readonly expression: string;
  readonly names?: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A scan. */
export interface EventScan {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly filter: EventFilter;
  /** Parts of the table that are read side by side. */
  readonly segments: number;
  /** Pages of 1 MB; undefined: all. */
  readonly pagesMax?: number;
  /** Events that are kept of those that are found, and which, by the time of the first receipt. */
  readonly limit: number;
  readonly first: 'oldest' | 'newest';
  /** True: strongly consistent, at twice the read units. */
  readonly isConsistent?: boolean;
  readonly abortSignal?: AbortSignal;
  /** Receives the number of rows read so far. */
  readonly onPage?: (examined: number) => void;
}

/** The result of a scan. */
export interface FoundEvents {
  readonly examined: number;
  readonly count: number;
  /** As many as were asked for. */
  readonly events: readonly KeyedRow[];
  /** True if all rows were read. */
  readonly isComplete: boolean;
}

/** Events that are neither final nor in quarantine, received before this time. */
export function unsettledBefore(receivedBeforeMs: number): EventFilter {
  return {
    expression: '#status IN (:progress, :failed) AND firstReceivedAtMs < :before',
    names: { '#status': 'status' },
    values: { ':progress': 'IN_PROGRESS', ':failed': 'FAILED', ':before': receivedBeforeMs },
  };
}

/** Events of one of these contacts, or of this interaction. */
export function matching({ orderingKeys, interactionId }: EventQuery): EventFilter {
  const keys = orderingKeys.map((key, index) => [`:key${index}`, key] as const);
  const conditions = [
    ...(keys.length === 0 ? [] : [`orderingKey IN (${keys.map(([name]) => name).join(', ')})`]),
    ...(interactionId === undefined ? [] : ['interactionId = :interaction']),
  ];
  return {
    expression: `(${conditions.join(' OR ')})`,
    values: {
      ...Object.fromEntries(keys),
      ...(interactionId === undefined ? {} : { ':interaction': interactionId }),
    },
  };
}

/**
 * Reads rows. Unless the scan is consistent, an event that was settled within the last second may
 * still be found as unsettled. Rejects if DynamoDB does not answer.
 */
export async function scanEvents(scan: EventScan): Promise<FoundEvents> {
  let found: Omit<FoundEvents, 'isComplete'> = { examined: 0, count: 0, events: [] };
  let pages = 0;
  function onPage(examined: number, events: readonly KeyedRow[]): boolean {
    found = {
      examined: found.examined + examined,
      count: found.count + events.length,
      events: sorted([...found.events, ...events], scan),
    };
    scan.onPage?.(found.examined);
    pages += 1;
    return pages + scan.segments <= (scan.pagesMax ?? Number.POSITIVE_INFINITY);
  }
  const segments = Array.from({ length: scan.segments }, (_, segment) => scanSegment(scan, segment, onPage));
  const ends = await Promise.all(segments);
  return { ...found, isComplete: ends.every((isComplete) => isComplete) };
}

/** Beginnings of the keys of events' rows, as a condition's values, and the condition. */
const EVENT_ROW_PREFIXES = { ':event': 'EVENT#', ':body': 'BODY#', ':reused': 'REUSED#', ':replay': 'REPLAY#' };
const EVENT_ROWS = Object.keys(EVENT_ROW_PREFIXES)
  .map((value) => `begins_with(pk, ${value})`)
  .join(' OR ');

/** Reads one part of the table. True if it came to its end. */
async function scanSegment(
  { client, tableName, filter, segments, isConsistent = false, abortSignal }: EventScan,
  segment: number,
  onPage: (examined: number, events: readonly KeyedRow[]) => boolean,
): Promise<boolean> {
  const { expression, names, values } = filter;
  let from: Record<string, unknown> | undefined;
  for (;;) {
    const command = new ScanCommand({
      TableName: tableName,
      Segment: segment,
      TotalSegments: segments,
      ConsistentRead: isConsistent,
      // A user's own rows may have anything in them.
      FilterExpression: `(${EVENT_ROWS}) AND ${expression}`,
      ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
      ExpressionAttributeValues: { ...EVENT_ROW_PREFIXES, ...values },
      ...(from === undefined ? {} : { ExclusiveStartKey: from }),
    });
    const page = await client.send(command, abortSignal === undefined ? {} : { abortSignal });
    const mayGoOn = onPage(
      page.ScannedCount ?? 0,
      (page.Items ?? []).map((item) => ({ key: String(item.pk), row: rowFrom(item) })),
    );
    from = page.LastEvaluatedKey;
    if (from === undefined) return true;
    if (!mayGoOn) return false;
  }
}

function sorted(events: readonly KeyedRow[], { first, limit }: Pick<EventScan, 'first' | 'limit'>): KeyedRow[] {
  const sign = first === 'oldest' ? 1 : -1;
  return [...events]
    .sort((one, other) => sign * (one.row.firstReceivedAtMs - other.row.firstReceivedAtMs))
    .slice(0, limit);
}

/** Table, index and bounds of a search. */
export interface SearchOptions {
  readonly client: DynamoDBDocumentClient;
  readonly tableName: string;
  readonly indexName: string;
  /** Parts of the table that are read side by side. */
  readonly segments: number;
  /** Pages of 1 MB, 128 read units each; undefined: the whole table. */
  readonly pagesMax?: number;
  readonly budgetMs: number;
  /** Receives the number of rows read so far. */
  readonly onPage?: (examined: number) => void;
}

/** Bounds of a search from the page: 100 MB, which is 12,800 read units. */
export const PAGE_SEARCH = { segments: 4, pagesMax: 100, budgetMs: 10_000 } as const;

/**
 * Reads the contacts' rows and the events that they name, then scans the table. A scan that ends
 * early is completed by the index of quarantine: what waits for a person is found in a table of any
 * size.
 */
export class DynamoDbEventSearch implements EventSearch {
  readonly #options: SearchOptions;

  constructor(options: SearchOptions) {
    this.#options = options;
  }

  async search(query: EventQuery, limit: number): ReturnType<EventSearch['search']> {
    try {
      return await withinBudget(this.#options.budgetMs, (signal) => this.#search(query, limit, signal));
    } catch (error) {
      return { kind: 'unavailable', cause: `DynamoDB: ${errorName(error)}` };
    }
  }

  async #search(query: EventQuery, limit: number, abortSignal: AbortSignal): Promise<SearchedEvents> {
    const contacts = await this.#items(query.orderingKeys.map(contactKey), abortSignal).then((items) =>
      items.map(({ pk: _key, ...row }) => row as ContactRow),
    );
    const scanned = await scanEvents({
      ...this.#options,
      filter: matching(query),
      limit,
      first: 'newest',
      abortSignal,
    });
    const rest = scanned.isComplete
      ? []
      : [...(await this.#named(contacts, abortSignal)), ...(await this.#quarantined(query, abortSignal))];
    const rows = new Map([...scanned.events, ...rest].map((keyed) => [keyed.key, keyed]));
    const newestFirst = [...rows.values()].sort((a, b) => b.row.firstReceivedAtMs - a.row.firstReceivedAtMs);
    return {
      kind: 'searched',
      contacts,
      count: Math.max(scanned.count, rows.size),
      rows: newestFirst.slice(0, limit),
      examined: scanned.examined,
      isComplete: scanned.isComplete,
    };
  }

  /** The events that the contacts' positions name. */
  async #named(contacts: readonly ContactRow[], abortSignal: AbortSignal): Promise<KeyedRow[]> {
    const places = contacts.flatMap(({ newest = '', unsettled = '' }) => [placeOf(newest), placeOf(unsettled)]);
    const keys = new Set(places.flatMap((place) => (place === undefined ? [] : [eventKey(place.id)])));
    return (await this.#items([...keys], abortSignal)).map(keyedRow);
  }

  /** Events in quarantine, of the newest page of each partition of the index. */
  async #quarantined(query: EventQuery, abortSignal: AbortSignal): Promise<KeyedRow[]> {
    const { client, tableName, indexName } = this.#options;
    const { expression, values } = matching(query);
    const reasons = Object.keys(QUARANTINE_REASONS) as QuarantineReason[];
    const pages = await Promise.all(
      reasons.flatMap(partitionsOf).map((partition) =>
        client.send(
          new QueryCommand({
            TableName: tableName,
            IndexName: indexName,
            KeyConditionExpression: 'reason = :reason',
            FilterExpression: expression,
            ExpressionAttributeValues: { ...values, ':reason': partition },
            ScanIndexForward: false,
          }),
          { abortSignal },
        ),
      ),
    );
    return pages.flatMap(({ Items = [] }) => Items).map(keyedRow);
  }

  async #items(keys: readonly string[], abortSignal: AbortSignal): Promise<Record<string, unknown>[]> {
    if (keys.length === 0) return [];
    const { client, tableName } = this.#options;
    const command = new BatchGetCommand({ RequestItems: { [tableName]: { Keys: keys.map((pk) => ({ pk })) } } });
    const { Responses = {} } = await client.send(command, { abortSignal });
    return Responses[tableName] ?? [];
  }
}

function keyedRow(item: Readonly<Record<string, unknown>>): KeyedRow {
  return { key: String(item.pk), row: rowFrom(item) };
}
