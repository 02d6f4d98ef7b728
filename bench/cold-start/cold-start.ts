/**
 * Cold start: from a process's start to its handler's first answer, over a Node that has nothing to
 * load.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import type { Bundle } from '../bundles.ts';
import { type Sample, sampleOf } from '../statistics.ts';

/** One bundle to start, and the first event it is given. */
export interface ColdStartSubject {
  readonly bundle: Bundle;
  readonly environment: Readonly<Record<string, string>>;
  /** Created for each start. */
  readonly event: () => object;
}

/** Time that a bundle's start takes beyond a bare Node's. */
export interface ColdStartFigures {
  readonly bundleBytes: number;
  /** From the process's start to the first answer, as a clock on the wall has it. */
  readonly overBareMs: Sample;
  /** CPU time until then, of all threads. Steadier where others use the machine too. */
  readonly overBareCpuMs: Sample;
  /** Memory held at the first answer. */
  readonly rssMb: Sample;
}

interface Start {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly rssMb: number;
}

/** JavaScript, because Node would have to load its TypeScript parser first. */
const PROBE = `
const { createRequire } = process.getBuiltinModule('node:module');
const file = process.argv[1];
const { handler } = file.endsWith('.mjs') ? await import(file) : createRequire(file)(process.getBuiltinModule('node:url').fileURLToPath(file));
const answer = await handler(JSON.parse(process.argv[2]), { awsRequestId: 'r', getRemainingTimeInMillis: () => 30000 });
const { user, system } = process.cpuUsage();
const cpuMs = (user + system) / 1000;
process.stdout.write(JSON.stringify({ cpuMs, rssMb: process.memoryUsage.rss() / 2 ** 20, answer }) + '\\n', () => process.exit(0));
`;

/** Starts every subject, and the bare Node, once in each round. */
export async function benchColdStart<Name extends string>(
  bare: ColdStartSubject,
  subjects: Readonly<Record<Name, ColdStartSubject>>,
  rounds: number,
  progress: (text: string) => void,
): Promise<{
  readonly bareMs: Sample;
  readonly bareRssMb: Sample;
  readonly figures: Readonly<Record<Name, ColdStartFigures>>;
}> {
  const names = Object.keys(subjects) as Name[];
  const bareStarts: Start[] = [];
  const starts = new Map<Name, Start[]>(names.map((name) => [name, []]));
  // The first of each fills the file cache, and does not count.
  for (let round = 0; round <= rounds; round += 1) {
    progress(`cold start, round ${round} of ${rounds}`);
    const bareStart = await start('bare', bare);
    if (round > 0) bareStarts.push(bareStart);
    for (const name of names) {
      const measured = await start(name, subjects[name]);
      if (round > 0) starts.get(name)?.push(measured);
    }
  }
  const bareMs = sampleOf(bareStarts.map(({ wallMs }) => wallMs));
  const bareCpuMs = sampleOf(bareStarts.map(({ cpuMs }) => cpuMs));
  const figures = Object.fromEntries(
    names.map((name) => {
      const of = starts.get(name) ?? [];
      const figure: ColdStartFigures = {
        bundleBytes: subjects[name].bundle.bytes,
        overBareMs: sampleOf(of.map(({ wallMs }) => wallMs - bareMs.median)),
        overBareCpuMs: sampleOf(of.map(({ cpuMs }) => cpuMs - bareCpuMs.median)),
        rssMb: sampleOf(of.map(({ rssMb }) => rssMb)),
      };
      return [name, figure];
    }),
  ) as Record<Name, ColdStartFigures>;
  return { bareMs, bareRssMb: sampleOf(bareStarts.map(({ rssMb }) => rssMb)), figures };
}

async function start(name: string, { bundle, environment, event }: ColdStartSubject): Promise<Start> {
  const args = ['--input-type=module', '-e', PROBE, pathToFileURL(bundle.file).href, JSON.stringify(event())];
  const startMs = performance.now();
  const child = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString('utf8')));
  await once(child, 'close');
  const wallMs = performance.now() - startMs;
  // Its own log lines come before.
  const said = JSON.parse(output.trim().split('\n').at(-1) ?? 'null') as Start & { readonly answer: Answer };
  if (said.answer.statusCode !== undefined && said.answer.statusCode !== 202) {
    throw new Error(`${name} answered its first event ${said.answer.statusCode}`);
  }
  if ((said.answer.batchItemFailures?.length ?? 0) > 0) throw new Error(`${name} failed its first message`);
  return { wallMs, cpuMs: said.cpuMs, rssMb: said.rssMb };
}

interface Answer {
  readonly statusCode?: number;
  readonly batchItemFailures?: readonly unknown[];
}
