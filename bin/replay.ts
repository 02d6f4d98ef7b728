/** `npm run replay`: sends archived deliveries through the pipeline again, here or in AWS. */
import '../cli/output-errors.ts';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { toPrintableJson } from '../cli/terminal.ts';
import { UserError } from '../cli/user-error.ts';
import { scanEvents } from '../lambdas/adapters/event-search.dynamodb.ts';
import { replayedKey } from '../lambdas/domain/event/event-key.ts';
import type { ReplayResult } from '../lambdas/domain/replay/replay-request.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { localLambdaClient } from '../local/local-clients.ts';
import { findPipeline } from '../local/pipeline-file.ts';
import { dataDirFrom } from '../local/settings.ts';
import { scanPrice } from './event/scan-price.ts';
import { deployedTarget, localTarget } from './event/target.ts';
import { type FunctionTarget, invokeFunction } from './invoke-function.ts';
import { type ReplayOptions, readReplayOptions } from './replay/options.ts';
import { addRuns, countEnds, formatEnds, formatReplay, type ReplayRun } from './replay/report.ts';
import { describeStack } from './stream/deployed-stack.ts';

const NO_ARCHIVE = 'has no archive: nothing was kept that could be sent again. Set archive.days (docs/runbook.md)';

/** Parts of the table that are read side by side. */
const SEGMENTS = 8;

function run(options: ReplayOptions): Promise<number> {
  return options.kind === 'status' ? showStatus(options) : send(options);
}

async function send(options: Extract<ReplayOptions, { kind: 'send' }>): Promise<number> {
  const target = await findReplayFunction(options.stack);
  const progress = new Progress();
  let sum: ReplayRun | undefined;
  const tellHowToGoOn = () => {
    process.stderr.write(`\ninterrupted. To go on:\n  ${options.resume(sum?.after ?? options.payload.after)}\n`);
    process.exit(1);
  };
  process.once('SIGINT', tellHowToGoOn);
  try {
    do {
      progress.show(sum === undefined ? 'reading the archive' : progressText(sum, options.payload.dryRun === true));
      sum = addRuns(sum, await invoke(target, options, sum));
    } while (sum.after !== undefined && sum.cause === undefined);
  } finally {
    progress.end();
    process.removeListener('SIGINT', tellHowToGoOn);
  }
  process.stdout.write(`${options.json ? toPrintableJson(sum) : formatReplay(sum, options)}\n`);
  return sum.cause === undefined && sum.damaged === undefined ? 0 : 1;
}

function progressText({ examined, sent, after }: ReplayRun, isDry: boolean): string {
  return `looked at ${examined} deliveries${isDry ? '' : `, ${sent} sent`}; at ${printable(after?.key ?? '')}`;
}

async function invoke(
  target: FunctionTarget,
  { payload, resume }: Extract<ReplayOptions, { kind: 'send' }>,
  sum: ReplayRun | undefined,
): Promise<ReplayRun> {
  const after = sum?.after ?? payload.after;
  const next = after === undefined ? payload : { ...payload, after };
  const answer = (await invokeFunction(target, next, `To go on: ${resume(after)}`)) as ReplayResult;
  if (answer.kind === 'refused') throw new UserError(answer.problems.join('\n'));
  return answer;
}

async function findReplayFunction(stackName: string | undefined): Promise<FunctionTarget> {
  if (stackName === undefined) {
    const { endpoints, replayFunction } = findPipeline(dataDirFrom(process.env));
    if (replayFunction === undefined) throw new UserError(`The pipeline on this machine ${NO_ARCHIVE}`);
    return { client: localLambdaClient(endpoints), functionName: replayFunction };
  }
  const stack = await describeStack(stackName);
  const functionName = stack.find('ReplayFunctionName');
  if (functionName === undefined) throw new UserError(`The stack ${stackName} ${NO_ARCHIVE}`);
  // Without retries: the run may go on although its response was lost.
  return { client: new LambdaClient({ maxAttempts: 1, region: stack.region }), functionName };
}

async function showStatus({ replayId, stack, json }: Extract<ReplayOptions, { kind: 'status' }>): Promise<number> {
  const target = stack === undefined ? localTarget(dataDirFrom(process.env)) : await deployedTarget(stack);
  const progress = new Progress();
  try {
    if (target.billed) process.stderr.write(`reading the whole table: ${await scanPrice(target)}\n`);
    const { table: client, tableName } = target;
    const filter = { expression: 'begins_with(pk, :of)', values: { ':of': replayedKey(replayId, '') } };
    const onPage = (examined: number) => progress.show(`read ${examined} rows`);
    const limit = Number.MAX_SAFE_INTEGER;
    const { events } = await scanEvents({
      client,
      tableName,
      filter,
      segments: SEGMENTS,
      limit,
      first: 'oldest',
      onPage,
    });
    progress.end();
    const ends = countEnds(events);
    process.stdout.write(`${json ? toPrintableJson(ends) : formatEnds(replayId, ends)}\n`);
    return events.length === 0 ? 1 : 0;
  } finally {
    progress.end();
    target.close();
  }
}

await runCommand(readReplayOptions, run);
