/** The commands of `npm run crm`: the help is made from this table. */
import { npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';
import type { FaultRule } from './crm-faults.ts';
import { retryAfterFrom } from './retry-after.ts';

/** A request to the sample CRM. */
export type CrmCommandRequest =
  /** Prints its behaviour and what it has received. */
  | { readonly kind: 'state'; readonly json: boolean }
  /** Sets its behaviour from now on: replaces the earlier rules or, with `add`, precedes them. */
  | { readonly kind: 'behave'; readonly rules: readonly FaultRule[]; readonly add: boolean; readonly json: boolean };

interface Command {
  /** The arguments, as the help shows them. */
  readonly takes: string;
  readonly about: string;
  readonly rules: (args: Arguments) => readonly FaultRule[];
}

const COMMANDS: Readonly<Record<string, Command>> = {
  up: { takes: '', about: 'answer as usual', rules: () => [] },
  down: { takes: '', about: 'answer every call with 503', rules: () => [{ status: 503 }] },
  fail: {
    takes: '[SHARE] [STATUS]',
    about: 'answer a share of the calls (0.5) with a status (500), without a change',
    rules: (args) => [{ share: args.share(0.5), status: args.status(500) }],
  },
  'apply-then-fail': {
    takes: '[SHARE]',
    about: 'apply a share of the calls (1), and then answer them with 500',
    rules: (args) => [{ share: args.share(1), applyFirst: true, status: 500 }],
  },
  throttle: {
    takes: '[RETRY-AFTER]',
    about: 'answer every call with 429; Retry-After in seconds (30), or an HTTP date',
    rules: (args) => [{ status: 429, retryAfter: args.retryAfter('30') }],
  },
  slow: {
    takes: '[MS]',
    about: 'wait so long before each answer (2000)',
    rules: (args) => [{ delayMs: args.count(2_000) }],
  },
  reject: {
    takes: 'PHONE...',
    about: 'answer calls for these contacts with 422',
    rules: (args) => args.phones().map((phone) => ({ phone, status: 422 })),
  },
  drop: {
    takes: '[SHARE]',
    about: 'cut the connection of a share of the calls (1)',
    rules: (args) => [{ share: args.share(1), drop: true }],
  },
  hang: { takes: '', about: 'never answer', rules: () => [{ hang: true }] },
  'lose-response': {
    takes: '[SHARE]',
    about: 'apply a share of the calls (1), and cut the connection before the response',
    rules: (args) => [{ share: args.share(1), applyFirst: true, drop: true }],
  },
  html: { takes: '', about: 'answer with a web page, as a proxy does', rules: () => [{ html: true }] },
  quota: {
    takes: '[SECONDS]',
    about: 'the quota of the day is used up: until midnight UTC, or for so long',
    rules: (args) => [{ fault: 'quota', ...args.forSeconds() }],
  },
  rate: {
    takes: '[REQUESTS] [SECONDS]',
    about: 'accept so many requests (10) in so many seconds (10); a client that calls early waits longer',
    rules: (args) => [{ fault: 'rate', requests: args.count(10), perSeconds: args.count(10) }],
  },
  lock: { takes: '', about: 'the record is locked', rules: () => [{ fault: 'lock' }] },
  'two-matches': { takes: '', about: 'several records match', rules: () => [{ fault: 'two-matches' }] },
  'expire-token': { takes: '', about: 'access tokens issued so far expire', rules: () => [{ fault: 'token-expired' }] },
  'revoke-token': {
    takes: '',
    about: 'access tokens issued so far are revoked',
    rules: () => [{ fault: 'token-revoked' }],
  },
  error: {
    takes: 'NAME',
    about: 'a fault of this CRM by its name; `state` lists them',
    rules: (args) => [{ fault: args.name() }],
  },
};

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readCrmRequest(argv: readonly string[]): CrmCommandRequest {
  const { values, positionals } = parse(argv);
  const json = values.json === true;
  const [name = 'state', ...given] = positionals;
  if (name === 'state' && given.length === 0) return { kind: 'state', json };
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) {
    const known = ['state', ...Object.keys(COMMANDS)].join(', ');
    throw new UserError(`${name}: the sample CRM knows ${known} (npm run crm -- --help)`);
  }
  const args = new Arguments(name, given);
  const rules = command.rules(args);
  args.end();
  const { times, for: forSeconds } = values;
  const limits = { ...(times === undefined ? {} : { times }), ...(forSeconds === undefined ? {} : { forSeconds }) };
  const limited = rules.map((rule) => ({ ...rule, ...limits }));
  return { kind: 'behave', rules: limited, add: values.add === true, json };
}

function parse(argv: readonly string[]) {
  const commands = Object.entries(COMMANDS)
    .map(([name, { takes, about }]) => `  ${`${name} ${takes}`.padEnd(28)}  ${about}`)
    .join('\n');
  const command = npmCommand('crm')
    .description('Switches the faults of the CRM that npm start has started, or prints what it has seen.')
    .usage('[command] [options]')
    .argument('[command...]')
    .option('--times <n>', 'only for the next n calls', wholeNumber(1))
    .option('--for <seconds>', 'only for so long', wholeNumber(1))
    .option('--add', 'besides the faults in force; the newest that fits a call counts')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Commands:
  state                         what it has seen, and how it behaves (without a command)
  check                         whether a CRM of yours has what its connector needs (check --help)
${commands}

From quota on: only of a vendor's fake (npm start -- -c crm.connector=salesforce).
Lasts until \`up\`, or the pipeline's end. Finds the pipeline by DATA_DIR (.local), as npm start does.`,
    );
  const parsed = parseArguments(command, argv);
  return { values: parsed.opts(), positionals: parsed.args };
}

/** The arguments of one command, taken from the left. */
class Arguments {
  readonly #command: string;
  readonly #given: string[];

  constructor(command: string, given: readonly string[]) {
    this.#command = command;
    this.#given = [...given];
  }

  retryAfter(fallback: string): string {
    return retryAfterFrom(this.#command, this.#given.shift() ?? fallback);
  }

  share(fallback: number): number {
    const text = this.#given.shift();
    if (text === undefined) return fallback;
    const share = Number(text);
    if (!/^\d*\.?\d+$/.test(text) || share > 1) throw this.#refusal(text, 'a share must be a number from 0 to 1');
    return share;
  }

  status(fallback: number): number {
    const text = this.#given.shift();
    if (text === undefined) return fallback;
    if (!/^[2-5]\d\d$/.test(text)) throw this.#refusal(text, 'a status must be a number from 200 to 599');
    return Number(text);
  }

  phones(): string[] {
    if (this.#given.length === 0) throw new UserError(`${this.#command}: name the contacts, for example +15550100`);
    return this.#given.splice(0);
  }

  /** A whole number from 1 on. */
  count(fallback: number): number {
    const text = this.#given.shift();
    return text === undefined ? fallback : countFrom(this.#command, text);
  }

  forSeconds(): { readonly forSeconds?: number } {
    const text = this.#given.shift();
    return text === undefined ? {} : { forSeconds: countFrom(this.#command, text) };
  }

  name(): string {
    const text = this.#given.shift();
    if (text === undefined) throw new UserError(`${this.#command}: which one? npm run crm lists them`);
    return text;
  }

  /** Refuses what is left over. */
  end(): void {
    const [extra] = this.#given;
    if (extra !== undefined) throw this.#refusal(extra, 'is one argument too many');
  }

  #refusal(text: string, why: string): UserError {
    return new UserError(`${this.#command} ${text}: ${why} (npm run crm -- --help)`);
  }
}

function countFrom(name: string, text: string): number {
  if (!/^\d{1,7}$/.test(text) || Number(text) < 1)
    throw new UserError(`${name} ${text}: must be a whole number from 1 on`);
  return Number(text);
}
