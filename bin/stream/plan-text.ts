/** Plans and streams as text. */
import type { RemoteStream } from './genesys-streams.ts';
import type { PlannedChange, StreamPlan } from './stream-plan.ts';

const SECRET_NOT_TOLD =
  '  The secret is taken to be in place: Genesys Cloud does not tell it. --resend-secret sends it again.';

const MARKS = { add: '+', change: '~', remove: '-' } as const;

/** A plan as it is shown before it is carried out. */
export function formatPlan(name: string, plan: StreamPlan): string {
  switch (plan.kind) {
    case 'none':
      return [`= stream ${name} is as the file says`, ...(plan.secret === 'not told' ? [SECRET_NOT_TOLD] : [])].join(
        '\n',
      );
    case 'add':
      return [`+ stream ${name}`, ...formatChanges(plan.changes)].join('\n');
    case 'change':
      return [`~ stream ${name} (${plan.id})`, ...formatChanges(plan.changes)].join('\n');
    default:
      return plan satisfies never;
  }
}

/** Differences, one a line. */
export function formatChanges(changes: readonly PlannedChange[]): string[] {
  const width = Math.max(...changes.map(({ what }) => what.length));
  return changes.map(({ what, action, from, to }) => {
    const values = [from, to].filter((value) => value !== undefined).join(' → ');
    return `  ${MARKS[action]} ${what.padEnd(width)}  ${values}`;
  });
}

/** What can be told of a stream: never its secret. */
export function publicStream({ id, name, description, enabled, destination, routingRules }: RemoteStream) {
  return { id, name, description, enabled, destination, routingRules };
}

/** One stream in full. */
export function formatStream(stream: RemoteStream): string {
  const { id, name, description, enabled, destination, routingRules } = publicStream(stream);
  return [
    `stream ${name}`,
    `  id           ${id}`,
    `  description  ${description}`,
    `  enabled      ${enabled ? 'yes' : 'no'}`,
    `  destination  ${destination.type} ${destination.url}`,
    ...routingRules.map((rule) => `  rule         ${rule.name}: ${rule.condition}${rule.enabled ? '' : ' (off)'}`),
  ].join('\n');
}

/** All streams, a line each. */
export function formatStreams(streams: readonly RemoteStream[]): string {
  if (streams.length === 0) return 'There are no streams.';
  const width = Math.max(...streams.map(({ name }) => name.length));
  return streams
    .map(
      ({ id, name, enabled, destination, routingRules }) =>
        `${name.padEnd(width)}  ${id}  ${enabled ? 'on ' : 'off'}  rules ${routingRules.length}  ${destination.url}`,
    )
    .join('\n');
}
