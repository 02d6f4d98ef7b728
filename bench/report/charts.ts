/** The report's charts, by file name. */

import { INGEST_SUBJECTS, type IngestFigures } from '../ingest/ingest.ts';
import type { Sample } from '../statistics.ts';
import { type BarChart, barChartSvg } from './bar-chart.ts';
import type { BenchReport, DrainReport } from './report.ts';

/** An SVG for each part that was measured. */
export function reportCharts(report: BenchReport): Readonly<Record<string, string>> {
  const charts: Record<string, BarChart> = {};
  const { ingest, processor, storm } = report;
  if (ingest !== undefined) {
    const groups = (figure: (figures: IngestFigures) => Sample) =>
      Object.entries(ingest.figures.byConnections).map(([connections, subjects]) => ({
        name: `${connections} connection${connections === '1' ? '' : 's'}`,
        bars: INGEST_SUBJECTS.map((name) => ({ name, sample: figure(subjects[name]) })),
      }));
    charts['ingest-requests'] = {
      title: 'Ingest',
      unit: 'requests a second',
      groups: groups((f) => f.requestsPerSecond),
    };
    charts['ingest-p99'] = { title: 'Ingest, p99', unit: 'ms', groups: groups((f) => f.p99Ms) };
    charts['ingest-cpu'] = { title: 'Ingest, CPU time of a request', unit: 'ms', groups: groups((f) => f.cpuMs) };
  }
  const drains = Object.entries({ processor, storm }).flatMap(([name, part]) =>
    part === undefined ? [] : [[name, part.figures] as const],
  );
  if (drains.length > 0) {
    charts['processor-drain'] = {
      title: 'Processor, a full queue',
      unit: 'events a second',
      groups: drains.map(([name, { deliveries, subjects }]) => ({
        name: `${name}: ${deliveries} × each`,
        bars: Object.entries(subjects).map(([subject, figures]) => ({
          name: subject,
          sample: figures.eventsPerSecond,
        })),
      })),
    };
    charts['processor-units'] = {
      title: 'Processor, DynamoDB',
      unit: 'units an event',
      groups: drains.flatMap(unitGroups),
    };
  }
  const coldStart = report['cold-start'];
  if (coldStart !== undefined) {
    const bars = Object.entries(coldStart.figures.figures).map(([name, { overBareMs }]) => ({
      name,
      sample: overBareMs,
    }));
    charts['cold-start'] = {
      title: 'Cold start to the first answer',
      unit: 'ms over a bare Node',
      groups: bars.map((bar) => ({ name: '', bars: [bar] })),
    };
  }
  return Object.fromEntries(Object.entries(charts).map(([name, chart]) => [name, barChartSvg(chart)]));
}

function unitGroups([name, { subjects }]: readonly [string, DrainReport]): BarChart['groups'] {
  const counted = (value: number): Sample => ({ median: value, min: value, max: value, runs: 1 });
  return Object.entries(subjects).map(([subject, { perEvent }]) => {
    const { writeUnits, readUnits } = perEvent;
    const bars = [
      { name: 'written', sample: counted(writeUnits) },
      { name: 'read', sample: counted(readUnits) },
    ];
    return { name: `${subject}, ${name}`, bars };
  });
}
