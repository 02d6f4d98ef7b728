/** `npm run redrive -- --list` as text. */
import { CRM_FAULTS } from '../../lambdas/domain/crm/crm-fault.ts';
import { isAutomatic, QUARANTINE_REASONS } from '../../lambdas/domain/quarantine/quarantine-reasons.ts';
import type { ListedReason, RedriveResult } from '../../lambdas/domain/quarantine/redrive-result.ts';
import { printable } from '../../lambdas/domain/telemetry/redact.ts';

export type Listing = Extract<RedriveResult, { kind: 'listed' }>;

/** Characters of an error that fit on a line. */
const ERROR_CHARACTERS = 100;

/** The state of the CRM, then each reason: those that need a person first, then the largest. */
export function formatListing({ reasons, messages, crm }: Listing): string {
  const sorted = [...reasons].sort((one, other) => rank(one) - rank(other) || other.count - one.count);
  const events = reasons.reduce((sum, { count }) => sum + count, 0);
  const more = reasons.some((reason) => reason.more) ? '+' : '';
  const head: [string, string][] = [
    ...(crm === undefined ? [] : ([['CRM', describeCrm(crm)]] as [string, string][])),
    ['in quarantine', `${events}${more} ${events === 1 ? 'event' : 'events'}${describeMessages(messages, events)}`],
  ];
  const lines = head.map(([name, value]) => `  ${name.padEnd(15)}${value}`);
  return [...lines, ...sorted.map(formatReason)].join('\n');
}

function rank({ reason }: ListedReason): number {
  return isAutomatic(reason) ? 1 : 0;
}

function describeCrm({ circuit, fault }: NonNullable<Listing['crm']>): string {
  const open = circuit === 'open' ? 'The circuit breaker is open. ' : '';
  if (fault === undefined) return circuit === 'open' ? open.trim() : 'calls succeed';
  const { title, next } = CRM_FAULTS[fault.kind];
  const status = fault.status === undefined ? '' : ` (${fault.status})`;
  const since = time(new Date(fault.sinceMs).toISOString());
  return `${title}${status} since ${since}. ${open}${next} Last error: ${printable(fault.error)}`;
}

/** A message without a row is one that SQS moved; a copy is a second message of one event. */
function describeMessages(messages: Listing['messages'], events: number): string {
  if (messages === undefined) return '';
  const { visible, inFlight } = messages;
  const held = inFlight === 0 ? '' : `, ${inFlight} of them held by a run`;
  return visible + inFlight === events && held === '' ? '' : ` (about ${visible + inFlight} messages${held})`;
}

function formatReason({ reason, count, more, oldestAt, errors, errorsOf, sample }: ListedReason): string {
  const spec = QUARANTINE_REASONS[reason];
  const who = isAutomatic(reason) ? 'returns automatically' : 'needs a person';
  return [
    '',
    `  ${reason}: ${count}${more ? '+' : ''}, ${who}, oldest ${time(oldestAt)}`,
    `    ${spec.next}`,
    ...(errors.length > 0 && errorsOf < count ? [`    errors of the newest ${errorsOf}:`] : []),
    ...errors.map(({ error, count: times }) => `    ${times} × ${printable(error).slice(0, ERROR_CHARACTERS)}`),
    ...sample.map(({ eventId, eventType = '-', at, redrives }) =>
      `    ${printable(eventId)}  ${printable(eventType)}  ${time(at)}${redrives === 0 ? '' : `  redriven ${redrives} ×`}`.trimEnd(),
    ),
  ].join('\n');
}

function time(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}
