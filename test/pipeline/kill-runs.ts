/** `npm run kill`: many kill runs at random moments, and their figures. */
import '../../cli/output-errors.ts';
import { parseArgs } from 'node:util';
import { type KillRunReport, killRun } from './kill-run.ts';
import { LIMITS_IN_SECONDS } from './limits-in-seconds.ts';

const HELP = `Sends signed events to the pipeline on this machine, kills every process of it (SIGKILL) at a random moment,
starts it again, and checks: every event that was answered 202 is applied, none is applied twice, and the CRM is
called again for an event only where an attempt was killed.

  npm run kill -- [options]

  --runs N         how many runs (10)
  --events N       events a run (500)
  --duplicates K   further deliveries of each (3)
  --within MS      the kill comes at random within so many milliseconds of the first delivery (8000)
  --crm-delay MS   how long the CRM takes for each call (0 in even runs, 100 in odd ones)
  --short          limits of seconds, so that what was in flight comes back after 18 s and not after 180 s
  -h, --help       this text

Ends with 0 if all of it held, with 1 if not.
`;

function readOptions() {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '10' },
      events: { type: 'string', default: '500' },
      duplicates: { type: 'string', default: '3' },
      within: { type: 'string', default: '8000' },
      'crm-delay': { type: 'string' },
      short: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  return values;
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    process.stdout.write(HELP);
    return;
  }
  process.stdout.write(
    'run  killed after  202s  events  applied before  applied  lost  twice  repeated calls  unexplained  recovered after\n',
  );
  let failed = 0;
  for (let run = 1; run <= Number(options.runs); run += 1) {
    const killAfterMs = Math.round(Math.random() * Number(options.within));
    const report = await killRun({
      events: Number(options.events),
      duplicates: Number(options.duplicates),
      context: options.short ? LIMITS_IN_SECONDS : {},
      killAfterMs,
      crmDelayMs: options['crm-delay'] === undefined ? (run % 2) * 100 : Number(options['crm-delay']),
      patienceMs: options.short ? 120_000 : 600_000,
    });
    process.stdout.write(`${line(run, killAfterMs, report)}\n`);
    if (report.lost.length + report.appliedTwice.length + report.unexplainedCalls.length > 0) failed += 1;
  }
  process.stdout.write(failed === 0 ? 'nothing lost, nothing applied twice\n' : `${failed} runs failed\n`);
  process.exitCode = failed === 0 ? 0 : 1;
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

await main();
