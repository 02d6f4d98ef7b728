/** The report for people. */
import { INGEST_SUBJECTS } from '../ingest/ingest.ts';
import type { Sample } from '../statistics.ts';
import { type BenchReport, type Circumstances, type DrainReport, targetsOf } from './report.ts';

/** The whole report, part by part, and the targets at the end. */
export function reportText(report: BenchReport): string {
  const parts = [
    ingestText(report),
    drainText('processor', report.processor),
    drainText('storm', report.storm),
    coldStartText(report),
  ];
  const targets = targetsOf(report).map(
    ({ met, what, goal: wants, measured: got }) => `  ${met ? 'met   ' : 'MISSED'}  ${what}: ${got} (${wants})`,
  );
  return [...parts.filter((part) => part !== ''), ['targets', ...targets].join('\n')].join('\n\n');
}

function ingestText({ ingest }: BenchReport): string {
  if (ingest === undefined) return '';
  const rows = Object.entries(ingest.figures.byConnections).flatMap(([connections, subjects]) =>
    INGEST_SUBJECTS.map((subject) => {
      const { requestsPerSecond, p50Ms, p99Ms, cpuMs } = subjects[subject];
      const share = requestsPerSecond.median / subjects.floor.requestsPerSecond.median;
      return [
        connections,
        subject,
        spread(requestsPerSecond, 0),
        share.toFixed(2),
        spread(p50Ms, 2),
        spread(p99Ms, 2),
        spread(cpuMs, 3),
      ];
    }),
  );
  const { floor, ours, plain } = ingest.figures.peakRssMb;
  return [
    heading('ingest', ingest),
    table(['connections', '', 'requests/s', 'of floor', 'p50 ms', 'p99 ms', 'CPU ms a request'], rows),
    `  memory at the most: floor ${floor.toFixed(0)} MB, ours ${ours.toFixed(0)} MB, plain ${plain.toFixed(0)} MB`,
  ].join('\n');
}

function drainText(name: string, part: (Circumstances & { readonly figures: DrainReport }) | undefined): string {
  if (part === undefined) return '';
  const { events, deliveries, subjects } = part.figures;
  const rows = Object.entries(subjects).map(([subject, figures]) => {
    const { eventsPerSecond, invocationMs, perEvent, cpuMs, peakRssMb } = figures;
    return [
      subject,
      spread(eventsPerSecond, 0),
      invocationMs.median.toFixed(0),
      cpuMs === undefined ? '?' : cpuMs.median.toFixed(2),
      perEvent.dynamoDbRequests.toFixed(2),
      perEvent.writeUnits.toFixed(2),
      perEvent.readUnits.toFixed(2),
      perEvent.crmCalls.toFixed(3),
      `${perEvent.lateDuplicate.writeUnits.toFixed(2)} / ${perEvent.lateDuplicate.readUnits.toFixed(2)}`,
      peakRssMb === undefined ? '?' : peakRssMb.toFixed(0),
    ];
  });
  return [
    heading(`${name}: ${events} events, ${deliveries === 1 ? 'once' : `${deliveries} times`} each`, part),
    table(
      [
        '',
        'events/s',
        'invocation ms',
        'CPU ms',
        'requests',
        'write units',
        'read units',
        'CRM requests',
        'late duplicate w/r',
        'MB',
      ],
      rows,
    ),
    '  CPU time, requests (to DynamoDB), units and CRM requests: for each event; late duplicate: one more delivery of a final event',
    '  hubspot: ours with the connector that logs a call by three requests; the others make one',
  ].join('\n');
}

function coldStartText(report: BenchReport): string {
  const part = report['cold-start'];
  if (part === undefined) return '';
  const { bareMs, bareRssMb, figures } = part.figures;
  const rows = Object.entries(figures).map(([name, { bundleBytes, overBareMs, overBareCpuMs, rssMb }]) => [
    name,
    `${(bundleBytes / 1_000).toFixed(0)} kB`,
    spread(overBareMs, 0),
    spread(overBareCpuMs, 0),
    rssMb.median.toFixed(0),
  ]);
  return [
    heading('cold start', part),
    table(['', 'bundle', 'ms over bare', 'CPU ms over bare', 'MB at first answer'], rows),
    `  bare Node: ${spread(bareMs, 0)} ms, ${bareRssMb.median.toFixed(0)} MB`,
  ].join('\n');
}

function heading(name: string, { at, node, cpus, cpuModel, loadAverage, quick }: Circumstances): string {
  const when = `${at.slice(0, 16).replace('T', ' ')} UTC`;
  return `${name}  (${when}, Node ${node}, ${cpus} × ${cpuModel}, load ${loadAverage.toFixed(1)}${quick ? ', quick' : ''})`;
}

/** Median, and in brackets the least and the most. */
function spread({ median, min, max }: Sample, digits: number): string {
  return `${median.toFixed(digits)} [${min.toFixed(digits)}–${max.toFixed(digits)}]`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `  ${cells.map((cell, column) => (column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ')}`;
  return [line(head), ...rows.map(line)].join('\n');
}
