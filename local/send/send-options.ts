/** What `npm run send` is asked for. */
import { parseArgs } from 'node:util';
import { UserError } from '../../cli/user-error.ts';

/** The options, checked. */
export interface SendOptions {
  /** How many events; undefined: as many as the file has, or one. */
  readonly count: number | undefined;
  /** How many further deliveries of each event. */
  readonly duplicates: number;
  /** Over how many contacts; undefined: one for each event. */
  readonly contacts: number | undefined;
  /** Deliveries a second; undefined: as fast as they are answered. */
  readonly ratePerSecond: number | undefined;
  readonly file: string | undefined;
  /** A file of EventBridge events, for the delivery queue instead of the webhook. */
  readonly partner: string | undefined;
  readonly asIs: boolean;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** The text of `--help`. */
export const SEND_HELP = `Signs events, sends them to the pipeline on this machine, and waits until all have been dealt with.

  npm run send -- [options]

  --count N         events to send (1, or what the file has)
  --duplicates K    further deliveries of each event, in shuffled order (0)
  --contacts C      contacts that the events are spread over (one for each event)
  --rate R          deliveries a second (as fast as they are answered)
  --file PATH       an event, or a list of them, to send instead of made-up ones; each gets a new id and the present time
  --partner PATH    events of the partner event bus from a file, put into the delivery queue as EventBridge would
  --as-is           send the file's bytes exactly as they are, as one event
  --connections N   connections to send over (16)
  --timeout S       how many seconds to wait for the events to be dealt with (900)
  --json            print the summary as JSON
  -h, --help        this text

Finds the pipeline by DATA_DIR (.local), as npm start does. Ends with 0 if every event was dealt with exactly
once, with 1 if not, with 2 for wrong options.
`;

/** Reads the options, or undefined where help was asked for. */
export function readSendOptions(args: readonly string[]): SendOptions | undefined {
  const { values } = parse(args);
  if (values.help === true) return undefined;
  const asIs = values['as-is'] === true;
  if (asIs && values.file === undefined && values.partner === undefined)
    throw new UserError('--as-is sends a file: it needs --file or --partner');
  if (values.partner !== undefined && (values.file !== undefined || values.contacts !== undefined)) {
    throw new UserError('--partner sends the events of its file, to their own contacts: without --file and --contacts');
  }
  if (asIs && (values.count !== undefined || values.contacts !== undefined)) {
    throw new UserError(
      '--as-is sends the file as one event: it goes with --duplicates, not with --count or --contacts',
    );
  }
  return {
    count: whole('--count', values.count, 1),
    duplicates: whole('--duplicates', values.duplicates, 0) ?? 0,
    contacts: whole('--contacts', values.contacts, 1),
    ratePerSecond: positive('--rate', values.rate),
    file: values.file,
    partner: values.partner,
    asIs,
    connections: whole('--connections', values.connections, 1) ?? 16,
    timeoutMs: (positive('--timeout', values.timeout) ?? 900) * 1_000,
    json: values.json === true,
  };
}

function parse(args: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...args],
      options: {
        count: text,
        duplicates: text,
        contacts: text,
        rate: text,
        file: text,
        partner: text,
        connections: text,
        timeout: text,
        'as-is': flag,
        json: flag,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run send -- --help says what there is)`);
  }
}

function whole(name: string, value: string | undefined, min: number): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d{1,9}$/.test(value) || number < min)
    throw new UserError(`${name} ${value}: must be a whole number from ${min} on`);
  return number;
}

function positive(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d{1,9}(\.\d+)?$/.test(value) || number <= 0)
    throw new UserError(`${name} ${value}: must be a number above 0`);
  return number;
}
