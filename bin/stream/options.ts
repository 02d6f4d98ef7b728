/** Commands and options of `npm run stream`. The help is made from the table of commands. */
import { npmCommand, parseArguments } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';

/**
 * Source of events from Genesys: a signed webhook, or the partner event bus of the official
 * integration.
 */
export type Transport = 'webhook' | 'event-bus';

/** The options, checked. Which of them a command takes is in the table below. */
export interface StreamOptions {
  /** The stream's name where it is not the file's. */
  readonly name: string | undefined;
  readonly file: string;
  /** The CloudFormation stack; undefined: the pipeline on this machine. */
  readonly stack: string | undefined;
  readonly region: string | undefined;
  readonly api: string | undefined;
  readonly transport: Transport;
  readonly event: string | undefined;
  readonly yes: boolean;
  readonly json: boolean;
  readonly retire: boolean;
  readonly force: boolean;
  readonly resendSecret: boolean;
  readonly timeoutMs: number;
}

/** Options of a command. */
export interface CommandSpec {
  /** Its argument, as the help shows it. */
  readonly takes: string;
  readonly about: string;
  readonly options: readonly OptionName[];
}

type OptionName =
  | 'file'
  | 'stack'
  | 'region'
  | 'api'
  | 'transport'
  | 'event'
  | 'yes'
  | 'json'
  | 'retire'
  | 'force'
  | 'resendSecret'
  | 'timeout';

const GENESYS = ['region', 'api'] as const;

const COMMANDS = {
  plan: {
    takes: '',
    about: 'show what apply would change; changes nothing',
    options: [...GENESYS, 'file', 'stack', 'transport', 'resendSecret', 'json'],
  },
  apply: {
    takes: '',
    about: 'make Genesys Cloud as the file says',
    options: [...GENESYS, 'file', 'stack', 'transport', 'resendSecret', 'yes', 'timeout'],
  },
  list: { takes: '', about: 'all streams of the organisation', options: [...GENESYS, 'json'] },
  show: {
    takes: '[NAME]',
    about: 'one stream as it is in Genesys Cloud (the file’s)',
    options: [...GENESYS, 'file', 'stack', 'transport', 'json'],
  },
  delete: { takes: '[NAME]', about: 'delete a stream (the file’s)', options: [...GENESYS, 'file', 'yes'] },
  'rotate-secret': {
    takes: '[NAME]',
    about: 'give stream and pipeline a new secret, without a refused delivery; run again it goes on where it was',
    options: [...GENESYS, 'file', 'stack', 'retire', 'force', 'yes', 'timeout'],
  },
  test: {
    takes: '',
    about: 'say which rules an event meets, and why; asks nobody',
    options: ['file', 'event', 'transport', 'json'],
  },
  schema: { takes: '', about: 'print the JSON schema of the file', options: [] },
} as const satisfies Record<string, CommandSpec>;

/** The name of a command. */
export type CommandName = keyof typeof COMMANDS;

/** Options of this command. */
export function specOf(command: CommandName): CommandSpec {
  return COMMANDS[command];
}

/** The stream's file where no other is named. */
export const STREAM_FILE = 'stream.json';

/** A command and its options. */
export interface StreamRequest {
  readonly command: CommandName;
  readonly options: StreamOptions;
}

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readStreamRequest(args: readonly string[]): StreamRequest {
  const { values, positionals } = parse(args);
  const [name, ...rest] = positionals;
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) {
    const what = name === undefined ? 'no command was given' : `${name} is no command`;
    throw new UserError(`${what}: there are ${Object.keys(COMMANDS).join(', ')} (npm run stream -- --help)`);
  }
  const command = name as CommandName;
  const spec = specOf(command);
  for (const option of Object.keys(values)) {
    if (!spec.options.includes(option as OptionName)) throw new UserError(`${command} does not take ${flagOf(option)}`);
  }
  const extra = rest[spec.takes === '' ? 0 : 1];
  if (extra !== undefined) throw new UserError(`${extra}: is one argument too many for ${command}`);
  if (values.force === true && values.retire !== true) throw new UserError('--force goes with --retire');
  if (command === 'test' && values.event === undefined) throw new UserError('test needs --event PATH');
  return {
    command,
    options: {
      name: rest[0],
      file: values.file ?? STREAM_FILE,
      stack: values.stack,
      region: values.region,
      api: values.api,
      transport: transportFrom(values.transport),
      event: values.event,
      yes: values.yes === true,
      json: values.json === true,
      retire: values.retire === true,
      force: values.force === true,
      resendSecret: values.resendSecret === true,
      timeoutMs: seconds(values.timeout ?? '600') * 1_000,
    },
  };
}

function parse(argv: readonly string[]) {
  const commands = Object.entries(COMMANDS)
    .map(([name, { takes, about }]) => `  ${`${name} ${takes}`.trim().padEnd(22)}${about}`)
    .join('\n');
  const command = npmCommand('stream')
    .description('Keeps the Genesys Cloud side of the pipeline as code.')
    .usage('command [options]')
    .argument('[command...]')
    .option('--file <path>', `the stream as a file (${STREAM_FILE})`)
    .option('--stack <name>', 'the deployed stack (without it: the pipeline on this machine, by DATA_DIR)')
    .option('--region <name>', 'the Genesys Cloud region, by AWS region or host (GENESYS_REGION)')
    .option('--api <url>', 'login and API at this address instead, such as npm run genesys')
    .option('--transport <name>', 'webhook (the default), or event-bus: the official Amazon EventBridge integration')
    .option('--event <path>', 'the event, or a list of events, to test')
    .option('--yes', 'do not ask')
    .option('--json', 'print JSON')
    .option('--retire', 'remove the secret that was in use before the last rotation')
    .option('--force', 'with --retire: at once, although deliveries signed with it still arrive (it has leaked)')
    .option('--resend-secret', 'send the secret even though nothing else has changed')
    .option('--timeout <s>', 'how many seconds to wait for Genesys to do its part (600)')
    .addHelpText(
      'after',
      `
Commands:
${commands}

The OAuth client (client credentials) comes from GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET. The webhook's URL and
the stream secret come from the stack, or from the pipeline on this machine; neither is ever given or printed.
Exit code: 0 if all is done, 1 if not, 2 for wrong options, a region that is missing or not known included; test
with 1 if an event meets no rule.`,
    );
  const parsed = parseArguments(command, argv);
  return { values: parsed.opts(), positionals: parsed.args };
}

function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function transportFrom(text: string | undefined): Transport {
  if (text === undefined || text === 'webhook' || text === 'event-bus') return text ?? 'webhook';
  throw new UserError(`--transport ${text}: must be webhook or event-bus`);
}

function seconds(text: string): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1) {
    throw new UserError(`--timeout ${text}: must be a whole number of seconds from 1 on`);
  }
  return Number(text);
}
