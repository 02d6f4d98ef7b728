/** What `npm run stream` is asked for: one table of commands, from which the help is made. */
import { parseArgs } from 'node:util';
import { UserError } from '../../cli/user-error.ts';

/** How events come from Genesys: by signed webhook, or over the partner event bus of the official integration. */
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
  readonly resendSecret: boolean;
  readonly timeoutMs: number;
}

/** What a command takes. */
export interface CommandSpec {
  /** Its argument, as the help shows it. */
  readonly takes: string;
  readonly about: string;
  readonly options: readonly OptionName[];
}

const OPTIONS = {
  file: { type: 'string', takes: 'PATH', about: 'the stream as a file (stream.json)' },
  stack: {
    type: 'string',
    takes: 'NAME',
    about: 'the deployed stack (without it: the pipeline on this machine, by DATA_DIR)',
  },
  region: { type: 'string', takes: 'NAME', about: 'the Genesys Cloud region, by AWS region or host (GENESYS_REGION)' },
  api: { type: 'string', takes: 'URL', about: 'login and API at this address instead, such as npm run genesys' },
  transport: {
    type: 'string',
    takes: 'NAME',
    about: 'webhook (as usual), or event-bus: the official Amazon EventBridge integration',
  },
  event: { type: 'string', takes: 'PATH', about: 'the event, or a list of events, to test' },
  yes: { type: 'boolean', takes: '', about: 'do not ask' },
  json: { type: 'boolean', takes: '', about: 'print JSON' },
  retire: { type: 'boolean', takes: '', about: 'remove the secret that was in use before the last rotation' },
  'resend-secret': { type: 'boolean', takes: '', about: 'send the secret even though nothing else has changed' },
  timeout: { type: 'string', takes: 'S', about: 'how many seconds to wait for Genesys to do its part (600)' },
} as const;

type OptionName = keyof typeof OPTIONS;

const GENESYS = ['region', 'api'] as const;

const COMMANDS = {
  plan: {
    takes: '',
    about: 'show what apply would change; changes nothing',
    options: [...GENESYS, 'file', 'stack', 'transport', 'resend-secret', 'json'],
  },
  apply: {
    takes: '',
    about: 'make Genesys Cloud as the file says',
    options: [...GENESYS, 'file', 'stack', 'transport', 'resend-secret', 'yes', 'timeout'],
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
    options: [...GENESYS, 'file', 'stack', 'retire', 'yes', 'timeout'],
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

/** What this command takes. */
export function specOf(command: CommandName): CommandSpec {
  return COMMANDS[command];
}

/** The stream's file where no other is named. */
export const STREAM_FILE = 'stream.json';

/** The text of `--help`. */
export const STREAM_HELP = `Keeps the Genesys Cloud side of the pipeline as code.

  npm run stream -- command [options]

${Object.entries(COMMANDS)
  .map(([name, { takes, about }]) => `  ${`${name} ${takes}`.trim().padEnd(22)}${about}`)
  .join('\n')}

${Object.entries(OPTIONS)
  .map(([name, { takes, about }]) => `  ${`--${name} ${takes}`.trim().padEnd(22)}${about}`)
  .join('\n')}
  -h, --help            this text

The OAuth client (client credentials) comes from GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET. The webhook's URL and
the stream secret come from the stack, or from the pipeline on this machine; neither is ever given or printed.
Ends with 0 if all is done, with 1 if not, with 2 for wrong options, a region that is missing or not known included;
test with 1 if an event meets no rule.
`;

/** A command and its options, or help. Refuses what cannot be meant, naming it. */
export function readStreamRequest(
  args: readonly string[],
):
  | { readonly kind: 'help' }
  | { readonly kind: 'command'; readonly command: CommandName; readonly options: StreamOptions } {
  const { values, positionals } = parse(args);
  if (values.help === true) return { kind: 'help' };
  const [name, ...rest] = positionals;
  if (name === undefined || !Object.hasOwn(COMMANDS, name)) {
    const what = name === undefined ? 'no command was given' : `${name} is no command`;
    throw new UserError(`${what}: there are ${Object.keys(COMMANDS).join(', ')} (npm run stream -- --help)`);
  }
  const command = name as CommandName;
  const spec = specOf(command);
  for (const option of Object.keys(values)) {
    if (!spec.options.includes(option as OptionName)) throw new UserError(`${command} does not take --${option}`);
  }
  const extra = rest[spec.takes === '' ? 0 : 1];
  if (extra !== undefined) throw new UserError(`${extra}: is one argument too many for ${command}`);
  if (command === 'test' && values.event === undefined) throw new UserError('test needs --event PATH');
  return {
    kind: 'command',
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
      resendSecret: values['resend-secret'] === true,
      timeoutMs: seconds(values.timeout ?? '600') * 1_000,
    },
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        file: text,
        stack: text,
        region: text,
        api: text,
        transport: text,
        event: text,
        yes: flag,
        json: flag,
        retire: flag,
        'resend-secret': flag,
        timeout: text,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run stream -- --help says what there is)`);
  }
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
