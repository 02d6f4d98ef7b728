/** `npm run limits`: every limit with its value and its reason, and the plan of retries. */
import { parseArgs } from 'node:util';
import { resolveLimits } from '../lambdas/domain/limits.ts';
import { describeRetryPlan, formatLimits } from './limit-table.ts';

const HELP = `Prints every limit with its value and its reason, and the plan of retries that follows from them.

  npm run limits -- [-c limits.<name>=<number> ...]

  -c, --context KEY=VALUE  a limit that differs, as with cdk; the relations between limits are checked
  -h, --help               this text
`;

function main(argv: readonly string[]): number {
  const { values } = parseArgs({
    args: [...argv],
    options: { context: { type: 'string', short: 'c', multiple: true }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    process.stdout.write(HELP);
    return 0;
  }
  const given = (values.context ?? []).map((text) => {
    const [key = '', ...value] = text.split('=');
    return [key.replace(/^limits\./, ''), value.join('=')] as const;
  });
  const { limits, problems } = resolveLimits(Object.fromEntries(given));
  if (limits === undefined) {
    for (const { key, got, wants } of problems) process.stderr.write(`${key} is ${got}, wants ${wants}\n`);
    return 2;
  }
  process.stdout.write(`${formatLimits(limits)}\n\n${describeRetryPlan(limits)}\n`);
  return 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${(error as Error).message.split('. ')[0]} (npm run limits -- --help says what there is)\n`);
  process.exitCode = 2;
}
