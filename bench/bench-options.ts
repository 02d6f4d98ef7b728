/** Options of `npm run bench`. */
import { resolve } from 'node:path';
import { npmCommand, parseArguments } from '../cli/command.ts';
import { UserError } from '../cli/user-error.ts';
import { PROJECT_DIR } from '../local/settings.ts';

/** Parts that can be measured alone. */
export const PARTS = ['ingest', 'processor', 'storm', 'cold-start'] as const;

/** One of them. */
export type Part = (typeof PARTS)[number];

/** The options, checked. */
export interface BenchOptions {
  readonly parts: readonly Part[];
  readonly quick: boolean;
  readonly json: boolean;
  /** Directory for the report and its charts; undefined: neither is written. */
  readonly outDir: string | undefined;
}

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readBenchOptions(argv: readonly string[]): BenchOptions {
  const command = npmCommand('bench')
    .description(
      'Measures the functions’ real bundles on the servers of the local pipeline, beside the floor and the peers.',
    )
    .argument('[part...]')
    .option('--quick', 'about a minute: fewer and shorter runs, which show little; written only with --out')
    .option('--out <dir>', 'where report.json and the charts go (bench/results); parts not run are kept as they were')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Parts (without one: all of them, in about ten minutes):
  ingest       requests a second, latency and CPU at 1, 10 and 50 connections, beside the plain handler and the floor
  processor    how fast a full queue drains, and what DynamoDB and the CRM are asked for, beside Powertools and with
               a connector of three requests (hubspot)
  storm        the same for 2,000 events that come four times each
  cold-start   from a process's start to its first answer, bundle sizes and memory

Other use of the machine affects all that are compared, which take turns: ratios count, not figures.
Exit code: 0 whatever was measured, 2 for wrong options.`,
    );
  const { args } = parseArguments(command, argv);
  const { quick = false, json = false, out } = command.opts();
  const wrong = args.find((part) => !isPart(part));
  if (wrong !== undefined)
    throw new UserError(`${wrong} is no part of the bench: ${PARTS.join(', ')} (--help says more)`);
  const outDir = out ?? (quick ? undefined : `${PROJECT_DIR}bench/results`);
  return {
    parts: args.length === 0 ? PARTS : PARTS.filter((part) => args.includes(part)),
    quick,
    json,
    outDir: outDir === undefined ? undefined : resolve(outDir),
  };
}

function isPart(text: string): text is Part {
  return (PARTS as readonly string[]).includes(text);
}
