/** What `npm run simulate` is asked for. */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
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

/** The text of `--help`. */
export const SIMULATE_HELP = `Runs the code that ships, on queues and a table in memory, in worlds in which everything goes wrong that may:
each seed is one world, and decides every interleaving and every fault. What the README guarantees is checked
after each step, and when the world has come to rest.

  npm run simulate -- [options]

  --seeds N          worlds (1000)
  --seed S           the first one's seed (1)
  --steps K          decisions in each, before it is let come to rest (250)
  --environments E   execution environments of the processor (${DEFAULT_SIZE.environments})
  --events V         events (${DEFAULT_SIZE.events}), each delivered one to four times
  --contacts C       contacts that they are spread over (${DEFAULT_SIZE.contacts})
  --jobs J           worlds at once (as many as there are cores)
  --replay CHOICES   makes the run of these choices in the world of --seed, and shows each step
  -h, --help         this text

A violation is shown as the shortest run found that leads to it, with the command that repeats it.
Ends with 0 if all holds, with 1 if something does not, with 2 for wrong options.
`;

/** The options are not what they should be; the message says all. */
export class OptionsError extends Error {}

/** Reads the options, or undefined where help was asked for. */
export function readSimulateOptions(argv: readonly string[]): SimulateOptions | undefined {
  const { values } = parse(argv);
  if (values.help === true) return undefined;
  const { replay } = values;
  if (replay !== undefined && !/^\d+(,\d+)*$/.test(replay))
    throw new OptionsError(`--replay ${replay.slice(0, 40)}: must be numbers with commas between them`);
  return {
    seeds: whole('--seeds', values.seeds, 1_000),
    firstSeed: whole('--seed', values.seed, 1),
    steps: whole('--steps', values.steps, 250),
    size: {
      environments: whole('--environments', values.environments, DEFAULT_SIZE.environments),
      events: whole('--events', values.events, DEFAULT_SIZE.events, 100),
      contacts: whole('--contacts', values.contacts, DEFAULT_SIZE.contacts),
    },
    jobs: whole('--jobs', values.jobs, availableParallelism(), 256),
    replay: replay?.split(',').map(Number),
  };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args: [...argv],
      options: {
        seeds: text,
        seed: text,
        steps: text,
        environments: text,
        events: text,
        contacts: text,
        jobs: text,
        replay: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new OptionsError(
      `${(error as Error).message.split('. ')[0]} (npm run simulate -- --help says what there is)`,
    );
  }
}

function whole(name: string, value: string | undefined, fallback: number, max = 1_000_000_000): number {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d{1,10}$/.test(value) || number < 1 || number > max)
    throw new OptionsError(`${name} ${value}: must be a whole number from 1 to ${max}`);
  return number;
}
