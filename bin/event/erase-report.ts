/** Prints an erasure: its plan or result, the reasons to refuse, and what it cannot reach. */
import { quoted } from '../../cli/shell.ts';
import type { ErasureBlocker } from '../../lambdas/domain/idempotency/erasure.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { Erasure } from './erase.ts';
import type { FoundMessages } from './find-in-quarantine.ts';
import { utcTime } from './report.ts';

/** Data of the contact that no command of this project erases, and for how long it stays. */
export const NOT_REACHED: readonly string[] = [
  'the CRM: erase the contact there',
  'the delivery queue: bodies of events that are not settled yet, four days at most',
  'logs: event ids, types and outcomes, for logs.retentionDays (30 days)',
  'backups: point-in-time recovery of the table, 35 days; your own backups and exports',
  'the archive (archive.days): whole bodies, until they expire. A replay of that time would apply them again',
  'the archive and the dead letters of the partner event bus, if you use it; Genesys Cloud itself',
  'rows of your mapping (USER#…)',
  'events under another ordering key: calls that the vendors’ mappings log are ordered by the conversation. Erase them by that key',
];

const ORDER =
  'The order of the contact is lost with its row: an older event that arrives from now on is applied as if it were the newest.';

/** Lines of a list that are printed. */
const LISTED = 50;

/** Text for people. */
export function formatErasure(given: string, erasure: Erasure): string {
  const { outcome, contacts, events, blockers, quarantine } = erasure;
  const verb = outcome === 'erased' ? 'deleted' : 'to delete';
  const removed = outcome === 'erased' ? 'personal data removed' : 'personal data to remove';
  return [
    `${printable(given)}  ${HEADLINE[outcome]}`,
    '',
    ...listed(contacts.map(({ key }) => `${printable(key)}  ${verb}`)),
    ...listed(events.map(({ key, row }) => `${printable(key)}  ${row.status}, ${removed}`)),
    ...(contacts.length + events.length === 0 ? [] : ['']),
    ...(blockers.length === 0 ? [] : [...listed(blockers.map(formatBlocker)), '']),
    ...formatQuarantine(quarantine),
    '',
    ...(outcome === 'unknown_contact' ? [] : [`  ${ORDER}`, '']),
    '  Not reached:',
    ...NOT_REACHED.map((text) => `    ${text}`),
    ...(outcome === 'dry_run' ? ['', '  Nothing was changed. Add --yes to erase.'] : []),
  ].join('\n');
}

const HEADLINE: Readonly<Record<Erasure['outcome'], string>> = {
  dry_run: 'can be erased',
  refused: 'cannot be erased now; nothing was changed',
  erased: 'erased from the state table',
  changed: 'not completely erased: an event has been processed meanwhile. Run the command again',
  unknown_contact: 'has no rows in the state table',
};

function formatBlocker(blocker: ErasureBlocker): string {
  switch (blocker.kind) {
    case 'held':
      return `an attempt works on the contact until ${utcTime(blocker.untilMs)}: run the command again after that`;
    case 'unsettled':
      return `${printable(blocker.eventId)} has no recorded outcome: npm run event -- ${word(blocker.eventId)}`;
    case 'event':
      return blocker.status === 'QUARANTINED'
        ? `${printable(blocker.name)} is in quarantine: redrive it, or give it up: npm run redrive -- --event-id ${word(blocker.name)} --give-up "erasure"`
        : `${printable(blocker.name)} is not settled (${blocker.status}): wait until it is final or in quarantine`;
    default:
      return blocker satisfies never;
  }
}

/** An id for a printed command. The ids of the partner event bus have `|` in them. */
function word(id: string): string {
  return quoted(printable(id));
}

function formatQuarantine({ messages, incomplete }: FoundMessages): string[] {
  const gap = incomplete === undefined ? [] : [`  Quarantine was not read to its end (${printable(incomplete)}).`];
  if (messages.length === 0) return ['  No quarantined message that was read contains it.', ...gap];
  return [
    '  Quarantined messages that contain it; redrive them, or give them up by --event-id:',
    ...listed(
      messages.map(({ eventId, messageId, reason }) => `${printable(eventId ?? `message ${messageId}`)}  ${reason}`),
    ).map((line) => `  ${line}`),
    ...gap,
  ];
}

function listed(lines: readonly string[]): string[] {
  const more = lines.length > LISTED ? [`  … and ${lines.length - LISTED} more`] : [];
  return [...lines.slice(0, LISTED).map((line) => `  ${line}`), ...more];
}
