/** Options of `npm run replay`. */
import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { collect, npmCommand, parseArguments, wholeNumber } from '../../cli/command.ts';
import { quoted } from '../../cli/shell.ts';
import { UserError } from '../../cli/user-error.ts';
import { contactAddressFrom } from '../../lambdas/domain/event/contact-address.ts';
import { isReplayId } from '../../lambdas/domain/replay/replay-id.ts';
import {
  type ArchivePlace,
  parseReplayRequest,
  type ReplayPayload,
} from '../../lambdas/domain/replay/replay-request.ts';

/** The options, checked. `stack` undefined: the pipeline on this machine. */
export type ReplayOptions = { readonly stack: string | undefined; readonly json: boolean } & (
  | {
      readonly kind: 'send';
      /** The request as the function is sent it. */
      readonly payload: ReplayPayload;
      /** The command that goes on with this replay. */
      readonly resume: (after: ArchivePlace | undefined) => string;
    }
  /** Count the ends of a replay's events. */
  | { readonly kind: 'status'; readonly replayId: string }
);

/** Default of `--rate`, below that of a redrive (50): live events come first. */
const RATE = 20;

/** Reads the command line. Throws HelpRequested, or a UserError that names what is wrong. */
export function readReplayOptions(argv: readonly string[], nowMs = Date.now()): ReplayOptions {
  const values = parse(argv);
  const { stack, json = false, status } = values;
  if (status !== undefined) {
    if (!isReplayId(status)) throw new UserError(`--status ${status}: must be the id that a replay has printed`);
    return { kind: 'status', stack, json, replayId: status };
  }
  const payload = payloadFrom(values, nowMs);
  return { kind: 'send', stack, json, payload, resume: (after) => resumeCommand(payload, values, after) };
}

type Values = ReturnType<typeof parse>;

function parse(argv: readonly string[]) {
  const command = npmCommand('replay')
    .description('Sends archived deliveries through the pipeline again, for a mapping that wrote wrong data.')
    .usage(
      [
        '--from TIME --dry-run                what would be sent',
        '--from TIME --to TIME --reason WHY   sends it',
        '--status ID                          how its events have ended',
      ].join('\n       npm run replay -- '),
    )
    .optionsGroup('What to send (all that is given must fit; --type several times):')
    .option('--from <time>', 'received by the processor at this time or later: 2026-01-31T09:30:00Z')
    .option('--to <time>', 'received before this time (now)')
    .option('--type <type>', 'the event’s type, such as interaction.created', collect)
    .option('--contact <number>', 'the customer’s number or address')
    .optionsGroup('How:')
    .option('--reason <why>', 'why it is sent again, for the log; needed unless --dry-run')
    .option('--rate <n>', `send at most n a second (${RATE})`, wholeNumber(1, 1_000))
    .option('--dry-run', 'count what would be sent, and send nothing')
    .option('--id <id>', 'go on with this replay: what was sent under its id is not applied again')
    .option('--after <place>', 'with --id: the place that it has printed; else from the beginning')
    .option('--status <id>', 'count how the events of this replay have ended; reads the whole state table')
    .option('--stack <name>', 'the deployed stack, in the account and region of the AWS SDK (else: this machine)')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `
Needs an archive: archive.days. Of each contact only the newest event is applied again, so that no older value replaces a
newer one; older events end as STALE. Events without an ordering key are all applied again. Live events come first where
crm.rate is set. Safe to run again with --id, and to interrupt.
Exit code: 0 if everything was sent, or the replay is known; 1 if not, or if an object is damaged; 2 for wrong options.`,
    );
  return parseArguments(command, argv).opts();
}

function payloadFrom(values: Values, nowMs: number): ReplayPayload {
  const { from, to = new Date(nowMs).toISOString(), type = [], contact, reason, rate = RATE, id, after } = values;
  const isDry = values.dryRun === true;
  if (from === undefined) throw new UserError('From when on? --from 2026-01-31T09:30:00Z (--help lists the options)');
  if (reason === undefined && !isDry)
    throw new UserError('Why? --reason TEXT goes into the log; or look first, with --dry-run');
  if (after !== undefined && id === undefined) throw new UserError('--after goes with --id');
  const contactAddress = contact === undefined ? undefined : contactAddressFrom(contact);
  if (contact !== undefined && contactAddress === undefined) throw new UserError(`--contact ${contact}: is no address`);
  const payload: ReplayPayload = {
    replayId: id ?? newReplayId(nowMs),
    from,
    to,
    types: type,
    ...(contactAddress === undefined ? {} : { contactAddress }),
    ratePerSecond: rate,
    dryRun: isDry,
    by: userInfo().username,
    reason: reason ?? 'dry run',
    ...(after === undefined ? {} : { after: placeFrom(after) }),
  };
  const parsed = parseReplayRequest(payload);
  if (parsed.kind === 'refused') throw new UserError(parsed.problems.map(nameOption).join('\n'));
  return payload;
}

function nameOption(problem: string): string {
  return `--${problem.replace(/^replayId:/, 'id:').replace(/^types\.\d+:/, 'type:')}`;
}

/** Sorted by time, and one of its kind. */
function newReplayId(nowMs: number): string {
  const time = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  return `${time}-${randomBytes(3).toString('hex')}`;
}

function placeFrom(text: string): ArchivePlace {
  const [, key, count] = /^(.+):(\d{1,9})$/.exec(text) ?? [];
  if (key === undefined) throw new UserError(`--after ${text}: must be the place that a replay has printed`);
  return { key, count: Number(count) };
}

function resumeCommand(payload: ReplayPayload, { stack, contact }: Values, after: ArchivePlace | undefined): string {
  const { replayId, from, to, types = [], reason, ratePerSecond, dryRun } = payload;
  const options: readonly (readonly [string, string | undefined])[] = [
    ['--from', from],
    ['--to', to],
    ...types.map((type) => ['--type', type] as const),
    ['--contact', contact],
    // The reason of a dry run is ours: with it the command would send.
    ['--reason', dryRun === true ? undefined : reason],
    ['--rate', String(ratePerSecond)],
    ['--stack', stack],
    ['--id', replayId],
    ['--after', after === undefined ? undefined : `${after.key}:${after.count}`],
  ];
  const words = options.flatMap(([name, value]) => (value === undefined ? [] : [name, quoted(value)]));
  return `npm run replay -- ${[...words, ...(dryRun === true ? ['--dry-run'] : [])].join(' ')}`;
}
