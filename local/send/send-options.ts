/** Options of `npm run send`. */
import { decimalNumber, npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';

/** The options, checked. */
export interface SendOptions {
  /** Number of events; undefined: as many as the file has, or one. */
  readonly count: number | undefined;
  /** Number of further deliveries of each event. */
  readonly duplicates: number;
  /** Over how many contacts; undefined: one for each event. */
  readonly contacts: number | undefined;
  /** Deliveries a second; undefined: as fast as they are answered. */
  readonly ratePerSecond: number | undefined;
  readonly file: string | undefined;
  /** A file of EventBridge events, for the delivery queue instead of the webhook. */
  readonly partner: string | undefined;
  readonly asIs: boolean;
  /** Print how to set the stream secret in a shell, and send nothing. */
  readonly exportSecret: boolean;
  /** One delivery after the other, by the events' timestamps. */
  readonly inOrder: boolean;
  readonly connections: number;
  readonly timeoutMs: number;
  readonly json: boolean;
}

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readSendOptions(argv: readonly string[]): SendOptions {
  const values = parse(argv);
  const {
    count,
    duplicates = 0,
    contacts,
    rate,
    file,
    partner,
    asIs = false,
    inOrder = false,
    exportSecret = false,
    json = false,
  } = values;
  if (asIs && file === undefined && partner === undefined)
    throw new UserError('--as-is sends a file: it needs --file or --partner');
  if (partner !== undefined && (file !== undefined || contacts !== undefined)) {
    throw new UserError('--partner sends the events of its file, to their own contacts: without --file and --contacts');
  }
  if (asIs && (count !== undefined || contacts !== undefined)) {
    throw new UserError(
      '--as-is sends the file as one event: it goes with --duplicates, not with --count or --contacts',
    );
  }
  if (inOrder && values.connections !== undefined)
    throw new UserError('--in-order uses one connection: it does not go with --connections');
  const { connections = inOrder ? 1 : 16, timeout = 900 } = values;
  const timeoutMs = timeout * 1_000;
  return {
    count,
    duplicates,
    contacts,
    ratePerSecond: rate,
    file,
    partner,
    asIs,
    inOrder,
    exportSecret,
    connections,
    timeoutMs,
    json,
  };
}

function parse(argv: readonly string[]) {
  const command = npmCommand('send')
    .description('Signs events, sends them to the pipeline on this machine, and waits until all have been dealt with.')
    .option('--count <n>', 'events to send (1, or what the file has)', wholeNumber(1))
    .option('--duplicates <n>', 'further deliveries of each event, in shuffled order (0)', wholeNumber(0))
    .option('--contacts <n>', 'contacts that the events are spread over (one for each event)', wholeNumber(1))
    .option('--rate <n>', 'deliveries a second (as fast as they are answered)', decimalNumber())
    .option('--file <path>', 'an event, or a list of events, to send; each gets a new id and the present time')
    .option('--partner <path>', 'events of the partner event bus, put into the delivery queue as EventBridge would')
    .option('--as-is', 'send the file’s bytes exactly as they are, as one event')
    .option('--export-secret', 'print the line that sets EVENTBRIDGE_SECRET in a shell, for curl, and send nothing')
    .option('--in-order', 'by the events’ timestamps, one delivery after the other (shuffled, side by side)')
    .option('--connections <n>', 'connections to send over (16)', wholeNumber(1))
    .option('--timeout <s>', 'how many seconds to wait for the events to be dealt with (900)', decimalNumber())
    .option('--json', 'print the summary as JSON')
    .addHelpText(
      'after',
      `
Finds the pipeline by DATA_DIR (.local), as npm start does. Exit code: 0 if every event was settled and none
applied twice, 1 if not (also if some wait in quarantine), 2 for wrong options.`,
    );
  return parseArguments(command, argv).opts();
}
