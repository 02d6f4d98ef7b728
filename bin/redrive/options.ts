/** Options of `npm run redrive`. */
import { userInfo } from 'node:os';
import { collect, decimalNumber, npmCommand, parseArguments } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { QUARANTINE_REASONS } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';
import { parseRedriveRequest } from '../../lambdas/domain/quarantine/redrive-request.ts';

/** The options, checked. */
export interface RedriveOptions {
  /** The request as the function is sent it. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly limit: number | undefined;
  /** Reasons to select; all if empty. `--list` only: the function lists all. */
  readonly reasons: readonly string[];
  /** The events that are named by their ids. */
  readonly eventIds: readonly string[];
  readonly json: boolean;
  /** A deployed stack. */
  readonly stack: string | undefined;
  /** The name or ARN of a function in AWS. Without it and `stack`: the pipeline on this machine. */
  readonly functionName: string | undefined;
  /** Longest wait for the moved events to end; undefined: do not wait. */
  readonly waitMs: number | undefined;
}

const REASONS = Object.entries(QUARANTINE_REASONS)
  .map(([reason, { recovery, meaning }]) => `  ${recovery === 'never' ? ' ' : '*'} ${reason.padEnd(19)}${meaning}`)
  .join('\n');

/** Fields of the request, and the options that set them. */
const OPTION_OF: Readonly<Record<string, string>> = {
  'filter.reasons': '--reason',
  'filter.eventTypes': '--type',
  'filter.eventIds': '--event-id',
  'filter.receivedFrom': '--from',
  'filter.receivedTo': '--to',
  giveUp: '--give-up',
  'giveUp.why': '--give-up',
  limit: '--limit',
  ratePerSecond: '--rate',
};

/** Default of `--wait`. */
const WAIT_SECONDS = 120;

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readRedriveOptions(argv: readonly string[]): RedriveOptions {
  const values = parse(argv);
  if (values.stack !== undefined && values.function !== undefined)
    throw new UserError('--stack finds the function: it does not go with --function');
  const payload = payloadFrom(values);
  check(payload);
  return {
    payload,
    limit: values.limit,
    reasons: values.reason ?? [],
    eventIds: values.eventId ?? [],
    json: values.json === true,
    stack: values.stack,
    functionName: values.function,
    waitMs: values.wait === undefined ? undefined : (values.wait === true ? WAIT_SECONDS : values.wait) * 1_000,
  };
}

type Values = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  const command = npmCommand('redrive')
    .description('Moves events from quarantine back to the delivery queue, or shows what waits there.')
    .usage(
      [
        '--list                            what waits in quarantine, and why',
        '--reason crm_rejected --dry-run   what would be moved',
        '--reason crm_rejected             moves it',
        '--event-id ID --give-up WHY       ends it without applying it',
      ].join('\n       npm run redrive -- '),
    )
    .optionsGroup('What to move (all that is given must fit; --reason, --type and --event-id several times):')
    .option('--reason <reason>', 'why it waits: one of the reasons below', collect)
    .option('--type <type>', 'the event’s type, such as interaction.created', collect)
    .option('--event-id <id>', 'one event, however often it has been redriven before', collect)
    .option('--from <time>', 'received at this time or later: 2026-01-31T09:30:00Z')
    .option('--to <time>', 'received before this time')
    .option('--all', 'everything, by SQS’s own move task: fast, and only --rate goes with it')
    .optionsGroup('How:')
    .option('--limit <n>', 'move at most n', numberFrom)
    .option(
      '--rate <n>',
      `move at most n a second (${DEFAULT_LIMITS.redriveRatePerSecond}; with --all as fast as SQS can)`,
      numberFrom,
    )
    .option(
      '--give-up <why>',
      'do not apply them: settle them as ABANDONED, for this reason; with --event-id or --reason',
    )
    .option(
      '--new-key',
      'call the CRM with a new idempotency key: it may repeat a failure that it stored under the old one',
    )
    .option('--dry-run', 'show what would be moved, and move nothing')
    .option('--list', 'show what waits, from the index: touches no message; only --reason goes with it')
    .option(
      '--wait [seconds]',
      `wait until the moved events have ended, and report how (${WAIT_SECONDS}); in AWS with --stack`,
      decimalNumber(),
    )
    .option('--stack <name>', 'the deployed stack, in the account and region of the AWS SDK (else: this machine)')
    .option(
      '--function <name>',
      'instead of --stack: its redrive function (output RedriveFunctionName), if you may not read the stack',
    )
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Reasons (those with a star go back automatically when an outage of the CRM is over):
${REASONS}

Safe to run again, and twice at once. Exit code: 0 if everything that was named has been looked at, or the limit was
reached; 1 if not, or if with --wait a moved event has not become final; 2 for wrong options.
The pipeline on this machine is found by DATA_DIR (.local), as npm start does.`,
    );
  return parseArguments(command, argv).opts();
}

function payloadFrom(values: Values): RedriveOptions['payload'] {
  if (values.list === true) return listFrom(values);
  return values.all === true ? moveAllFrom(values) : redriveFrom(values);
}

function listFrom(values: Values): RedriveOptions['payload'] {
  const others = namesOf(values, [
    'all',
    'type',
    'eventId',
    'from',
    'to',
    'limit',
    'rate',
    'dryRun',
    'giveUp',
    'newKey',
    'wait',
  ]);
  if (others.length > 0)
    throw new UserError(`--list reads the index, and takes only --reason. With ${others.join(', ')} use --dry-run.`);
  if (values.reason !== undefined) check({ filter: { reasons: values.reason } });
  return { action: 'list' };
}

/** Which of these options were given, as they are written. */
function namesOf(values: Values, names: readonly (keyof Values)[]): string[] {
  return names
    .filter((name) => values[name] !== undefined)
    .map((name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`);
}

function moveAllFrom(values: Values): RedriveOptions['payload'] {
  const others = namesOf(values, [
    'reason',
    'type',
    'eventId',
    'from',
    'to',
    'limit',
    'dryRun',
    'giveUp',
    'newKey',
    'wait',
  ]);
  if (others.length > 0) {
    throw new UserError(
      `--all moves everything by SQS's own move task, which knows no ${others.join(', ')}.` +
        ' What waits is shown by --list.',
    );
  }
  return { all: true, ...optional('ratePerSecond', values.rate) };
}

function redriveFrom(values: Values): RedriveOptions['payload'] {
  const filter = {
    ...optional('reasons', values.reason),
    ...optional('eventTypes', values.type),
    ...optional('eventIds', values.eventId),
    ...optional('receivedFrom', values.from),
    ...optional('receivedTo', values.to),
  };
  const dryRun = values.dryRun === true;
  if (Object.keys(filter).length === 0 && !dryRun) {
    throw new UserError(
      [
        'Say what is to be moved: without that it would be everything that waits in quarantine.',
        '  npm run redrive -- --list                  what waits, and why',
        '  npm run redrive -- --reason crm_rejected   what waits for this reason (also --type, --event-id, --from, --to)',
        '  npm run redrive -- --all                   everything, by SQS’s own move task',
      ].join('\n'),
    );
  }
  if (values.wait !== undefined && dryRun) throw new UserError('--wait follows what was moved: not with --dry-run');
  if (values.wait !== undefined && values.function !== undefined)
    throw new UserError('--wait reads the state table: use --stack instead of --function');
  return {
    filter,
    dryRun,
    ...(values.wait === undefined ? {} : { listMoved: true }),
    ...optional('limit', values.limit),
    ...optional('ratePerSecond', values.rate),
    ...(values.newKey === true ? { newKey: true } : {}),
    ...(values.giveUp === undefined ? {} : { giveUp: { by: userInfo().username, why: values.giveUp } }),
  };
}

/** By the function's own rules, in the command's own words. */
function check(payload: RedriveOptions['payload']): void {
  const parsed = parseRedriveRequest(payload, DEFAULT_LIMITS);
  if (parsed.kind === 'request') return;
  const problems = parsed.problems.map((problem) => {
    const [, field = '', rest = problem] = /^([\w.]+?)(?:\.\d+)?: (.*)$/.exec(problem) ?? [];
    const inOptions = rest.replace(/filter\.\w+/g, (name) => OPTION_OF[name] ?? name);
    return `${OPTION_OF[field] ?? field}: ${inOptions}`;
  });
  throw new UserError(problems.join('\n'));
}

/** NaN where it is no number: the function's own rules refuse it. */
function numberFrom(text: string): number {
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function optional(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}
