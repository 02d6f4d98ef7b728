/** `npm run limits`: every limit with its value and its reason, and the plan of retries. */
import '../cli/output-errors.ts';
import { collect, npmCommand, parseArguments, runCommand } from '../cli/command.ts';
import { UserError } from '../cli/user-error.ts';
import type { Limits } from '../lambdas/domain/limits.ts';
import { ConfigError, readLimits, withoutCredentials } from '../lib/pipeline-config.ts';
import { cdkContext } from './cdk-context.ts';
import { describeRetryPlan, formatLimits } from './limit-table.ts';

function readGivenLimits(argv: readonly string[]): Limits {
  const command = npmCommand('limits')
    .description('Prints every limit with its value and its reason, and the plan of retries that follows from them.')
    .option('-c, --context <key=value>', 'a limit that differs, as with cdk: limits.<name>=<number>', collect)
    .addHelpText(
      'after',
      `
-c overrides what cdk.json has under context. The relations between limits are checked; keys that are no limits change
nothing. Exit code: 0, or 2 for wrong options and for limits that contradict each other.`,
    );
  const { context = [] } = parseArguments(command, argv).opts();
  try {
    return readLimits(cdkContext(context));
  } catch (error) {
    throw error instanceof ConfigError ? new UserError(messageOf(error)) : error;
  }
}

function messageOf(error: ConfigError): string {
  return error.problems
    .map(({ key, got, expected }) => `${key} is ${withoutCredentials(got ?? 'missing')}, expected ${expected}`)
    .join('\n');
}

await runCommand(readGivenLimits, (limits) => {
  process.stdout.write(`${formatLimits(limits)}\n\n${describeRetryPlan(limits)}\n`);
  return 0;
});
