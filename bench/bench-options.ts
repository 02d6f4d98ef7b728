/** What `npm run bench` is asked for. */
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { UserError } from '../cli/user-error.ts';
import { PROJECT_DIR } from '../local/settings.ts';

/** What can be measured by itself. */
export const PARTS = ['ingest', 'processor', 'storm', 'cold-start'] as const;

/** One of them. */
export type Part = (typeof PARTS)[number];

/** The options, checked. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly json: boolean;
  /** Where the report and its charts are written; undefined: nowhere. */
  readonly outDir: string | undefined;
}

/** The text of `--help`. */
export const BENCH_HELP = `Measures the functions' real bundles on the servers of the local pipeline, beside the floor and the peers.

  npm run bench -- [part ...] [options]

  ingest       requests a second, latency and CPU at 1, 10 and 50 connections, beside the plain handler and the floor
  processor    how fast a full queue drains, and what DynamoDB and the CRM are asked for, beside Powertools
  storm        the same for 2,000 events that come four times each
  cold-start   from a process's start to its first answer, bundle sizes and memory

  --quick      about a minute: fewer and shorter runs, which show little; written only with --out
  --out DIR    where report.json and the charts go (bench/results); parts that are not run are kept as they were
  --json       print the report as JSON
  -h, --help   this text

Without a part: all of them, in less than eight minutes. Others use of the machine reaches all that are compared, which
take turns; ratios count, not figures. Ends with 0, whatever was measured.
`;

/** Reads the options, or undefined where help was asked for. */
export function readBenchOptions(args: readonly string[]): BenchOptions | undefined {
  const { values, positionals } = parse(args);
  if (values.help === true) return undefined;
  for (const part of positionals) {
    if (!isPart(part)) throw new UserError(`${part} is no part of the bench: ${PARTS.join(', ')} (--help says more)`);
  }
  const quick = values.quick === true;
  const outDir = values.out ?? (quick ? undefined : `${PROJECT_DIR}bench/results`);
  return {
    parts: positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part)),
    quick,
    json: values.json === true,
    outDir: outDir === undefined ? undefined : resolve(outDir),
  };
}

function isPart(text: string): text is Part {
  return (PARTS as readonly string[]).includes(text);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        out: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run bench -- --help says what there is)`);
  }
}
