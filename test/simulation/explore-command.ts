/** `npm run explore`: every interleaving of small worlds. */
import '../../cli/output-errors.ts';
import { parseArgs } from 'node:util';
import { Progress } from '../../cli/progress.ts';
import { type Exploration, explore } from './search/explore.ts';
import { SCOPES, type Scope, worldOf } from './search/scopes.ts';

const HELP = `Visits every interleaving of small worlds, with the code that ships, and checks in each state what the README
guarantees: each state once, and each run that can follow from it.

  npm run explore -- [scope ...] [options]

${Object.entries(SCOPES)
  .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
  .join('\n')}

  -h, --help  this text

Without a scope all of them. Ends with 0 if all holds, with 1 if something does not, with 2 for wrong options.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h', default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const names = positionals.length === 0 ? Object.keys(SCOPES) : positionals;
  const unknown = names.find((name) => !Object.hasOwn(SCOPES, name));
  if (unknown !== undefined) {
    process.stderr.write(`${unknown}: must be one of ${Object.keys(SCOPES).join(', ')}\n`);
    return 2;
  }
  let failed = false;
  for (const name of names) {
    const scope = SCOPES[name];
    if (scope !== undefined) failed = !(await exploreScope(name, scope)) || failed;
  }
  return failed ? 1 : 0;
}

async function exploreScope(name: string, scope: Scope): Promise<boolean> {
  const progress = new Progress();
  const startMs = performance.now();
  const found = await explore(
    () => worldOf(scope),
    ({ runs, states }) => progress.show(`${name}: ${runs} interleavings, ${states} states`),
  );
  progress.end();
  process.stdout.write(`${describe(name, scope, found, performance.now() - startMs)}\n`);
  return found.violation === undefined;
}

function describe(name: string, { about }: Scope, found: Exploration, elapsedMs: number): string {
  const { runs, states, ends, longest, reached, violation } = found;
  const lines = [
    `${name}: ${about}`,
    `  ${runs} interleavings, ${states} states, ${ends} ends, the longest of ${longest} steps; ${(elapsedMs / 1_000).toFixed(0)} s`,
    `  reached: ${[...reached].sort().join(', ')}`,
  ];
  if (violation === undefined) return [...lines, '  no violation'].join('\n');
  return [
    ...lines,
    ...violation.problems.map((problem) => `  VIOLATION: ${problem}`),
    ...violation.trace.map((step) => `    ${step}`),
  ].join('\n');
}

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof TypeError)) throw error;
  process.stderr.write(`${error.message.split('. ')[0]} (npm run explore -- --help says what there is)\n`);
  return 2;
});
