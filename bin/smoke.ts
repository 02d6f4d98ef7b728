/** `npm run smoke`: checks that a deployment, or the pipeline on this machine, works from webhook to state table. */
import '../cli/output-errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Progress } from '../cli/progress.ts';
import { UserError } from '../cli/user-error.ts';
import { printable } from '../lambdas/domain/telemetry/redact.ts';
import { type CheckResult, runSmokeChecks } from './smoke/checks.ts';
import { findSmokeTarget } from './smoke/target.ts';

const HELP = `Checks that the pipeline works, in less than a minute.

  npm run smoke [-- options]

  --stack NAME  the deployed stack of this name, in the account and region of the AWS SDK (else: this machine)
  --json        print JSON
  -h, --help    print this text

Sends one signed event of type pipeline.smoke and follows it to its end in the state table, sends one delivery with a
wrong signature, compares the clocks, and reads the queues and the alarms. The CRM is not called. The event's row
expires like every other. Ends with 0 if no check failed, with 1 if one did, with 2 for wrong options.
`;

/** Together with the requests before it this stays under a minute. */
const PATIENCE_MS = 40_000;

async function main(): Promise<number> {
  const { values } = parse(process.argv.slice(2));
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
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

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { stack: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    process.stderr.write(`${(error as Error).message.split('. ')[0]} (npm run smoke -- --help lists the options)\n`);
    process.exit(2);
  }
}

function formatTable(results: readonly CheckResult[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  const lines = results.map(
    ({ name, result, detail }) => `  ${result.padEnd(4)}  ${name.padEnd(width)}  ${printable(detail)}`,
  );
  return `${lines.join('\n')}\n`;
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof UserError)) throw error;
  process.stderr.write(`${error.message}\n`);
  return 1;
});
