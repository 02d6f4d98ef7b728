/** Plans and streams as text. What is in them came from outside, and is made printable. */
import { printable } from '../../lambdas/domain/telemetry/redact.ts';
import type { RemoteStream } from './genesys/streams.ts';
import type { PlannedChange, StreamPlan } from './stream-plan.ts';

const SECRET_NOT_TOLD =
  '  The secret is taken to be in place: Genesys Cloud does not tell it. --resend-secret sends it again.';

const MARKS = { add: '+', change: '~', remove: '-' } as const;

/** A plan as it is shown before it is carried out. */
export function formatPlan(given: string, plan: StreamPlan): string {
  const name = printable(given);
  switch (plan.kind) {
    case 'none':
      return [`= stream ${name} is as the file says`, ...(plan.secret === 'not told' ? [SECRET_NOT_TOLD] : [])].join(
        '\n',
      );
    case 'add':
      return [`+ stream ${name}`, ...formatChanges(plan.changes)].join('\n');
    case 'change':
      return [`~ stream ${name} (${printable(plan.id)})`, ...formatChanges(plan.changes)].join('\n');
    default:
      return plan satisfies never;
  }
}

/** Differences, one a line. */
export function formatChanges(changes: readonly PlannedChange[]): string[] {
  const whats = changes.map(({ what }) => printable(what));
  const width = Math.max(...whats.map(({ length }) => length));
  return changes.map(({ action, from, to }, index) => {
    const values = [from, to].filter((value) => value !== undefined).map(printable);
    return `  ${MARKS[action]} ${whats[index]?.padEnd(width)}  ${values.join(' → ')}`;
  });
}

/** Description of a stream, without its secret. */
export function publicStream({ id, name, description, enabled, destination, routingRules }: RemoteStream) {
  return { id, name, description, enabled, destination, routingRules };
}

/** One stream in full. */
export function formatStream(stream: RemoteStream): string {
  const { id, name, description, enabled, destination, routingRules } = publicStream(stream);
  const lines = [
    `stream ${name}`,
    `  id           ${id}`,
    `  description  ${description}`,
    `  enabled      ${enabled ? 'yes' : 'no'}`,
    `  destination  ${destination.type} ${destination.url}`,
    ...routingRules.map((rule) => `  rule         ${rule.name}: ${rule.condition}${rule.enabled ? '' : ' (off)'}`),
  ];
  return lines.map(printable).join('\n');
}

/** All streams, a line each. */
export function formatStreams(streams: readonly RemoteStream[]): string {
  if (streams.length === 0) return 'There are no streams.';
  const width = Math.max(...streams.map(({ name }) => printable(name).length));
  return streams
    .map(({ id, name, enabled, destination, routingRules }) => {
      const state = enabled ? 'on ' : 'off';
      return printable(
        `${printable(name).padEnd(width)}  ${id}  ${state}  rules ${routingRules.length}  ${destination.url}`,
      );
    })
    .join('\n');
}
