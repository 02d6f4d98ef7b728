/** Commands and options of `npm run genesys`. The help is made from the table of commands. */
import { npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';
import { retryAfterFrom } from '../../local/crm/retry-after.ts';
import { GENESYS_SCOPES } from '../../local/genesys/fake-genesys.ts';
import type { GenesysFault } from '../../local/genesys/fake-genesys-faults.ts';

/** A request. */
export type GenesysRequest =
  | { readonly kind: 'serve'; readonly port: number; readonly returnSecrets: boolean }
  /** Tell the one that runs at `port`. */
  | { readonly kind: 'tell'; readonly port: number; readonly path: string; readonly body: object };

interface Command {
  readonly takes: string;
  readonly about: string;
  readonly path: string;
  readonly body: (given: readonly string[], options: { readonly times?: number; readonly rate?: number }) => object;
}

const COMMANDS: Readonly<Record<string, Command>> = {
  send: {
    takes: '[COUNT]',
    about: 'send so many events (100) for each enabled stream, signed with its secret; --rate a second',
    path: 'send',
    body: ([count = '100'], { rate }) => ({
      count: whole('send', count),
      ...(rate === undefined ? {} : { ratePerSecond: rate }),
    }),
  },
  up: { takes: '', about: 'answer as usual: nothing fails, and nothing is forbidden', path: 'up', body: () => ({}) },
  fail: {
    takes: '[STATUS]',
    about: 'answer every request with a status from 400 to 599 (503)',
    path: 'faults',
    body: ([status = '503'], { times }) => faults({ status: failing(status) }, times),
  },
  throttle: {
    takes: '[RETRY-AFTER]',
    about: 'answer every request with 429; Retry-After in seconds (3), or an HTTP date',
    path: 'faults',
    body: ([text = '3'], { times }) => faults({ status: 429, retryAfter: retryAfterFrom('throttle', text) }, times),
  },
  expire: { takes: '', about: 'end every token that was issued', path: 'expire', body: () => ({}) },
  forbid: {
    takes: '[SCOPE...]',
    about: 'take these permissions from the OAuth client, and give it all others',
    path: 'forbid',
    body: (scopes) => ({ scopes: scopes.map(known) }),
  },
  bus: { takes: '', about: 'make the event bus of the partner event source', path: 'bus', body: () => ({}) },
};

function faults(rule: GenesysFault, times: number | undefined): object {
  return { rules: [times === undefined ? rule : { ...rule, times }] };
}

/** Default port. */
const PORT = 3_001;

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readGenesysRequest(argv: readonly string[]): GenesysRequest {
  const { values, positionals } = parse(argv);
  const { port = PORT, times, rate } = values;
  if (port > 65_535) throw new UserError(`--port ${port}: must be a number from 0 to 65535`);
  const [name = 'serve', ...given] = positionals;
  if (name === 'serve' && given.length === 0) {
    return { kind: 'serve', port, returnSecrets: values.tellSecrets === true };
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const known = ['serve', ...Object.keys(COMMANDS)].join(', ');
    throw new UserError(`${name}: the fake Genesys Cloud knows ${known} (npm run genesys -- --help)`);
  }
  if (given.length > 1 && !command.takes.includes('...')) throw new UserError(`${given[1]}: is one argument too many`);
  if (given.length > 0 && command.takes === '') throw new UserError(`${given[0]}: is one argument too many`);
  const options = {
    ...(times === undefined ? {} : { times }),
    ...(rate === undefined ? {} : { rate }),
  };
  return { kind: 'tell', port, path: command.path, body: command.body(given, options) };
}

function parse(argv: readonly string[]) {
  const commands = Object.entries(COMMANDS)
    .map(([name, { takes, about }]) => `  ${`${name} ${takes}`.trim().padEnd(20)}  ${about}`)
    .join('\n');
  const command = npmCommand('genesys')
    .description(
      'Runs a fake Genesys Cloud on this machine, for npm run stream -- … --api URL; or commands one that runs.',
    )
    .usage('[command] [options]')
    .argument('[command...]')
    .option('--port <n>', `where it listens on 127.0.0.1 (${PORT})`, wholeNumber(0))
    .option('--times <n>', 'fail, throttle: only the next n requests', wholeNumber(1))
    .option('--rate <n>', 'send: events a second (as fast as they are answered)', wholeNumber(1))
    .option('--tell-secrets', 'serve: send a stream with its secret, which the real one may not do')
    .addHelpText(
      'after',
      `
Commands:
  serve                 run it until Ctrl-C (without a command); it forgets everything when it ends
${commands}

Commands find it by its port and by DATA_DIR (.local), where its access key is.
Its OAuth client is that of GENESYS_CLIENT_ID and GENESYS_CLIENT_SECRET, or one of its own, which it prints.`,
    );
  const parsed = parseArguments(command, argv);
  return { values: parsed.opts(), positionals: parsed.args };
}

function failing(text: string): number {
  if (!/^[45]\d\d$/.test(text)) throw new UserError(`fail ${text}: a status must be a number from 400 to 599`);
  return Number(text);
}

function known(scope: string): string {
  if (GENESYS_SCOPES.some((other) => other === scope)) return scope;
  throw new UserError(`forbid ${scope}: no permission of the fake. There are\n  ${GENESYS_SCOPES.join('\n  ')}`);
}

function whole(name: string, text: string, min = 1): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) < min) {
    throw new UserError(`${name} ${text}: must be a whole number from ${min} on`);
  }
  return Number(text);
}
