/** `npm run kill`: many kill runs at random moments, and their figures. */
import '../../cli/output-errors.ts';
import { npmCommand, parseArguments, runCommand, wholeNumber } from '../../cli/command.ts';
import { type KillRunReport, killRun } from './kill-run.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

function readOptions(argv: readonly string[]) {
  const command = npmCommand('kill')
    .description(
      'Sends signed events to the pipeline on this machine, kills every process of it (SIGKILL) at a random moment, ' +
        'starts it again, and checks: every event that was answered 202 is applied, none is applied twice, and the ' +
        'CRM is called again for an event only where an attempt was killed.',
    )
    .option('--runs <n>', 'how many runs', wholeNumber(1), 10)
    .option('--events <n>', 'events a run', wholeNumber(1), 500)
    .option('--duplicates <n>', 'further deliveries of each', wholeNumber(0), 3)
    .option(
      '--within <ms>',
      'the kill comes at random within so many milliseconds of the first delivery',
      wholeNumber(0),
      8_000,
    )
    .option(
      '--crm-delay <ms>',
      'how long the CRM takes for each call (0 in even runs, 100 in odd ones)',
      wholeNumber(0),
    )
    .option('--short', 'limits of seconds, so that what was in flight comes back after 18 s and not after 180 s')
    .addHelpText('after', '\nExit code: 0 if all of it held, 1 if not, 2 for wrong options.');
  return parseArguments(command, argv).opts();
}

async function main(options: ReturnType<typeof readOptions>): Promise<number> {
  process.stdout.write(
    'run  killed after  202s  events  applied before  applied  lost  twice  repeated calls  unexplained  recovered after\n',
  );
  let failed = 0;
  for (let run = 1; run <= options.runs; run += 1) {
    const killAfterMs = Math.round(Math.random() * options.within);
    const report = await killRun({
      events: options.events,
      duplicates: options.duplicates,
      context: options.short ? LIMITS_IN_SECONDS : {},
      killAfterMs,
      crmDelayMs: options.crmDelay ?? (run % 2) * 100,
      patienceMs: options.short ? 120_000 : 600_000,
    });
    process.stdout.write(`${line(run, killAfterMs, report)}\n`);
    if (report.lost.length + report.appliedTwice.length + report.unexplainedCalls.length > 0) failed += 1;
  }
  process.stdout.write(failed === 0 ? 'nothing lost, nothing applied twice\n' : `${failed} runs failed\n`);
  return failed === 0 ? 0 : 1;
}

function line(run: number, killAfterMs: number, report: KillRunReport): string {
  const columns: readonly (readonly [string | number, number])[] = [
    [run, 3],
    [`${killAfterMs} ms`, 14],
    [report.acceptedDeliveries, 6],
    [report.acceptedEvents, 8],
    [report.appliedBeforeKill, 16],
    [report.applied, 9],
    [report.lost.length, 6],
    [report.appliedTwice.length, 7],
    [report.repeatedCalls, 16],
    [report.unexplainedCalls.length, 13],
    [`${(report.recoveredAfterMs / 1_000).toFixed(0)} s`, 17],
  ];
  return columns.map(([value, width]) => String(value).padStart(width)).join('');
}

await runCommand(readOptions, main);
