/**
 * `npm run event`: prints the history of an event, or lists unsettled events, of this machine or of
 * a stack.
 */
import '../cli/output-errors.ts';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { DynamoDbEventSearch, scanEvents, unsettledBefore } from '../lambdas/adapters/event-search.dynamodb.ts';
import { DynamoDbPipelineView } from '../lambdas/adapters/pipeline-view.dynamodb.ts';
import { SqsQueueDepth } from '../lambdas/adapters/queue-depth.sqs.ts';
import { QUARANTINE_INDEX } from '../lambdas/domain/event/event-key.ts';
import { DEFAULT_LIMITS } from '../lambdas/domain/limits.ts';
import { queryFor } from '../lambdas/domain/telemetry/contact-state.ts';
import { timelineOf } from '../lambdas/domain/telemetry/event-timeline.ts';
import type { EventQuery, SearchedEvents } from '../lambdas/ports.ts';
import { dataDirFrom } from '../local/settings.ts';
import { formatContact } from './event/contact.ts';
import { eraseContact } from './event/erase.ts';
import { formatErasure, NOT_REACHED } from './event/erase-report.ts';
import { type EventRequest, readEventRequest } from './event/options.ts';
import { formatInteraction, formatTimelines, formatUnsettled } from './event/report.ts';
import { scanPrice } from './event/scan-price.ts';
import { deployedTarget, type EventTarget, localTarget } from './event/target.ts';

/** Interactive command, so allow a generous timeout. */
const READ_BUDGET_MS = 20_000;

/** Parts of the table that are read side by side. */
const SEGMENTS = 8;
const SCAN_BUDGET_MS = 3_600_000;
const QUARANTINE_BUDGET_MS = 120_000;

async function run(request: EventRequest): Promise<number> {
  const { stack } = request;
  const target = stack === undefined ? localTarget(dataDirFrom(process.env)) : await deployedTarget(stack);
  try {
    return await answer(request, target);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${target.name} cannot be read: ${messageOf(error).split('\n')[0]}`);
  } finally {
    target.close();
  }
}

function answer(request: EventRequest, target: EventTarget): Promise<number> {
  switch (request.kind) {
    case 'life':
      return tellLife(request, target);
    case 'unsettled':
      return listUnsettled(request, target);
    case 'contact':
      return showContact(request, target);
    case 'erase':
      return erase(request, target);
    case 'interaction':
      return listInteraction(request, target);
    default:
      return request satisfies never;
  }
}

/** Runs a read of the whole table: prints its price first, and its progress. */
async function withProgress<Result>(
  target: EventTarget,
  read: (onPage: (examined: number) => void) => Promise<Result>,
  isConsistent = false,
): Promise<Result> {
  if (target.billed) process.stderr.write(`reading the whole table: ${await scanPrice(target, isConsistent)}\n`);
  const progress = new Progress();
  return read((examined) => progress.show(`read ${examined} rows`)).finally(() => progress.end());
}

async function search(target: EventTarget, query: EventQuery, limit: number): Promise<SearchedEvents> {
  const { table: client, tableName } = target;
  const found = await withProgress(target, (onPage) =>
    new DynamoDbEventSearch({
      client,
      tableName,
      indexName: QUARANTINE_INDEX,
      segments: SEGMENTS,
      budgetMs: SCAN_BUDGET_MS,
      onPage,
    }).search(query, limit),
  );
  if (found.kind === 'unavailable') throw new Error(found.cause);
  return found;
}

async function showContact(
  { contact, limit, json }: Extract<EventRequest, { kind: 'contact' }>,
  target: EventTarget,
): Promise<number> {
  const { orderingKeys } = queryFor(contact, await target.digestKey());
  const found = await search(target, { orderingKeys }, limit);
  print(json ? found : formatContact(contact, found, Date.now()));
  return found.count + found.contacts.length > 0 ? 0 : 1;
}

async function erase(
  { contact, dryRun, json }: Extract<EventRequest, { kind: 'erase' }>,
  target: EventTarget,
): Promise<number> {
  const options = { contact, dryRun, segments: SEGMENTS, quarantineBudgetMs: QUARANTINE_BUDGET_MS };
  const erasure = await withProgress(target, (onPage) => eraseContact(target, { ...options, onPage }), true);
  print(json ? { ...erasure, notReached: NOT_REACHED } : formatErasure(contact, erasure));
  return erasure.outcome === 'erased' || erasure.outcome === 'dry_run' ? 0 : 1;
}

async function listInteraction(
  { interactionId, limit, json }: Extract<EventRequest, { kind: 'interaction' }>,
  target: EventTarget,
): Promise<number> {
  const found = await search(target, { orderingKeys: [], interactionId }, limit);
  print(json ? found : formatInteraction(interactionId, found, Date.now()));
  return found.count > 0 ? 0 : 1;
}

async function tellLife(
  { eventId, json }: Extract<EventRequest, { kind: 'life' }>,
  { table, tableName }: EventTarget,
): Promise<number> {
  const limits = { ...DEFAULT_LIMITS, storeBudgetMs: READ_BUDGET_MS };
  const found = await new DynamoDbPipelineView(table, tableName, QUARANTINE_INDEX, limits).find(eventId);
  if (found.kind === 'unavailable') throw new Error(found.cause);
  const nowMs = Date.now();
  const { rows } = found;
  const lives = rows.map(({ key, row }) => ({ key, row, life: timelineOf(row, nowMs) }));
  print(json ? { eventId, found: lives } : formatTimelines(eventId, rows, nowMs));
  return rows.length === 0 ? 1 : 0;
}

async function listUnsettled(
  { olderThanMs, limit, json }: Extract<EventRequest, { kind: 'unsettled' }>,
  target: EventTarget,
): Promise<number> {
  const { table: client, tableName } = target;
  const filter = unsettledBefore(Date.now() - olderThanMs);
  const found = await withProgress(target, (onPage) =>
    scanEvents({ client, tableName, filter, segments: SEGMENTS, limit, first: 'oldest', onPage }),
  );
  const depth = await new SqsQueueDepth(target.sqs, target.deliveryQueueUrl, READ_BUDGET_MS).read();
  if (depth.kind === 'unavailable') throw new Error(depth.cause);
  const waiting = depth.visible + depth.inFlight + depth.delayed;
  print(json ? { ...found, messagesInDeliveryQueue: waiting } : formatUnsettled(found, waiting, Date.now()));
  return found.count === 0 ? 0 : 1;
}

function print(result: string | object): void {
  process.stdout.write(`${typeof result === 'string' ? result : toPrintableJson(result)}\n`);
}

await runCommand(readEventRequest, run);
