/**
 * `npm run smoke`: checks that a deployment, or the pipeline on this machine, works from webhook to
 * state table.
 */
import '../cli/output-errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { npmCommand, parseArguments, runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { type CheckResult, runSmokeChecks } from './smoke/checks.ts';
import { findSmokeTarget } from './smoke/target.ts';

/** Together with the requests before it this stays under a minute. */
const PATIENCE_MS = 40_000;

interface SmokeOptions {
  readonly stack?: string | undefined;
  readonly json?: boolean | undefined;
}

async function main(values: SmokeOptions): Promise<number> {
  const target = await findSmokeTarget(values.stack, process.env);
  const progress = new Progress();
  try {
    const results = await runSmokeChecks(target, {
      now: Date.now,
      sleep,
      fetch,
      onProgress: (text) => progress.show(text),
      patienceMs: PATIENCE_MS,
      lookEveryMs: 500,
    });
    progress.end();
    process.stdout.write(values.json === true ? `${JSON.stringify(results, undefined, 2)}\n` : formatTable(results));
    return results.some(({ result }) => result === 'fail') ? 1 : 0;
  } finally {
    progress.end();
    target.close();
  }
}

function readSmokeOptions(argv: readonly string[]): SmokeOptions {
  const command = npmCommand('smoke')
    .description('Checks that the pipeline works, in less than a minute.')
    .option('--stack <name>', 'the deployed stack, in the account and region of the AWS SDK (else: this machine)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Sends one signed event of type pipeline.smoke and follows it to its end in the state table, sends one delivery with a
wrong signature, compares the clocks, and reads the queues and the alarms. The CRM is not called. The event's row
expires like every other. Exit code: 0 if no check failed, 1 if one did, 2 for wrong options.`,
    );
  return parseArguments(command, argv).opts();
}

function formatTable(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map(
    ({ name, result, detail }) => `  ${result.padEnd(4)}  ${name.padEnd(width)}  ${printable(detail)}`,
  );
  return `${lines.join('\n')}\n`;
}

await runCommand(readSmokeOptions, main);
