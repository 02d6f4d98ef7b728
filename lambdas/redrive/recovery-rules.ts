/** Which quarantined events an outage explains, so that they may go back by themselves. */
import type { CircuitBreakerRow, Outage } from '../domain/crm/circuit-breaker.ts';
import { contactKey } from '../domain/event/event-key.ts';
import { type ContactRow, decideContact, type EventRow } from '../domain/idempotency/event-row.ts';
import type { Limits } from '../domain/limits.ts';
import { QUARANTINE_REASONS } from '../domain/quarantine/quarantine-reasons.ts';
import type { SkipCause } from '../domain/quarantine/redrive-result.ts';
import type { Clock, IdempotencyStore, QuarantineIndex } from '../ports.ts';
import { type QuarantinedEvent, redriveLimitReached } from './quarantined-event.ts';

/** What the rules look at. */
interface RulesDependencies {
  readonly store: Pick<IdempotencyStore, 'readAhead'>;
  readonly clock: Clock;
  readonly limits: Limits;
}

/** The outages that may have put events into quarantine, the present one included. */
export function outagesOf(circuit: CircuitBreakerRow): readonly Outage[] {
  if (circuit.state === 'CLOSED') return circuit.outages;
  return [...circuit.outages, { openedAtMs: circuit.openedAtMs ?? 0, closedAtMs: Number.MAX_SAFE_INTEGER }];
}

/**
 * Whether the index knows of an event that recovery may take back. To look through quarantine is to hide it from
 * others for a while, so that this is not done every minute for events that wait for a person.
 */
export async function hasRecoverable(
  circuit: CircuitBreakerRow,
  { index, limits }: { readonly index: QuarantineIndex; readonly limits: Limits },
): Promise<boolean> {
  const { clockSkewMs, redrivesMax } = limits;
  const ever = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const candidates = [
    { reason: 'circuit_open', ...ever, redrivesBelow: Number.MAX_SAFE_INTEGER },
    { reason: 'behind_newer', ...ever, redrivesBelow: redrivesMax },
    ...outagesOf(circuit).map(({ openedAtMs, closedAtMs }) => ({
      reason: 'retries_exhausted' as const,
      fromMs: openedAtMs - clockSkewMs,
      toMs: closedAtMs + clockSkewMs,
      redrivesBelow: redrivesMax,
    })),
  ] as const;
  for (const candidate of candidates) {
    const held = await index.holdsAny(candidate);
    // Not to know is no reason not to look.
    if (held.kind === 'unavailable' || held.any) return true;
  }
  return false;
}

/** The rules for some events, with what the state table says of them. */
export class RecoveryRules {
  readonly #outages: readonly Outage[];
  readonly #rows: ReadonlyMap<string, EventRow>;
  readonly #contacts: ReadonlyMap<string, ContactRow>;
  readonly #nowMs: number;
  readonly #limits: Limits;

  private constructor(
    outages: readonly Outage[],
    rows: ReadonlyMap<string, EventRow>,
    contacts: ReadonlyMap<string, ContactRow>,
    { clock, limits }: RulesDependencies,
  ) {
    this.#outages = outages;
    this.#rows = rows;
    this.#contacts = contacts;
    this.#nowMs = clock.now();
    this.#limits = limits;
  }

  /** Reads the contacts of those that wait for a newer event. What cannot be read is not known, and stays. */
  static async read(
    events: readonly QuarantinedEvent[],
    outages: readonly Outage[],
    deps: RulesDependencies,
  ): Promise<RecoveryRules> {
    const keys = new Set(events.flatMap(({ reason, event }) => (reason === 'behind_newer' ? (event?.key ?? []) : [])));
    if (keys.size === 0) return new RecoveryRules(outages, new Map(), new Map(), deps);
    const first = await deps.store.readAhead({ events: [...keys], contacts: [] });
    if ('kind' in first) return new RecoveryRules(outages, new Map(), new Map(), deps);
    const orderingKeys = new Set([...first.events.values()].flatMap(({ orderingKey }) => orderingKey ?? []));
    const second = await deps.store.readAhead({ events: [], contacts: [...orderingKeys].map(contactKey) });
    return new RecoveryRules(outages, first.events, 'kind' in second ? new Map() : second.contacts, deps);
  }

  /** Why the event has to stay, or undefined if it may go back. */
  skipCauseOf(event: QuarantinedEvent): SkipCause | undefined {
    const { recovery } = QUARANTINE_REASONS[event.reason];
    if (recovery === 'never') return 'needs_a_person';
    if (redriveLimitReached(event, this.#limits)) return 'redrives_max';
    switch (recovery) {
      case 'always':
        return undefined;
      case 'after_outage':
        return this.#isOfAnOutage(event) ? undefined : 'outside_outage';
      case 'when_newer_is_final':
        return this.#isFree(event) ? undefined : 'newer_unsettled';
      default:
        return recovery satisfies never;
    }
  }

  #isOfAnOutage({ atMs }: QuarantinedEvent): boolean {
    const { clockSkewMs } = this.#limits;
    return this.#outages.some(
      ({ openedAtMs, closedAtMs }) =>
        atMs !== undefined && atMs >= openedAtMs - clockSkewMs && atMs <= closedAtMs + clockSkewMs,
    );
  }

  /** Whether an attempt on the event would find its contact free, or the event overtaken. */
  #isFree({ event }: QuarantinedEvent): boolean {
    const row = event === undefined ? undefined : this.#rows.get(event.key);
    if (event === undefined || row === undefined) return false;
    if (row.orderingKey === undefined) return true;
    const contact = this.#contacts.get(contactKey(row.orderingKey));
    if (contact === undefined) return false;
    // As an attempt that holds nothing yet.
    const { kind } = decideContact(contact, event.position, '', this.#nowMs);
    return kind === 'free' || kind === 'overtaken';
  }
}
