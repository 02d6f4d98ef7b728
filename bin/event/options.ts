/** Options of `npm run event`. */
import { npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { UserError } from '../../cli/user-error.ts';

/** The request, checked. `stack` undefined: the pipeline on this machine. */
export type EventRequest = { readonly stack: string | undefined; readonly json: boolean } & (
  | { readonly kind: 'life'; readonly eventId: string }
  /** By phone number or address, or by an ordering key. */
  | { readonly kind: 'contact'; readonly contact: string; readonly limit: number }
  /** Erases the contact's personal data; a dry run only reports. */
  | { readonly kind: 'erase'; readonly contact: string; readonly dryRun: boolean }
  | { readonly kind: 'interaction'; readonly interactionId: string; readonly limit: number }
  /** Unsettled events received more than `olderThanMs` ago; the oldest `limit` are listed. */
  | { readonly kind: 'unsettled'; readonly olderThanMs: number; readonly limit: number }
);

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readEventRequest(argv: readonly string[]): EventRequest {
  const { args, values } = parse(argv);
  const { stack, json = false, unsettled, contact, interaction, minutes, limit, erase, yes } = values;
  const [eventId, extra] = args;
  const searches = [unsettled, contact, interaction].filter((value) => value !== undefined);
  if (searches.length > 1) throw new UserError('One of --unsettled, --contact and --interaction at a time');
  if (minutes !== undefined && unsettled !== true) throw new UserError('--minutes goes with --unsettled');
  if (eventId !== undefined && searches.length > 0 && unsettled !== true)
    throw new UserError(`${eventId}: --contact and --interaction list events, and take no id`);
  if (erase === true && contact === undefined) throw new UserError('--erase goes with --contact');
  if (yes === true && erase !== true) throw new UserError('--yes goes with --erase');
  if (erase === true && limit !== undefined) throw new UserError('--erase erases all: it takes no --limit');
  if (contact !== undefined && erase === true) return { stack, json, kind: 'erase', contact, dryRun: yes !== true };
  if (contact !== undefined) return { stack, json, kind: 'contact', contact, limit: limit ?? 10 };
  if (interaction !== undefined)
    return { stack, json, kind: 'interaction', interactionId: interaction, limit: limit ?? 50 };
  if (unsettled === true) {
    if (eventId !== undefined) throw new UserError(`${eventId}: --unsettled lists events, and takes no id`);
    return { stack, json, kind: 'unsettled', olderThanMs: (minutes ?? 60) * 60_000, limit: limit ?? 50 };
  }
  if (limit !== undefined) throw new UserError('--limit goes with --unsettled, --contact and --interaction');
  if (eventId === undefined)
    throw new UserError(
      'Which event? npm run event -- <id>, --contact NUMBER, --interaction ID, or --unsettled (--help has it all)',
    );
  if (extra !== undefined)
    throw new UserError(`${extra}: one event at a time; put an id with spaces in it into quotes`);
  return { stack, json, kind: 'life', eventId };
}

function parse(argv: readonly string[]) {
  const command = npmCommand('event')
    .description('Prints the history of an event, or lists unsettled events.')
    .usage(
      '<id> [options]\n       npm run event -- --contact +15550100 [--erase [--yes]]\n       npm run event -- --unsettled [options]',
    )
    .argument('[id]', 'an eventBridgeEventId, or the key of a row (BODY#…, REUSED#…, REPLAY#…)')
    // Refused above: an id may have spaces in it.
    .allowExcessArguments()
    .option('--unsettled', 'list events that are neither final nor in quarantine, and what each waits for')
    .option(
      '--contact <number>',
      'a phone number or address (or an ordering key of your mapping): its row, its last events, and why the newest was or was not applied',
    )
    .option('--erase', 'with --contact: show which personal data of the contact would be erased; --yes erases it')
    .option('--yes', 'with --erase: erase')
    .option('--interaction <id>', 'the events of an interaction or conversation')
    .option('--minutes <n>', 'with --unsettled: only those received more than n minutes ago (60)', wholeNumber(0))
    .option(
      '--limit <n>',
      'list n events (50 unsettled or of an interaction, 10 of a contact); all are counted',
      wholeNumber(1),
    )
    .option('--stack <name>', 'the deployed stack, in the account and region of the AWS SDK (else: this machine)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
An id costs a few read units. The other searches read the whole state table once, at half a read unit for each 4 KB, and
print the price first; --erase reads at twice that price, and receives and releases every message of quarantine.
The pipeline on this machine is found by DATA_DIR (.local), as npm start does.
Exit code: 0 if the event is known, or no event is unsettled, or the contact is or can be erased; 1 if not; 2 for wrong options.`,
    );
  const parsed = parseArguments(command, argv);
  return { args: parsed.args, values: parsed.opts() };
}
