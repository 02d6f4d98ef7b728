/**
 * `npm run redrive`: moves events from quarantine back to the delivery queue, here or in AWS, or
 * shows what waits.
 */
import '../cli/output-errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { UserError } from '../cli/user-error.ts';
import { readEventRows } from '../lambdas/adapters/event-rows.dynamodb.ts';
import type { RedriveResult } from '../lambdas/domain/quarantine/redrive-result.ts';
import { dataDirFrom } from '../local/settings.ts';
import { deployedTarget as deployedTable, localTarget as localTable } from './event/target.ts';
import { areAllFinal, followMoved, type MovedEvents } from './redrive/follow-moved.ts';
import { functionTarget, invokeRedrive, localTarget, type RedriveTarget, stackTarget } from './redrive/invocation.ts';
import { formatListing } from './redrive/list-report.ts';
import { type RedriveOptions, readRedriveOptions } from './redrive/options.ts';
import { formatRun, isDone, mergeRuns, type Run } from './redrive/report.ts';

/** Prints the result and returns the exit code. */
interface Result {
  readonly text: string;
  readonly code: number;
}

async function run(options: RedriveOptions): Promise<number> {
  const target = await findTarget(options);
  const answer = await ask(target, options);
  const ended = answer.kind === 'redrive' ? await waitForEnds(answer, options) : undefined;
  const { text, code } = resultOf(answer, ended, target, options);
  const json = ended === undefined ? answer : { ...answer, ended };
  process.stdout.write(`${options.json ? toPrintableJson(json) : text}\n`);
  return ended === undefined || areAllFinal(ended) ? code : 1;
}

async function findTarget({ stack, functionName }: RedriveOptions): Promise<RedriveTarget> {
  if (stack !== undefined) return stackTarget(stack);
  return functionName === undefined ? localTarget(dataDirFrom(process.env)) : functionTarget(functionName);
}

/** Undefined without `--wait`. */
async function waitForEnds(run: Run, { waitMs, stack }: RedriveOptions): Promise<MovedEvents | undefined> {
  if (waitMs === undefined) return undefined;
  const target = stack === undefined ? localTable(dataDirFrom(process.env)) : await deployedTable(stack);
  const progress = new Progress();
  try {
    return await followMoved(run.movedKeys ?? [], Date.parse(run.startedAt), waitMs, {
      read: (keys) => readEventRows(target.table, target.tableName, keys),
      now: Date.now,
      sleep,
      onProgress: (text) => progress.show(text),
    });
  } finally {
    progress.end();
    target.close();
  }
}

/** Asks, and goes on asking while the function runs out of time with more to move. */
async function ask(target: RedriveTarget, options: RedriveOptions): Promise<RedriveResult> {
  const { payload } = options;
  const progress = new Progress();
  let sum: Run | undefined;
  try {
    for (;;) {
      progress.show(
        sum === undefined
          ? 'action' in payload
            ? 'reading the index'
            : 'looking through quarantine'
          : `moved ${sum.moved.total}, and there is more`,
      );
      const answer = await invokeRedrive(target, sum === undefined ? payload : goOn(options, sum));
      if (answer.kind !== 'redrive') return answer;
      sum = mergeRuns(sum, answer);
      if (answer.reachedEnd || answer.stoppedBecause === 'limit' || answer.moved.total === 0) return sum;
    }
  } finally {
    progress.end();
  }
}

/**
 * The request that goes on after a run: what that has moved, and has come back since, is not meant.
 */
function goOn({ payload, limit }: RedriveOptions, { startedAt, moved }: Run): object {
  const left = limit === undefined ? {} : { limit: limit - moved.total };
  return { ...payload, ...left, filter: { ...(payload.filter as object), quarantinedBefore: startedAt } };
}

function resultOf(
  answer: RedriveResult,
  ended: MovedEvents | undefined,
  { awsCli }: RedriveTarget,
  { eventIds, reasons, payload }: RedriveOptions,
): Result {
  switch (answer.kind) {
    case 'redrive':
      return { text: formatRun(answer, eventIds, ended), code: isDone(answer, eventIds) ? 0 : 1 };
    case 'listed': {
      const chosen = answer.reasons.filter(({ reason }) => reasons.length === 0 || reasons.includes(reason));
      return { text: formatListing({ ...answer, reasons: chosen }), code: 0 };
    }
    case 'move_started':
      return {
        text: [
          '  SQS moves everything from quarantine to the delivery queue now. How far it is, and how to stop it:',
          `    ${awsCli} sqs list-message-move-tasks --source-arn ${answer.sourceArn}`,
          `    ${awsCli} sqs cancel-message-move-task --task-handle ${answer.taskHandle}`,
        ].join('\n'),
        code: 0,
      };
    case 'move_running':
      return {
        text: `  A move task runs already: ${answer.moved} of about ${answer.toMove} messages moved. SQS runs one at a time.`,
        code: 1,
      };
    case 'refused':
      return { text: answer.problems.join('\n'), code: 2 };
    case 'unavailable':
      return {
        text: `  ${'action' in payload ? 'Quarantine cannot be read' : 'Nothing was moved'}: ${answer.cause}`,
        code: 1,
      };
    case 'recover':
    case 'refresh':
    case 'observed':
      throw new UserError(`The function has answered a ${answer.kind} that nobody has asked for.`);
    default:
      return answer satisfies never;
  }
}

await runCommand(readRedriveOptions, run);
