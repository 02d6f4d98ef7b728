/** Options of `npm run simulate`. */
import { availableParallelism } from 'node:os';
import { npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';
import { DEFAULT_SIZE, type Size } from './search/seeds.ts';

/** The options, checked. */
export interface SimulateOptions {
  readonly seeds: number;
  readonly firstSeed: number;
  readonly steps: number;
  readonly size: Size;
  readonly jobs: number;
  /** Choices of one run that is to be made again. */
  readonly replay: readonly number[] | undefined;
}

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readSimulateOptions(argv: readonly string[]): SimulateOptions {
  const values = parse(argv);
  const { replay } = values;
  if (replay !== undefined && !/^\d+(,\d+)*$/.test(replay))
    throw new UserError(`--replay ${replay.slice(0, 40)}: must be numbers with commas between them`);
  return {
    seeds: values.seeds ?? 1_000,
    firstSeed: values.seed ?? 1,
    steps: values.steps ?? 250,
    size: {
      environments: values.environments ?? DEFAULT_SIZE.environments,
      events: values.events ?? DEFAULT_SIZE.events,
      contacts: values.contacts ?? DEFAULT_SIZE.contacts,
    },
    jobs: values.jobs ?? availableParallelism(),
    replay: replay?.split(',').map(Number),
  };
}

function parse(argv: readonly string[]) {
  const { environments, events, contacts } = DEFAULT_SIZE;
  const command = npmCommand('simulate')
    .description(
      'Runs the code that ships, on queues and a table in memory, in worlds in which everything goes wrong that may: ' +
        'each seed is one world, and decides every interleaving and every fault. The guarantees are checked after ' +
        'each step, and when the world has come to rest.',
    )
    .option('--seeds <n>', 'worlds (1000)', wholeNumber(1))
    .option('--seed <n>', 'the first one’s seed (1)', wholeNumber(1))
    .option('--steps <n>', 'decisions in each, before it comes to rest (250)', wholeNumber(1))
    .option('--environments <n>', `execution environments of the processor (${environments})`, wholeNumber(1))
    .option('--events <n>', `events (${events}), each delivered one to four times`, wholeNumber(1, 100))
    .option('--contacts <n>', `contacts that they are spread over (${contacts})`, wholeNumber(1))
    .option('--jobs <n>', 'worlds at once (as many as there are cores)', wholeNumber(1, 256))
    .option('--replay <choices>', 'makes the run of these choices in the world of --seed, and shows each step')
    .addHelpText(
      'after',
      `
A violation is shown as the shortest run found that leads to it, with the command that repeats it.
Exit code: 0 if all holds, 1 if something does not, 2 for wrong options.`,
    );
  return parseArguments(command, argv).opts();
}
