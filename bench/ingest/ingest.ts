/**
 * Ingest: requests a second, latency and CPU, beside the floor and the plain handler, in
 * alternating runs.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { BenchDirectory } from '../bench-directory.ts';
import type { Bundle } from '../bundles.ts';
import { functionSpec, functionVariables } from '../function-variables.ts';
import type { BenchServers } from '../servers.ts';
import { percentileOf, type Sample, sampleOf } from '../statistics.ts';
import { type HandlerProcess, startHandlerProcess } from './handler-process.ts';
import type { LoadRequest, LoadResult } from './load-generator.ts';

/** Subjects of the comparison. */
export const INGEST_SUBJECTS = ['floor', 'ours', 'plain'] as const;

/** One of them. */
export type IngestSubject = (typeof INGEST_SUBJECTS)[number];

/** Result of one subject at one number of connections. */
export interface IngestFigures {
  readonly requestsPerSecond: Sample;
  readonly p50Ms: Sample;
  readonly p99Ms: Sample;
  /** CPU time of the front's process for each request. */
  readonly cpuMs: Sample;
}

/**
 * Figures by number of connections and subject, and the memory of each subject's process at the
 * end.
 */
export interface IngestReport {
  readonly byConnections: Readonly<Record<string, Readonly<Record<IngestSubject, IngestFigures>>>>;
  readonly peakRssMb: Readonly<Record<IngestSubject, number>>;
}

/** Duration and number of runs. */
export interface IngestPlan {
  readonly connections: readonly number[];
  readonly rounds: number;
  readonly warmUpMs: number;
  readonly runMs: number;
}

interface Run {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
}

/** Runs every subject once in each round, so that what else the machine does meets all of them. */
export async function benchIngest(
  bundles: Readonly<Record<IngestSubject, Bundle>>,
  plan: IngestPlan,
  servers: BenchServers,
  directory: BenchDirectory,
  progress: (text: string) => void,
): Promise<IngestReport> {
  const load = new LoadGenerator();
  const deliveryQueueUrl = await servers.createQueue('ingest');
  const places = { deliveryQueueUrl, quarantineUrl: deliveryQueueUrl, stateTableName: 'none' };
  const fronts = new Map<IngestSubject, HandlerProcess>();
  try {
    for (const subject of INGEST_SUBJECTS) {
      const name = `ingest ${subject}`;
      const { file } = bundles[subject];
      const environment = functionVariables(functionSpec(name, file, servers, places), servers, places);
      fronts.set(subject, await startHandlerProcess(name, { file, environment }, directory));
    }
    const run = async (subject: IngestSubject, connections: number, durationMs: number): Promise<Run> => {
      const front = fronts.get(subject) as HandlerProcess;
      const before = await front.usage();
      const result = await load.run({ url: front.url, secret: servers.streamSecret, connections, durationMs });
      const { cpuMs } = await front.usage();
      await servers.purge(deliveryQueueUrl);
      if (result.refused > 0) throw new Error(`${subject} refused ${result.refused} deliveries`);
      const count = result.latenciesMs.length;
      return {
        requestsPerSecond: (count / result.elapsedMs) * 1_000,
        p50Ms: percentileOf(result.latenciesMs, 0.5),
        p99Ms: percentileOf(result.latenciesMs, 0.99),
        cpuMs: (cpuMs - before.cpuMs) / count,
      };
    };
    for (const subject of INGEST_SUBJECTS) await run(subject, 10, plan.warmUpMs);
    const byConnections: Record<string, Record<IngestSubject, IngestFigures>> = {};
    for (const connections of plan.connections) {
      const runs: Record<IngestSubject, Run[]> = { floor: [], ours: [], plain: [] };
      for (let round = 1; round <= plan.rounds; round += 1) {
        progress(`ingest, ${connections} connections, round ${round} of ${plan.rounds}`);
        for (const subject of INGEST_SUBJECTS) runs[subject].push(await run(subject, connections, plan.runMs));
      }
      byConnections[connections] = { floor: figures(runs.floor), ours: figures(runs.ours), plain: figures(runs.plain) };
    }
    const peakOf = async (subject: IngestSubject) =>
      ((await fronts.get(subject)?.usage())?.peakRssBytes ?? Number.NaN) / 2 ** 20;
    const peakRssMb = { floor: await peakOf('floor'), ours: await peakOf('ours'), plain: await peakOf('plain') };
    return { byConnections, peakRssMb };
  } finally {
    load.stop();
    for (const front of fronts.values()) await front.stop();
  }
}

function figures(runs: readonly Run[]): IngestFigures {
  return {
    requestsPerSecond: sampleOf(runs.map((run) => run.requestsPerSecond)),
    p50Ms: sampleOf(runs.map((run) => run.p50Ms)),
    p99Ms: sampleOf(runs.map((run) => run.p99Ms)),
    cpuMs: sampleOf(runs.map((run) => run.cpuMs)),
  };
}

/** The load generator's process. */
class LoadGenerator {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('./load-generator.ts', import.meta.url)), {
    execArgv: ['--disable-warning=ExperimentalWarning'],
  }).once('exit', () => {
    throw new Error('the load generator has ended');
  });

  async run(request: LoadRequest): Promise<LoadResult> {
    const answered = once(this.#child, 'message');
    this.#child.send(request);
    const [result] = (await answered) as [LoadResult];
    return result;
  }

  stop(): void {
    this.#child.removeAllListeners('exit');
    this.#child.kill();
  }
}
