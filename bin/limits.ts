/** `npm run limits`: every limit with its value and its reason, and the plan of retries. */
import '../cli/output-errors.ts';
import { parseArgs } from 'node:util';
import { UserError } from '../cli/user-error.ts';
import { ConfigError, readLimits, withoutCredentials } from '../lib/pipeline-config.ts';
import { cdkContext } from './cdk-context.ts';
import { describeRetryPlan, formatLimits } from './limit-table.ts';

const HELP = `Prints every limit with its value and its reason, and the plan of retries that follows from them.

  npm run limits -- [-c limits.<name>=<number> ...]

  -c, --context KEY=VALUE  a limit that differs, as with cdk: put over what cdk.json says under context;
                           the relations between limits are checked, keys that are no limits change nothing
  -h, --help               this text
`;

function main(argv: readonly string[]): void {
  const { values } = parse(argv);
  if (values.help === true) {
    process.stdout.write(HELP);
    return;
  }
  const limits = readLimits(cdkContext(values.context ?? []));
  process.stdout.write(`${formatLimits(limits)}\n\n${describeRetryPlan(limits)}\n`);
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { context: { type: 'string', short: 'c', multiple: true }, help: { type: 'boolean', short: 'h' } },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run limits -- --help says what there is)`);
  }
}

function messageOf(error: ConfigError): string {
  return error.problems
    .map(({ key, got, expected }) => `${key} is ${withoutCredentials(got ?? 'missing')}, expected ${expected}`)
    .join('\n');
}

try {
  main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UserError) && !(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error instanceof ConfigError ? messageOf(error) : error.message}\n`);
  process.exitCode = 2;
}
