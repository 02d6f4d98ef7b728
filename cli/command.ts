/** Shared part of all commands: options by commander, help, exit codes. */
import { Command, CommanderError, type CommandUnknownOpts, InvalidArgumentError } from '@commander-js/extra-typings';
import { UserError } from './user-error.ts';

const HELP_COLUMNS = 100;

/** Help was requested. The message is its text. */
export class HelpRequested extends Error {}

/**
 * An option that turns out to be wrong only when it is used. Exit code 2, as for options that
 * cannot be read.
 */
export class WrongOption extends UserError {}

/** Output streams of a command. */
export interface Output {
  /** The result, for standard output. */
  out(text: string): void;
  /** Errors, for standard error. */
  note(text: string): void;
}

/** `npm run <name>`, without options. Parse it with `parseArguments`. */
export function npmCommand(name: string): Command {
  return new Command(`npm run ${name} --`).helpOption('-h, --help', 'print this text');
}

/**
 * Parses `argv` into the options and arguments of `command`.
 * Throws HelpRequested, or a UserError that names what is wrong.
 */
export function parseArguments<Parsed extends CommandUnknownOpts>(command: Parsed, argv: readonly string[]): Parsed {
  let help = '';
  for (const each of [command, ...command.commands]) {
    each.exitOverride().configureOutput({
      writeOut: (text) => {
        help += text;
      },
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.min(process.stdout.columns ?? HELP_COLUMNS, HELP_COLUMNS),
    });
  }
  try {
    command.parse(argv, { from: 'user' });
    for (const each of [command, ...command.commands]) refuseSwallowedOptions(each);
    return command;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) throw new HelpRequested(help.trimEnd());
    throw new UserError(`${sentenceOf(error, command)} (${command.name()} --help lists the options)`);
  }
}

/** commander's message, starting with the option or argument as it was given. */
function sentenceOf({ code, message }: CommanderError, { args, registeredArguments }: CommandUnknownOpts): string {
  const text = message.replace(/^error: /, '').replace(/\n\((.*)\)$/s, '. $1');
  const [, flag, value, problem] = /^option '(?:-\w, )?(\S+).*?' argument '(.*)' is invalid\. (.*)$/s.exec(text) ?? [];
  if (flag !== undefined) return `${flag} ${value}: ${problem}`;
  if (code === 'commander.excessArguments') return `Unexpected argument '${args[registeredArguments.length]}'`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/**
 * commander takes whatever follows an option as its value: `--event-id --dry-run` would not be a
 * dry run.
 */
function refuseSwallowedOptions(command: CommandUnknownOpts): void {
  for (const option of command.options) {
    const values = [command.getOptionValue(option.attributeName())].flat();
    if (values.some((value) => typeof value === 'string' && /^--?[a-z]/.test(value)))
      command.error(`option '${option.flags}' argument missing`);
  }
}

/** Parses a whole number from `min` to `max`. */
export function wholeNumber(min: number, max = 999_999_999): (text: string) => number {
  const range = max === 999_999_999 ? `from ${min} on` : `from ${min} to ${max}`;
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,10}$/.test(text) || number < min || number > max)
      throw new InvalidArgumentError(`must be a whole number ${range}`);
    return number;
  };
}

/** Parses a number of at least `min`, or above 0. */
export function decimalNumber(min?: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (!/^\d{1,12}(\.\d+)?$/.test(text) || number < (min ?? Number.MIN_VALUE))
      throw new InvalidArgumentError(`must be a number ${min === undefined ? 'above 0' : `from ${min} on`}`);
    return number;
  };
}

/** Collects the values of an option that may be given several times. */
export function collect(value: string, previous: readonly string[] = []): string[] {
  return [...previous, value];
}

/**
 * Runs a command and returns its exit code: 0 for help, 2 for wrong options, 1 for any other
 * UserError, of which only the message is printed.
 */
export async function exitCodeOf<Request>(
  read: () => Request,
  run: (request: Request) => number | Promise<number>,
  { out, note }: Output,
): Promise<number> {
  let reading = true;
  try {
    const request = read();
    reading = false;
    return await run(request);
  } catch (error) {
    if (error instanceof HelpRequested) {
      out(error.message);
      return 0;
    }
    if (!(error instanceof UserError)) throw error;
    note(error.message);
    return reading || error instanceof WrongOption ? 2 : 1;
  }
}

/** The main function of a command: reads this process's arguments, runs, and sets the exit code. */
export async function runCommand<Request>(
  read: (argv: readonly string[]) => Request,
  run: (request: Request) => number | Promise<number>,
): Promise<void> {
  process.exitCode = await exitCodeOf(() => read(process.argv.slice(2)), run, {
    out: (text) => process.stdout.write(`${text}\n`),
    note: (text) => process.stderr.write(`${text}\n`),
  });
}
