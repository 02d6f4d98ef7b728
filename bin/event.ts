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
import { type EventRequest, readEventRequest } from './event/options.ts';
import { formatTimelines, formatUnsettled } from './event/report.ts';
import { deployedTarget, type EventTarget, localTarget } from './event/target.ts';
import { findUnsettled, scanPrice } from './event/unsettled.ts';

/** Nobody waits in vain behind this command: it may take its time. */
const READ_BUDGET_MS = 20_000;

async function run(request: EventRequest): Promise<number> {
  const { stack } = request;
  const target = stack === undefined ? localTarget(dataDirFrom(process.env)) : await deployedTarget(stack);
  try {
    return request.kind === 'life' ? await tellLife(request, target) : await listUnsettled(request, target);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError(`${target.name} cannot be read: ${messageOf(error).split('\n')[0]}`);
  } finally {
    target.close();
  }
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
  if (target.billed) process.stderr.write(`reading the whole table: ${await scanPrice(target)}\n`);
  const progress = new Progress();
  const nowMs = Date.now();
  const found = await findUnsettled(target, { receivedBeforeMs: nowMs - olderThanMs, limit }, (looked) =>
    progress.show(`looked at ${looked} rows`),
  ).finally(() => progress.end());
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
