/**
 * The state table in memory. It carries out what the domain's rules decide, as the DynamoDB adapter
 * does; the contract tests hold both to the same answers and the same rows.
 */
import { mustBeAbsent, type UserRow, type UserRowWrite } from '../../../lambdas/domain/crm/mapping.ts';
import {
  type ContactRow,
  claimedContact,
  decideContact,
  isUnsettledBy,
  releasedContact,
} from '../../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow, ExpectedRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import type {
  ClaimResult,
  ClaimWrite,
  IdempotencyStore,
  ReadAhead,
  SettleResult,
  SettleWrite,
  Unavailable,
} from '../../../lambdas/ports.ts';
import { MemoryCircuitBreakerStore } from './circuit-store.memory.ts';

/** The rules of contacts, which a simulation of deliberate faults replaces. */
export interface ContactRules {
  readonly decideContact: typeof decideContact;
  readonly claimedContact: typeof claimedContact;
  readonly releasedContact: typeof releasedContact;
}

const SHIPPED_RULES: ContactRules = { decideContact, claimedContact, releasedContact };

/** Keys that one BatchGetItem takes. */
const BATCH_GET_KEYS = 100;

/** An answer of the table itself, which is never unavailable. */
type Answer<Result> = Exclude<Result, Unavailable>;

/**
 * All rows. The `…Now` methods are what the ports do, at one instant: a scheduler may decide when
 * that is.
 */
export class MemoryIdempotencyStore implements IdempotencyStore {
  readonly events = new Map<string, EventRow>();
  readonly contacts = new Map<string, ContactRow>();
  readonly userRows = new Map<string, UserRow['item']>();
  /** The same table's row of the circuit. */
  readonly circuit: MemoryCircuitBreakerStore;
  readonly #rules: ContactRules;

  constructor(rules: ContactRules = SHIPPED_RULES, circuit = new MemoryCircuitBreakerStore()) {
    this.#rules = rules;
    this.circuit = circuit;
  }

  async readAhead(keys: Parameters<IdempotencyStore['readAhead']>[0]): Promise<ReadAhead | Unavailable> {
    // As BatchGetItem, which reads the circuit breaker's row as well.
    const count = new Set([...keys.events, ...keys.contacts]).size + 1;
    if (count > BATCH_GET_KEYS) return { kind: 'unavailable', cause: 'DynamoDB: ValidationException' };
    return this.readAheadNow(keys);
  }

  async claim(write: ClaimWrite): Promise<ClaimResult> {
    return this.claimNow(write);
  }

  async settle(write: SettleWrite): Promise<SettleResult> {
    return this.settleNow(write);
  }

  /** The rows that are there; an absent row is not in the answer. */
  readAheadNow(keys: Parameters<IdempotencyStore['readAhead']>[0]): ReadAhead {
    return {
      events: pick(this.events, keys.events),
      contacts: pick(this.contacts, keys.contacts),
      absentContacts: new Set(keys.contacts.filter((key) => !this.contacts.has(key))),
      circuitBreaker: this.circuit.readNow(),
    };
  }

  /** All or nothing, at this instant. */
  claimNow(write: ClaimWrite): Answer<ClaimResult> {
    const { row, contact } = write;
    const event = this.events.get(write.eventKey);
    if (!isExpected(event, write.expect)) {
      if (event?.owner === row.owner && event.status === 'IN_PROGRESS') return { kind: 'claimed' };
      return event === undefined ? { kind: 'event_differs' } : { kind: 'event_differs', event };
    }
    if (contact !== undefined) {
      const held = this.contacts.get(contact.key);
      if (held === undefined && contact.mustExist === true) return { kind: 'contact_refuses' };
      const decision = this.#rules.decideContact(held, contact, row.owner, write.nowMs);
      if (decision.kind !== 'free') return refusedBy(held);
      const leaseExpiresAtMs = row.leaseExpiresAtMs ?? 0;
      this.contacts.set(
        contact.key,
        this.#rules.claimedContact(held, contact.position, row.owner, leaseExpiresAtMs, contact.expiresAt),
      );
    }
    this.events.set(write.eventKey, row);
    return { kind: 'claimed' };
  }

  /** All or nothing, at this instant. */
  settleNow(write: SettleWrite): Answer<SettleResult> {
    const { row, contact, userRows } = write;
    const event = this.events.get(write.eventKey);
    if (!isExpected(event, write.expect) || !isLive(event, write.leaseLiveAtMs)) {
      if (event?.owner === row.owner && event.status === row.status) return { kind: 'settled' };
      return event === undefined ? { kind: 'lost' } : { kind: 'lost', event };
    }
    const held = contact === undefined ? undefined : this.contacts.get(contact.key);
    if (contact !== undefined && held?.holder !== row.owner) return { kind: 'lost' };
    const { givenUp } = write;
    const waiting = givenUp === undefined ? undefined : this.contacts.get(givenUp.key);
    if (givenUp !== undefined && !isUnsettledBy(waiting, givenUp.position, givenUp.nowMs)) return refusedBy(waiting);
    if (userRows.some((userRow) => mustBeAbsent(userRow) && this.userRows.has(userRow.key)))
      return { kind: 'rows_rejected', cause: 'a row of the mapping was there already' };
    if (contact !== undefined && held !== undefined)
      this.contacts.set(
        contact.key,
        this.#rules.releasedContact(held, contact.position, contact.effect, contact.staysHeld),
      );
    if (givenUp !== undefined)
      this.contacts.set(givenUp.key, {
        ...(waiting?.newest === undefined ? {} : { newest: waiting.newest }),
        ...(waiting?.expiresAt === undefined ? {} : { expiresAt: waiting.expiresAt }),
        unsettled: '',
      });
    this.events.set(write.eventKey, row);
    this.putUserRows(userRows);
    return { kind: 'settled' };
  }

  /** Writes rows of the user's own, whatever is there. */
  putUserRows(userRows: readonly UserRowWrite[]): void {
    for (const { key, item, onlyIfAbsent, position, isReplay } of userRows) {
      const there = this.userRows.get(key);
      if (onlyIfAbsent === true && there !== undefined) continue;
      const stands = typeof there?.position === 'string' ? there.position : '';
      if (position === undefined) this.userRows.set(key, item);
      else if (stands < position || (stands === position && isReplay === true))
        this.userRows.set(key, { ...item, position });
    }
  }
}

function refusedBy(contact: ContactRow | undefined): Extract<ClaimResult, { kind: 'contact_refuses' }> {
  return contact === undefined ? { kind: 'contact_refuses' } : { kind: 'contact_refuses', contact };
}

function isExpected(row: EventRow | undefined, expect: ExpectedRow): boolean {
  if (expect === 'absent') return row === undefined;
  return row !== undefined && row.status === expect.status && row.owner === expect.owner;
}

function isLive(row: EventRow | undefined, atMs: number | undefined): boolean {
  if (atMs === undefined) return true;
  return row?.leaseExpiresAtMs !== undefined && row.leaseExpiresAtMs > atMs;
}

function pick<Row>(rows: ReadonlyMap<string, Row>, keys: readonly string[]): Map<string, Row> {
  const found = new Map<string, Row>();
  for (const key of keys) {
    const row = rows.get(key);
    if (row !== undefined) found.set(key, row);
  }
  return found;
}
