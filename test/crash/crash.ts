/** `npm run crash`: the crash matrix, and its table. */
import { Progress } from '../../cli/progress.ts';
import { type CommandText, runTestCommand } from '../harness/command-options.ts';
import { CRASH_POINTS } from './crash-points.ts';
import { crashRun, type PointReport } from './crash-run.ts';
import { requestRun } from './request-run.ts';

/** Under these limits nothing waits longer than twenty seconds. */
const PATIENCE_MS = 240_000;

const COMMAND: CommandText<'events'> = {
  name: 'crash',
  about: `Kills (SIGKILL) the process of a function at each point of the protocol, once for every event: real bundles on the
servers of this machine, with a proxy in between that knows each point by the call that a function makes there. Then
looks at the state table, the quarantine and the CRM: every event must have ended, and none twice. A second pipeline
calls the fake of HubSpot and kills between the three requests of an action: every call must be logged once, and linked
to its contact.`,
  numbers: { events: { about: 'events, and kills, at each point', default: 200, min: 1, max: 100_000 } },
  end: 'Ends with 0 if nothing was lost, applied twice or called without need, with 1 if not, with 2 for wrong options.',
};

await runTestCommand(COMMAND, async ({ numbers, json }) => {
  const progress = new Progress();
  const startMs = performance.now();
  const options = {
    eventsAPoint: numbers.events ?? 0,
    patienceMs: PATIENCE_MS,
    onProgress: (text: string) => progress.show(text),
  };
  const ofProtocol = await crashRun({ ...options, points: CRASH_POINTS });
  const reports = [...ofProtocol, ...(await requestRun(options))];
  progress.end();
  const failed = reports.filter((report) => !holds(report));
  const elapsedMs = Math.round(performance.now() - startMs);
  process.stdout.write(
    json
      ? `${JSON.stringify({ points: reports, elapsedMs, failed: failed.length > 0 }, undefined, 2)}\n`
      : format(reports),
  );
  if (!json)
    process.stdout.write(
      `${failed.length === 0 ? 'nothing lost, nothing applied twice' : 'FAILED'}, ${Math.round(elapsedMs / 1_000)} s\n`,
    );
  return failed.length === 0 ? 0 : 1;
});

function holds({ events, kills, lost, appliedTwice, unexplainedCalls }: PointReport): boolean {
  return kills === events && lost.length + appliedTwice.length + unexplainedCalls === 0;
}

function format(reports: readonly PointReport[]): string {
  const columns: readonly (readonly [string, number, (report: PointReport) => string | number])[] = [
    ['events', 8, ({ events }) => events],
    ['kills', 7, ({ kills }) => kills],
    ['CRM calls', 11, ({ crmCalls }) => crmCalls],
    ['repeated', 10, ({ repeatedCalls }) => repeatedCalls],
    ['unexplained', 13, ({ unexplainedCalls }) => unexplainedCalls],
    ['lost', 6, ({ lost }) => lost.length],
    ['twice', 7, ({ appliedTwice }) => appliedTwice.length],
    ['quarantined', 13, ({ inQuarantine }) => inQuarantine],
  ];
  const first = Math.max(...reports.map(({ what }) => what.length)) + 2;
  const head = 'killed'.padEnd(first) + columns.map(([name, width]) => name.padStart(width)).join('');
  const lines = reports.map((report) => {
    const cells = columns.map(([, width, cell]) => String(cell(report)).padStart(width)).join('');
    const ids = [...report.lost, ...report.appliedTwice].slice(0, 5);
    return `${report.what.padEnd(first)}${cells}${ids.length > 0 ? `  ${ids.join(', ')}` : ''}`;
  });
  return `${[head, ...lines].join('\n')}\n`;
}
