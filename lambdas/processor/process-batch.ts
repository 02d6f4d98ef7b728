/**
 * A batch of messages: what is final is acknowledged by one read, or by none where this environment
 * has seen it final before; the rest is worked on side by side.
 *
 * A message that kills its process must not take its neighbours along. One that came often without
 * leaving a row (its mapping may be what kills), or whose row shows an attempt that ended without a
 * word, is therefore worked on alone, after all others of its batch have been settled.
 */
import { type BulkheadPolicy, bulkhead } from 'cockatiel';
import { behindNewerDelayMs, retryDelayMs } from '../domain/crm/backoff.ts';
import type { Connector } from '../domain/crm/connector.ts';
import type { CrmMapping } from '../domain/crm/mapping.ts';
import type { RetryCause } from '../domain/telemetry/metrics.ts';
import type { DeliveryArchive, DigestKey, Log, MessageVisibility, ReadAhead, Unavailable } from '../ports.ts';
import { Attempt, type AttemptDependencies, type Disposition } from './attempt.ts';
import {
  type DecodedRecord,
  type ParsedRecord,
  parseRecord,
  parseSourceRecord,
  type SourceRecord,
} from './parse-record.ts';
import { reportDisposition, reportUnexpectedError } from './report-outcome.ts';
import { RowCache } from './row-cache.ts';
import type { SettledEventCache } from './settled-event-cache.ts';

/** Ports and settings of the use case. */
export interface ProcessorDependencies extends AttemptDependencies {
  /** Keeps every delivery, for a replay. Absent: there is no archive. */
  readonly archive?: DeliveryArchive;
  readonly visibility: MessageVisibility;
  /** Final events that this environment has seen. They outlast the invocation. */
  readonly settledEvents: SettledEventCache;
  readonly mapping: CrmMapping;
  readonly connector: Connector;
  readonly digestKey: DigestKey;
  readonly log: Log;
}

/** Which messages have to come back, by their ids; the others may be deleted. */
export interface BatchOutcome {
  readonly retryIds: readonly string[];
}

/** Keeps batches apart: nothing of a batch is left under way when it is answered. */
interface Batch {
  readonly deps: ProcessorDependencies;
  /** The key of the digests in the rows. */
  readonly key: Buffer;
  readonly known: RowCache;
  readonly concurrency: BulkheadPolicy;
  /** When the invocation ends. */
  readonly endsAtMs: number;
  readonly retryIds: string[];
}

/**
 * Processes a batch. Never throws for what a record is or does; answers before `endsAtMs` if its
 * ports keep their budgets.
 */
export async function processBatch(
  sources: readonly SourceRecord[],
  endsAtMs: number,
  deps: ProcessorDependencies,
): Promise<BatchOutcome> {
  const [outcome] = await Promise.all([applyBatch(sources, endsAtMs, deps), archiveBatch(sources, deps)]);
  return outcome;
}

/**
 * Archives each message every time that it is received: a process that dies has perhaps not
 * archived, and must not have acknowledged. Events are applied whether they can be archived or not.
 */
async function archiveBatch(
  sources: readonly SourceRecord[],
  { archive, log, metrics }: ProcessorDependencies,
): Promise<void> {
  const messages = sources.map(({ message }) => message).filter(({ attributes }) => attributes.replay === undefined);
  if (archive === undefined || messages.length === 0) return;
  const stored = await archive.store(messages);
  const missing = stored.kind === 'stored' ? 0 : messages.length;
  metrics.add('DeliveriesNotArchived', missing);
  if (stored.kind === 'stored') return;
  const messageIds = messages.map(({ messageId }) => messageId).join(', ');
  log.write('error', 'not archived', { cause: stored.cause, deliveries: missing, messageIds });
}

async function applyBatch(
  sources: readonly SourceRecord[],
  endsAtMs: number,
  deps: ProcessorDependencies,
): Promise<BatchOutcome> {
  const parsed = sources.map((source) => parseSourceRecord(source));
  const known = await deps.digestKey.read();
  if (known.kind === 'unavailable') return sendAllBack(parsed, known, deps);
  const { key } = known;
  const firstTimers = parsed.filter((record) => !cameOften(record, deps)).map((record) => mapRecord(record, key, deps));
  const veterans = parsed.filter((record) => cameOften(record, deps));
  const read = await readAhead(parsed, firstTimers, deps);
  const concurrency = bulkhead(deps.limits.crmConcurrency, Number.MAX_SAFE_INTEGER);
  if ('kind' in read) {
    // Without the table nothing can be claimed either; duplicates of what is known to be final need
    // none.
    const batch: Batch = { deps, key, known: new RowCache(deps.settledEvents), concurrency, endsAtMs, retryIds: [] };
    await Promise.all(
      parsed.map((record) =>
        deps.settledEvents.get(record.eventKey) === undefined
          ? sendBack(record, later(retryDelay(record, deps), read.cause, 'state_table'), batch)
          : workOne(mapRecord(record, key, deps), batch),
      ),
    );
    return batch;
  }

  deps.circuitBreaker.refresh(read.circuitBreaker);
  const batch: Batch = {
    deps,
    key,
    known: new RowCache(deps.settledEvents, read),
    concurrency,
    endsAtMs,
    retryIds: [],
  };
  const { together, alone } = sortOut([...firstTimers, ...veterans], batch);
  await Promise.all([...groupByContact(together).values()].map((group) => workInTurn(group, batch)));
  for (const record of alone) await workOne(ensurePrepared(record, batch), batch);
  return batch;
}

/** Without the key no contact has a name, so that nothing can be claimed. */
async function sendAllBack(
  records: readonly DecodedRecord[],
  { cause }: Unavailable,
  deps: ProcessorDependencies,
): Promise<BatchOutcome> {
  deps.log.write('error', 'nothing can be processed without the digest key', { cause });
  const retryIds: string[] = [];
  await Promise.all(
    records.map((record) =>
      sendBack(record, later(retryDelay(record, deps), cause, 'state_table'), { deps, retryIds }),
    ),
  );
  return { retryIds };
}

/**
 * Reads what is not known to be final. Where all of it is, nothing: no call will be made, whatever
 * the circuit says.
 */
async function readAhead(
  records: readonly DecodedRecord[],
  prepared: readonly ParsedRecord[],
  { store, settledEvents }: ProcessorDependencies,
): Promise<ReadAhead | Unavailable> {
  const isOpen = (record: { readonly eventKey: string }) => settledEvents.get(record.eventKey) === undefined;
  const open = records.filter(isOpen);
  if (open.length === 0) return NOTHING_READ;
  return store.readAhead({
    events: open.map((record) => record.eventKey),
    contacts: prepared.filter(isOpen).flatMap(contactKeysOf),
  });
}

const NOTHING_READ: ReadAhead = {
  events: new Map(),
  contacts: new Map(),
  absentContacts: new Set(),
  circuitBreaker: { kind: 'not_read' },
};

/** True if a message has come so often that its mapping may be what kills its process. */
function cameOften(record: DecodedRecord, deps: ProcessorDependencies): boolean {
  return record.source.message.receiveCount >= deps.limits.loneReceiveCount;
}

function ensurePrepared(record: DecodedRecord | ParsedRecord, { key, deps }: Batch): ParsedRecord {
  return 'task' in record ? record : mapRecord(record, key, deps);
}

function mapRecord(
  record: DecodedRecord,
  digestKey: Buffer,
  { mapping, connector, clock, limits }: ProcessorDependencies,
): ParsedRecord {
  return parseRecord(record, { mapping, connector, digestKey, nowMs: clock.now(), limits });
}

/** Splits records into those processed together and those isolated, least often received first. */
function sortOut(records: readonly (DecodedRecord | ParsedRecord)[], batch: Batch) {
  const together: ParsedRecord[] = [];
  const alone: (DecodedRecord | ParsedRecord)[] = [];
  const nowMs = batch.deps.clock.now();
  for (const record of records) {
    const row = batch.known.event(record.eventKey);
    const ranOut = row?.status === 'IN_PROGRESS' && (row.leaseExpiresAtMs ?? 0) <= nowMs;
    // A row is proof that the mapping has survived this event before; without one the mapping has
    // not been asked yet.
    if (ranOut || (row === undefined && !('task' in record))) alone.push(record);
    else together.push(ensurePrepared(record, batch));
  }
  alone.sort((a, b) => a.source.message.receiveCount - b.source.message.receiveCount);
  return { together, alone };
}

/**
 * Records of one contact, or else of one event, newest first: the others are then stale by a read.
 */
function groupByContact(records: readonly ParsedRecord[]): Map<string, ParsedRecord[]> {
  const groups = new Map<string, ParsedRecord[]>();
  for (const record of records) {
    const key = contactKeyOf(record) ?? record.eventKey;
    groups.set(key, [...(groups.get(key) ?? []), record]);
  }
  for (const group of groups.values()) group.sort((a, b) => (positionIn(a) < positionIn(b) ? 1 : -1));
  return groups;
}

/** The row of a contact has one of two names: both are read. */
function contactKeysOf({ task }: ParsedRecord): string[] {
  if (task.kind !== 'deliver' || task.contact === undefined) return [];
  const { current, former } = task.contact.names;
  return [current.key, former.key];
}

function contactKeyOf(record: ParsedRecord): string | undefined {
  return record.task.kind === 'deliver' ? record.task.contact?.key : undefined;
}

function positionIn(record: ParsedRecord): string {
  return (record.task.kind === 'deliver' ? record.task.contact?.position : undefined) ?? '';
}

async function workInTurn(group: readonly ParsedRecord[], batch: Batch): Promise<void> {
  for (const record of group) await batch.concurrency.execute(() => workOne(record, batch));
}

/**
 * One record, from its attempt to its log line. A bug costs this record a retry and no other
 * anything.
 */
async function workOne(record: ParsedRecord, batch: Batch): Promise<void> {
  const { deps } = batch;
  try {
    const startsByMs = batch.endsAtMs - deps.limits.startReserveMs;
    const disposition =
      deps.clock.now() > startsByMs
        ? later(behindNewerDelayMs(deps.chance.fraction()), 'not enough of the invocation left', 'no_time')
        : await new Attempt(record, batch.known, deps, startsByMs).run();
    if (disposition.kind === 'retry') await sendBack(record, disposition, batch);
    else reportDisposition(record, disposition, deps);
  } catch (error) {
    batch.retryIds.push(record.source.message.messageId);
    reportUnexpectedError(record, error, deps);
  }
}

function later(delayMs: number, why: string, cause: RetryCause): Extract<Disposition, { kind: 'retry' }> {
  return { kind: 'retry', delayMs, why, cause, attempts: 0 };
}

function retryDelay(record: DecodedRecord, deps: ProcessorDependencies): number {
  return retryDelayMs(deps.limits, record.source.message.receiveCount, deps.chance.fraction());
}

/**
 * Lets a message come back after the disposition's delay; failing that, when its visibility ends.
 */
async function sendBack(
  record: DecodedRecord | ParsedRecord,
  disposition: Extract<Disposition, { kind: 'retry' }>,
  batch: Pick<Batch, 'deps' | 'retryIds'>,
): Promise<void> {
  batch.retryIds.push(record.source.message.messageId);
  await batch.deps.visibility.retryIn(record.source.receiptHandle, disposition.delayMs);
  reportDisposition(record, disposition, batch.deps);
}
