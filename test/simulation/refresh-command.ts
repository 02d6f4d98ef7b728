/** `npm run refresh-proof`: refresh of a quarantine of a million messages in virtual time. */
import { Progress } from '../../cli/progress.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { type CommandText, runTestCommand } from '../harness/command-options.ts';
import { seededFraction } from '../harness/fakes/chance.seeded.ts';
import { proveRefresh } from './refresh-proof.ts';

const COMMAND: CommandText<'messages' | 'runs' | 'call-ms' | 'seed'> = {
  name: 'refresh-proof',
  about: `Fills a quarantine queue in memory with messages of one age, ten days, and lets the refresh that ships run every six
hours in virtual time. Counts what SQS would have deleted at fourteen days.`,
  numbers: {
    messages: { about: 'messages in quarantine', default: 1_000_000, min: 1, max: 10_000_000 },
    runs: { about: 'runs of refresh, six hours apart', default: 16, min: 1, max: 1_000 },
    'call-ms': { about: 'duration of one SQS or DynamoDB call', default: 20, min: 1, max: 10_000 },
    seed: { about: 'seed of the sampling of SQS', default: 1, min: 0, max: 2 ** 31 - 1 },
  },
  end: 'Exit code: 0 if nothing was deleted, 1 if something was, 2 for wrong options.',
};

await runTestCommand(COMMAND, async ({ numbers, json }) => {
  const { messages = 0, runs = 0, 'call-ms': callMs = 0, seed = 0 } = numbers;
  const progress = new Progress();
  const proof = await proveRefresh({
    messages,
    callMs,
    runs,
    heldMax: DEFAULT_LIMITS.refreshHeldMax,
    random: seededFraction(seed),
    onRun: (run, refreshed) => progress.show(`run ${run} of ${runs}: ${refreshed} sent again`),
  });
  progress.end();
  const { left, expired, oldestDays, firstRun } = proof;
  process.stdout.write(
    json
      ? `${JSON.stringify(proof)}\n`
      : `${messages} messages, ${runs} runs: ${firstRun} sent again by the first run, ${left} left, ${expired} deleted by SQS, oldest ${oldestDays.toFixed(1)} days\n`,
  );
  return expired === 0 && left === messages ? 0 : 1;
});
