/** A logged call in words and times. */
import type { LogCall } from '../domain/crm/action.ts';

/** The customer's address, if the action has it. */
export function customerOf({ direction, from, to }: LogCall): string | undefined {
  return direction === 'inbound' ? from : to;
}

/** When the call ended, ISO 8601 in UTC. */
export function callEndsAt({ startedAt, durationMs }: LogCall): string {
  return new Date(Date.parse(startedAt) + durationMs).toISOString();
}

/** Everything about the call that has no field of its own, one line each. */
export function describeCall(action: LogCall): string {
  const { direction, from, to, durationMs, outcome, queue, agent, notes, conversationId } = action;
  const lines = [
    `${direction === 'inbound' ? 'Inbound' : 'Outbound'} call, ${Math.round(durationMs / 1_000)} s`,
    from === undefined ? undefined : `From: ${from}`,
    to === undefined ? undefined : `To: ${to}`,
    outcome === undefined ? undefined : `Outcome: ${outcome}`,
    queue === undefined ? undefined : `Queue: ${queue}`,
    agent === undefined ? undefined : `Agent: ${agent}`,
    `Conversation: ${conversationId}`,
    notes,
  ];
  return lines.filter((line) => line !== undefined).join('\n');
}

/** Cut to what the CRM's field holds, between characters. */
export function text(value: string, max: number): string {
  return value.length <= max ? value : value.slice(0, max).replace(/[\ud800-\udbff]$/, '');
}
