/** What `npm run redrive` is asked for. */
import { parseArgs } from 'node:util';
import { UserError } from '../../cli/user-error.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { QUARANTINE_REASONS } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';
import { parseRedriveRequest } from '../../lambdas/domain/quarantine/redrive-request.ts';

/** The options, checked. */
export interface RedriveOptions {
  /** The request as the function is sent it. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly limit: number | undefined;
  /** The events that are named by their ids. */
  readonly eventIds: readonly string[];
  readonly json: boolean;
  /** The name or ARN of a function in AWS; undefined: the pipeline on this machine. */
  readonly functionName: string | undefined;
}

const REASONS = Object.entries(QUARANTINE_REASONS)
  .map(([reason, { recovery, about }]) => `  ${recovery === 'never' ? ' ' : '*'} ${reason.padEnd(19)}${about}`)
  .join('\n');

/** The text of `--help`. */
export const REDRIVE_HELP = `Moves events from quarantine back to the delivery queue, or shows what waits there.

  npm run redrive -- --list                             what waits in quarantine, and why
  npm run redrive -- --reason crm_rejected --dry-run    what would be moved
  npm run redrive -- --reason crm_rejected              moves it

What to move (--reason, --type and --event-id may be given several times; what is meant is meant by each kind given):
  --reason R        why it waits: one of the reasons below
  --type T          the event's type, such as interaction.created
  --event-id ID     one event, however often it has been redriven before
  --from TIME       received at this time or later: 2026-01-31T09:30:00Z
  --to TIME         received before this time
  --all             everything, by SQS's own move task: fast, and only --rate goes with it

How:
  --limit N         move at most N
  --rate N          move at most N a second (${DEFAULT_LIMITS.redriveRatePerSecond}; with --all as fast as SQS can)
  --dry-run         look and tell, but move nothing
  --list            the same, of everything if nothing is named
  --function NAME   the redrive function of a stack in AWS (its output RedriveFunctionName), with the credentials and
                    the region of your environment; else that of the pipeline on this machine, found by DATA_DIR
  --json            print the result as JSON
  -h, --help        this text

Reasons (those with a star go back by themselves when an outage of the CRM is over):
${REASONS}

Safe to run again, and twice at once. Ends with 0 if all that was meant has been looked at, or the limit was reached,
with 1 if not, with 2 for wrong options.
`;

/** Fields of the request, and the options that set them. */
const OPTION_OF: Readonly<Record<string, string>> = {
  'filter.reasons': '--reason',
  'filter.eventTypes': '--type',
  'filter.eventIds': '--event-id',
  'filter.receivedFrom': '--from',
  'filter.receivedTo': '--to',
  limit: '--limit',
  ratePerSecond: '--rate',
};

/** Reads the options, or undefined where help was asked for. */
export function readRedriveOptions(args: readonly string[]): RedriveOptions | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  const payload = values.all === true ? moveAllFrom(values) : redriveFrom(values);
  check(payload);
  return {
    payload,
    limit: numberFrom(values.limit),
    eventIds: values['event-id'] ?? [],
    json: values.json === true,
    functionName: values.function,
  };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const texts = { type: 'string', multiple: true } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        reason: texts,
        type: texts,
        'event-id': texts,
        from: text,
        to: text,
        all: flag,
        limit: text,
        rate: text,
        'dry-run': flag,
        list: flag,
        function: text,
        json: flag,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run redrive -- --help says what there is)`);
  }
}

function moveAllFrom(values: Values): RedriveOptions['payload'] {
  const others = (['reason', 'type', 'event-id', 'from', 'to', 'limit', 'dry-run', 'list'] as const).filter(
    (name) => values[name] !== undefined,
  );
  if (others.length > 0) {
    throw new UserError(
      `--all moves everything by SQS's own move task, which knows no ${others.map((name) => `--${name}`).join(', ')}.` +
        ' What waits is shown by --list.',
    );
  }
  return { all: true, ...optional('ratePerSecond', numberFrom(values.rate)) };
}

function redriveFrom(values: Values): RedriveOptions['payload'] {
  const filter = {
    ...optional('reasons', values.reason),
    ...optional('eventTypes', values.type),
    ...optional('eventIds', values['event-id']),
    ...optional('receivedFrom', values.from),
    ...optional('receivedTo', values.to),
  };
  const dryRun = values['dry-run'] === true || values.list === true;
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
  return {
    filter,
    dryRun,
    ...optional('limit', numberFrom(values.limit)),
    ...optional('ratePerSecond', numberFrom(values.rate)),
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

function numberFrom(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

function optional(name: string, value: unknown): Record<string, unknown> {
  return value === undefined ? {} : { [name]: value };
}
