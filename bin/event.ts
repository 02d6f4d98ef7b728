/** `npm run event`: prints the history of an event, or lists unsettled events, of this machine or of a stack. */
import '../cli/output-errors.ts';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { messageOf, UserError } from '../cli/user-error.ts';
import { DynamoDbPipelineView } from '../lambdas/adapters/pipeline-view.dynamodb.ts';
import { SqsQueueDepth } from '../lambdas/adapters/queue-depth.sqs.ts';
import { QUARANTINE_INDEX } from '../lambdas/domain/event/event-key.ts';
import { DEFAULT_LIMITS } from '../lambdas/domain/limits.ts';
import { timelineOf } from '../lambdas/domain/telemetry/event-timeline.ts';
import { dataDirFrom } from '../local/settings.ts';
import { formatContact, orderingKeysOf, readContacts } from './event/contact.ts';
import { type EventRequest, readEventRequest } from './event/options.ts';
import { formatInteraction, formatTimelines, formatUnsettled } from './event/report.ts';
import {
  type FoundEvents,
  ofInteraction,
  type ScanOptions,
  scanEvents,
  scanPrice,
  underOrderingKeys,
  unsettledBefore,
} from './event/scan.ts';
import { deployedTarget, type EventTarget, localTarget } from './event/target.ts';

/** Nobody waits in vain behind this command: it may take its time. */
const READ_BUDGET_MS = 20_000;

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
    case 'interaction':
      return listInteraction(request, target);
    default:
      return request satisfies never;
  }
}

/** Reads the whole table, and says so. */
async function scan(target: EventTarget, options: ScanOptions): Promise<FoundEvents> {
  if (target.billed) process.stderr.write(`reading the whole table: ${await scanPrice(target)}\n`);
  const progress = new Progress();
  return scanEvents(target, options, (examined) => progress.show(`looked at ${examined} rows`)).finally(() =>
    progress.end(),
  );
}

async function showContact(
  { contact, limit, json }: Extract<EventRequest, { kind: 'contact' }>,
  target: EventTarget,
): Promise<number> {
  const keys = orderingKeysOf(contact);
  const contacts = await readContacts(target, keys);
  const found = await scan(target, { filter: underOrderingKeys(keys), limit, first: 'newest' });
  print(
    json ? { contacts: Object.fromEntries(contacts), ...found } : formatContact(contact, contacts, found, Date.now()),
  );
  return found.count + contacts.size > 0 ? 0 : 1;
}

async function listInteraction(
  { interactionId, limit, json }: Extract<EventRequest, { kind: 'interaction' }>,
  target: EventTarget,
): Promise<number> {
  const found = await scan(target, { filter: ofInteraction(interactionId), limit, first: 'newest' });
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
  const found = await scan(target, { filter: unsettledBefore(Date.now() - olderThanMs), limit, first: 'oldest' });
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
