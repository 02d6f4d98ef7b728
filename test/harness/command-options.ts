/**
 * Options of the test commands: whole numbers, `--json` and `--help`, read from one table that the
 * help is made from.
 */
import '../../cli/output-errors.ts';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { npmCommand, parseArguments, runCommand, wholeNumber } from '../../cli/command.ts';

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
  /** Arguments after the options. */
  readonly end: string;
}

/** Options. */
export interface CommandRequest<Name extends string> {
  readonly numbers: Readonly<Record<Name, number | undefined>>;
  readonly json: boolean;
}

/** Reads the arguments. Throws HelpRequested, or a UserError that names what is wrong. */
export function readCommandOptions<Name extends string>(
  { name, about, numbers, end }: CommandText<Name>,
  argv: readonly string[],
): CommandRequest<Name> {
  const command: CommandUnknownOpts = npmCommand(name).description(about.replaceAll('\n', ' '));
  const options = Object.entries<NumberOption>(numbers);
  for (const [option, { about, default: fallback, min, max }] of options) {
    const text = fallback === undefined ? about : `${about} (${fallback})`;
    command.option(`--${option} <n>`, text, wholeNumber(min, max));
  }
  command.option('--json', 'print the result as JSON').addHelpText('after', `\n${end}`);
  parseArguments(command, argv);
  const values = options.map(([option, { default: fallback }]) => [
    option,
    command.getOptionValue(camelCase(option)) ?? fallback,
  ]);
  return { numbers: Object.fromEntries(values), json: command.getOptionValue('json') === true };
}

function camelCase(option: string): string {
  return option.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** Runs a test command to its exit code. */
export function runTestCommand<Name extends string>(
  command: CommandText<Name>,
  run: (request: CommandRequest<Name>) => Promise<number>,
): Promise<void> {
  return runCommand((argv) => readCommandOptions(command, argv), run);
}
