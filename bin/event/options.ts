/** What `npm run event` is asked for. */
import { parseArgs } from 'node:util';
import { UserError } from '../../cli/user-error.ts';

/** The request, checked. `stack` undefined: the pipeline on this machine. */
export type EventRequest = { readonly stack: string | undefined; readonly json: boolean } & (
  | { readonly kind: 'life'; readonly eventId: string }
  /** Events that have been on their way for longer than `olderThanMs`; `limit` of them are listed. */
  | { readonly kind: 'unsettled'; readonly olderThanMs: number; readonly limit: number }
);

/** The text of `--help`. */
export const EVENT_HELP = `Tells the life of an event, or finds events that have come to no end.

  npm run event -- <id> [options]
  npm run event -- --unsettled [options]

  <id>            an eventBridgeEventId, or the key of a row (BODY#…, REUSED#…)
  --unsettled     events that are neither final nor in quarantine, each with what it waits for
  --minutes N     with --unsettled: only those received more than N minutes ago (60)
  --limit N       with --unsettled: how many to list, oldest first (50); all are counted
  --stack NAME    the deployed stack of this name, in the account and region of the AWS SDK (else: this machine)
  --json          print JSON
  -h, --help      this text

An id costs a few read units. --unsettled is exact and reads the whole state table once, at half a read unit for each
4 KB, for which it says the price before it begins.
Finds the pipeline on this machine by DATA_DIR (.local), as npm start does. Ends with 0 if the event is known, or if
there is no unsettled one; with 1 if not; with 2 for wrong options.
`;

/** Reads a command line, or undefined where help was asked for. Refuses what cannot be meant, naming it. */
export function readEventRequest(argv: readonly string[]): EventRequest | undefined {
  const { values, positionals } = parse(argv);
  if (values.help === true) return undefined;
  const common = { stack: values.stack, json: values.json === true };
  const [eventId, extra] = positionals;
  if (values.unsettled === true) {
    if (eventId !== undefined) throw new UserError(`${eventId}: --unsettled lists events, and takes no id`);
    const minutes = whole('--minutes', values.minutes, 0) ?? 60;
    return {
      ...common,
      kind: 'unsettled',
      olderThanMs: minutes * 60_000,
      limit: whole('--limit', values.limit, 1) ?? 50,
    };
  }
  if (values.minutes !== undefined || values.limit !== undefined)
    throw new UserError('--minutes and --limit go with --unsettled');
  if (eventId === undefined)
    throw new UserError('Which event? npm run event -- <id>, or --unsettled (--help has it all)');
  if (extra !== undefined)
    throw new UserError(`${extra}: one event at a time; put an id with spaces in it into quotes`);
  return { ...common, kind: 'life', eventId };
}

function parse(argv: readonly string[]) {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        unsettled: flag,
        minutes: text,
        limit: text,
        stack: text,
        json: flag,
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UserError(`${(error as Error).message.split('. ')[0]} (npm run event -- --help says what there is)`);
  }
}

function whole(name: string, text: string | undefined, min: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text) || Number(text) < min)
    throw new UserError(`${name} ${text}: must be a whole number from ${min} on`);
  return Number(text);
}
