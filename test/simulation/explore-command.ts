/** `npm run explore`: every interleaving of small worlds. */
import '../../cli/output-errors.ts';
import { npmCommand, parseArguments, runCommand } from '../../cli/command.ts';
import { Progress } from '../../cli/progress.ts';
import { UserError } from '../../cli/user-error.ts';
import { type Exploration, explore } from './search/explore.ts';
import { SCOPES, type Scope, worldOf } from './search/scopes.ts';

function readScopes(argv: readonly string[]): readonly string[] {
  const scopes = Object.entries(SCOPES)
    .map(([name, { about }]) => `  ${name.padEnd(10)} ${about}`)
    .join('\n');
  const command = npmCommand('explore')
    .description(
      'Visits every interleaving of small worlds, with the code that ships, and checks the guarantees in each state: ' +
        'each state once, and each run that can follow from it.',
    )
    .argument('[scope...]')
    .addHelpText(
      'after',
      `
Scopes (without one all of them):
${scopes}

Exit code: 0 if all holds, 1 if something does not, 2 for wrong options.`,
    );
  const { args } = parseArguments(command, argv);
  const unknown = args.find((name) => !Object.hasOwn(SCOPES, name));
  if (unknown !== undefined) throw new UserError(`${unknown}: must be one of ${Object.keys(SCOPES).join(', ')}`);
  return args.length === 0 ? Object.keys(SCOPES) : args;
}

async function main(names: readonly string[]): Promise<number> {
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

await runCommand(readScopes, main);
