/** Options of the test commands: whole numbers, `--json` and `--help`, read from one table that the help is made from. */
import '../../cli/output-errors.ts';
import { parseArgs } from 'node:util';
import { UserError } from '../../cli/user-error.ts';

/** One option that takes a whole number. */
export interface NumberOption {
  readonly about: string;
  /** Undefined: none, unless it is given. */
  readonly default: number | undefined;
  readonly min: number;
  readonly max: number;
}

/** A command as its help shows it. */
export interface CommandText<Name extends string> {
  /** As in `npm run <name>`. */
  readonly name: string;
  readonly about: string;
  readonly numbers: Readonly<Record<Name, NumberOption>>;
  /** What follows the options. */
  readonly end: string;
}

/** What was asked for. */
export type CommandRequest<Name extends string> =
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'run'; readonly numbers: Readonly<Record<Name, number | undefined>>; readonly json: boolean };

/** Reads the arguments. Refuses what is unknown or out of range, naming it. */
export function readCommandOptions<Name extends string>(
  command: CommandText<Name>,
  argv: readonly string[],
): CommandRequest<Name> {
  const values = parse(command, argv);
  if (values.help === true) return { kind: 'help', text: helpOf(command) };
  const entries = Object.entries<NumberOption>(command.numbers).map(([name, option]) => [
    name,
    wholeNumber(name, values[name], option),
  ]);
  return { kind: 'run', numbers: Object.fromEntries(entries), json: values.json === true };
}

function parse<Name extends string>(command: CommandText<Name>, argv: readonly string[]) {
  const numbers = Object.keys(command.numbers).map((name) => [name, { type: 'string' as const }]);
  const flag = { type: 'boolean' } as const;
  try {
    const options = { ...Object.fromEntries(numbers), json: flag, help: { ...flag, short: 'h' } };
    return parseArgs({ args: [...argv], options }).values as Readonly<Record<string, unknown>>;
  } catch (error) {
    const [problem] = (error as Error).message.split('. ');
    throw new UserError(`${problem} (npm run ${command.name} -- --help says what there is)`);
  }
}

function wholeNumber(name: string, value: unknown, { default: fallback, min, max }: NumberOption): number | undefined {
  if (value === undefined) return fallback;
  const number = Number(value);
  if (!/^\d{1,10}$/.test(String(value)) || number < min || number > max)
    throw new UserError(`--${name} ${value}: must be a whole number from ${min} to ${max}`);
  return number;
}

function helpOf<Name extends string>({ name, about, numbers, end }: CommandText<Name>): string {
  const lines: (readonly [string, string])[] = Object.entries<NumberOption>(numbers).map(
    ([option, { about, default: fallback }]) => [
      `--${option} N`,
      fallback === undefined ? about : `${about} (${fallback})`,
    ],
  );
  const all = [...lines, ['--json', 'print the result as JSON'], ['-h, --help', 'this text']] as const;
  const width = Math.max(...all.map(([option]) => option.length)) + 3;
  const options = all.map(([option, text]) => `  ${option.padEnd(width)}${text}`).join('\n');
  return `${about}\n\n  npm run ${name} -- [options]\n\n${options}\n\n${end}\n`;
}

/** Runs a command to its exit code: a `Refusal` is told in one line, as 2 while options are read, else as 1. */
export async function runCommand<Name extends string>(
  command: CommandText<Name>,
  run: (request: Extract<CommandRequest<Name>, { kind: 'run' }>) => Promise<number>,
): Promise<number> {
  let request: CommandRequest<Name> | undefined;
  try {
    request = readCommandOptions(command, process.argv.slice(2));
    if (request.kind === 'run') return await run(request);
    process.stdout.write(request.text);
    return 0;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return request === undefined ? 2 : 1;
  }
}
