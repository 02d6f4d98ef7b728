/** `npm run soak`: minutes of load with faults coming and going, and the report. */
import { Progress } from '../../cli/progress.ts';
import { formatReport } from '../../local/send/send-report.ts';
import { type CommandText, runTestCommand } from '../harness/command-options.ts';
import { scheduleFaults } from './fault-schedule.ts';
import { anySeed, type SoakReport, soak } from './soak-run.ts';

const COMMAND: CommandText<'minutes' | 'rate' | 'contacts' | 'seed'> = {
  name: 'soak',
  about: `Sends every event four times, steadily, to a pipeline of real bundles on this machine, while a schedule drawn from the
seed breaks the CRM, kills functions and stops servers. Watches the memory of each process. Then waits until everything
is dealt with, and looks at the state table, the quarantine and the CRM.`,
  numbers: {
    minutes: { about: 'how long events are sent', default: 10, min: 1, max: 10_000 },
    rate: { about: 'deliveries a minute', default: 10_000, min: 60, max: 60_000 },
    contacts: { about: 'contacts that the events are spread over', default: 5_000, min: 1, max: 1_000_000 },
    seed: { about: 'the same seed, the same schedule (random)', default: undefined, min: 0, max: 2 ** 31 - 1 },
  },
  end: `Ends with 0 if nothing was lost, applied twice, out of order or called without need, with 1 if not, with 2 for
wrong options. Memory is told, with a verdict on the functions and the pipeline; the servers keep their data in it.`,
};

await runTestCommand(COMMAND, async ({ numbers, json }) => {
  const { minutes = 0, rate = 0, contacts = 0, seed = anySeed() } = numbers;
  const progress = new Progress();
  const onProgress = (text: string) => progress.show(text);
  const report = await soak({ minutes, seed, contacts, deliveriesPerMinute: rate, onProgress });
  progress.end();
  const result = { seed, minutes, wantedPerMinute: rate, ...report, held: holds(report) };
  process.stdout.write(`${json ? JSON.stringify(result, undefined, 2) : format(result)}\n`);
  return result.held ? 0 : 1;
});

function holds({ run, lost, outOfOrder, repeated }: SoakReport): boolean {
  const { appliedTwice = 0, missing = 0 } = run.crm ?? {};
  return lost.length + outOfOrder.length + repeated.unexplained.length + appliedTwice + missing === 0;
}

function format(
  result: SoakReport & { seed: number; minutes: number; wantedPerMinute: number; held: boolean },
): string {
  const { seed, minutes, wantedPerMinute, deliveriesPerMinute, faults, lost, outOfOrder, repeated, memory } = result;
  const scheduled = scheduleFaults(seed, minutes * 60_000).length;
  const lines = [
    `seed ${seed}: ${scheduled} faults in ${minutes} min`,
    ...Object.entries(faults).map(([name, times]) => `  ${name.padEnd(30)}${String(times).padStart(4)}`),
    formatReport(result.run),
    `  achieved             ${deliveriesPerMinute} accepted deliveries a minute, of ${wantedPerMinute} wanted`,
    `  lost                 ${lost.length}${listed(lost)}`,
    `  out of order         ${outOfOrder.length}${listed(outOfOrder)}`,
    `  repeated calls       ${repeated.total}, unexplained ${repeated.unexplained.length}${listed(repeated.unexplained)}`,
    ...Object.entries(repeated.because).map(([why, times]) => `    ${why.padEnd(80)}${String(times).padStart(6)}`),
    `${'memory (MB)'.padEnd(46)}${['lived', 'first', 'max', 'last', 'MB/min'].map((name) => name.padStart(9)).join('')}`,
    ...memory.filter(({ verdict }) => verdict !== 'too short to tell').map(memoryLine),
    result.held ? 'nothing lost, nothing applied twice, nothing out of order' : 'FAILED',
  ];
  return lines.join('\n');
}

function memoryLine({
  name,
  pid,
  lifeSeconds,
  firstMb,
  maxMb,
  lastMb,
  slopeMbPerMinute,
  verdict,
}: SoakReport['memory'][number]) {
  const cells = [`${lifeSeconds} s`, firstMb, maxMb, lastMb, slopeMbPerMinute ?? '-'];
  return `  ${`${name} (${pid})`.padEnd(44)}${cells.map((cell) => String(cell).padStart(9)).join('')}  ${verdict}`;
}

function listed(names: readonly string[]): string {
  return names.length === 0 ? '' : `: ${names.slice(0, 5).join(', ')}`;
}
