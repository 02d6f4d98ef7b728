/** `npm run bench`: measures, reports, and keeps the report. */
import '../cli/output-errors.ts';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../cli/command.ts';
import { Progress } from '../cli/progress.ts';
import { BenchDirectory } from './bench-directory.ts';
import { type BenchOptions, type Part, readBenchOptions } from './bench-options.ts';
import { HUBSPOT_CONTEXT, ourBundles, peerBundle } from './bundles.ts';
import { benchColdStart } from './cold-start/cold-start.ts';
import { coldStartSubjects } from './cold-start/subjects.ts';
import { benchIngest } from './ingest/ingest.ts';
import { type BenchPlans, FULL_PLANS, QUICK_PLANS } from './plans.ts';
import { benchDrain, type DrainPlan } from './processor.ts';
import { reportCharts } from './report/charts.ts';
import type { BenchReport, Circumstances, DrainReport } from './report/report.ts';
import { reportText } from './report/text.ts';
import { type BenchServers, startBenchServers } from './servers.ts';

/** The report's file in the directory that `--out` names; the cost command reads it. */
export const REPORT_FILE = 'latest.json';

async function measure(options: BenchOptions, progress: (text: string) => void): Promise<BenchReport> {
  const plans: BenchPlans = options.quick ? QUICK_PLANS : FULL_PLANS;
  const directory = new BenchDirectory();
  let servers: BenchServers | undefined;
  try {
    progress('synthesizing the stack, bundling the peers');
    const ours = await ourBundles(join(directory.path, 'cdk.out'));
    const peer = (name: Parameters<typeof peerBundle>[0]) => peerBundle(name, join(directory.path, 'peers'));
    const ingest = { ours: ours.Ingest, plain: await peer('ingest-plain'), floor: await peer('ingest-floor') };
    const hubspot = await ourBundles(join(directory.path, 'hubspot.out'), HUBSPOT_CONTEXT);
    const processor = {
      ours: ours.Processor,
      hubspot: hubspot.Processor,
      powertools: await peer('processor-powertools'),
    };
    const bare = await peer('bare');
    progress('starting the servers');
    const running = await startBenchServers(directory);
    servers = running;
    const drained = async (plan: DrainPlan): Promise<DrainReport> => ({
      events: plan.events,
      deliveries: plan.deliveries,
      subjects: await benchDrain(processor, plan, running, directory, progress),
    });
    const report: { -readonly [P in Part]?: BenchReport[P] } = {};
    for (const part of options.parts) {
      const circumstances = circumstancesOf(options.quick);
      switch (part) {
        case 'ingest':
          report.ingest = {
            ...circumstances,
            figures: await benchIngest(ingest, plans.ingest, running, directory, progress),
          };
          break;
        case 'processor':
          report.processor = { ...circumstances, figures: await drained(plans.processor) };
          break;
        case 'storm':
          report.storm = { ...circumstances, figures: await drained(plans.storm) };
          break;
        case 'cold-start': {
          const subjects = await coldStartSubjects({ bare, ingest, processor }, running);
          const figures = await benchColdStart(subjects.bare, subjects.others, plans.coldStartRounds, progress);
          report['cold-start'] = { ...circumstances, figures };
          break;
        }
        default:
          part satisfies never;
      }
    }
    return report;
  } finally {
    await servers?.stop();
    directory.remove();
  }
}

function circumstancesOf(quick: boolean): Circumstances {
  return {
    at: new Date().toISOString(),
    node: process.versions.node,
    cpus: availableParallelism(),
    cpuModel: cpus()[0]?.model.trim() ?? 'unknown',
    loadAverage: loadavg()[0] ?? Number.NaN,
    quick,
  };
}

function keep(measured: BenchReport, outDir: string): BenchReport {
  mkdirSync(outDir, { recursive: true });
  const path = join(outDir, REPORT_FILE);
  const report = { ...keptReport(path), ...measured };
  writeFileSync(path, `${JSON.stringify(report, undefined, 2)}\n`);
  for (const [name, svg] of Object.entries(reportCharts(report))) writeFileSync(join(outDir, `${name}.svg`), svg);
  return report;
}

function keptReport(path: string): BenchReport {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as BenchReport;
  } catch {
    // None has been written yet.
    return {};
  }
}

async function main(options: BenchOptions): Promise<number> {
  const progress = new Progress();
  const measured = await measure(options, (text) => progress.show(text));
  progress.end();
  const report = options.outDir === undefined ? measured : keep(measured, options.outDir);
  process.stdout.write(options.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${reportText(report)}\n`);
  if (options.outDir !== undefined) process.stderr.write(`\nwritten to ${options.outDir}\n`);
  return 0;
}

await runCommand(readBenchOptions, main);
