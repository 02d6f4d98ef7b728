/**
 * Mistakes that a protocol such as this may have, each put into the code under test from outside. A
 * simulation that does not find them would not find ours.
 */
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import {
  type ContactDecision,
  type ContactRow,
  claimedContact,
  decideContact,
  releasedContact,
} from '../../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow, ExpectedRow } from '../../../lambdas/domain/idempotency/event-row.ts';
import type { CrmTransport, TransportRequest, TransportResult } from '../../../lambdas/ports.ts';
import { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import { SharedCircuitBreaker } from '../../../lambdas/processor/shared-circuit-breaker.ts';
import { namesOf } from '../../harness/digest-key.ts';
import type { ContactRules, MemoryIdempotencyStore } from '../../harness/fakes/idempotency-store.memory.ts';
import type { Mutation } from './mutation.ts';

/** One mistake. */
export interface Mutant {
  readonly name: string;
  readonly mutation: Mutation;
  /** The simulation has to find it within so many seeds. Absent: the exploration finds it. */
  readonly seeds?: number;
}

const SHIPPED: ContactRules = { decideContact, claimedContact, releasedContact };

/** Event rows as an attempt is made to see them. */
function seenAs(change: (row: EventRow) => EventRow | undefined) {
  return (store: MemoryIdempotencyStore): void => {
    const read = store.readAheadNow.bind(store);
    store.readAheadNow = (keys) => {
      const { events, ...others } = read(keys);
      const changed = [...events].flatMap(([key, row]) => {
        const seen = change(row);
        return seen === undefined ? [] : [[key, seen] as const];
      });
      return { ...others, events: new Map(changed) };
    };
  };
}

/** Rows of contacts as an attempt is made to see them. */
function contactsSeenAs(change: (row: ContactRow) => ContactRow) {
  return (store: MemoryIdempotencyStore): void => {
    const read = store.readAheadNow.bind(store);
    store.readAheadNow = (keys) => {
      const { contacts, ...others } = read(keys);
      return { ...others, contacts: new Map([...contacts].map(([key, row]) => [key, change(row)])) };
    };
  };
}

/** Event rows as they are settled. */
function settledAs(change: (row: EventRow) => EventRow) {
  return (store: MemoryIdempotencyStore): void => {
    const settle = store.settleNow.bind(store);
    store.settleNow = (write) => settle({ ...write, row: change(write.row) });
  };
}

/** A contact as if what its holder is about to apply were applied. */
function asApplied(row: ContactRow): ContactRow {
  return row.holder === undefined || row.unsettled === undefined ? row : { ...row, newest: row.unsettled };
}

function withoutUnsettled({ unsettled: _unsettled, ...row }: ContactRow): ContactRow {
  return row;
}

/** Whatever version of a row there is, it is the expected one. */
function versionOf(store: MemoryIdempotencyStore, key: string): ExpectedRow {
  const row = store.events.get(key);
  return row === undefined ? 'absent' : { status: row.status, owner: row.owner };
}

function holdContact(store: MemoryIdempotencyStore, key: string | undefined, owner: string): void {
  const contact = key === undefined ? undefined : store.contacts.get(key);
  if (key !== undefined && contact !== undefined) store.contacts.set(key, { ...contact, holder: owner });
}

function settleWithoutOwnerCheck(store: MemoryIdempotencyStore): void {
  const settle = store.settleNow.bind(store);
  store.settleNow = ({ leaseLiveAtMs: _live, ...write }) => {
    holdContact(store, write.contact?.key, write.row.owner);
    return settle({ ...write, expect: versionOf(store, write.eventKey) });
  };
}

function claimWithoutCondition(store: MemoryIdempotencyStore): void {
  const claim = store.claimNow.bind(store);
  store.claimNow = (write) => claim({ ...write, expect: versionOf(store, write.eventKey) });
  seenAs((row) => (row.status === 'COMPLETED' ? undefined : row))(store);
}

function claimEventsOnly(store: MemoryIdempotencyStore): void {
  const claim = store.claimNow.bind(store);
  const settle = store.settleNow.bind(store);
  store.claimNow = ({ contact: _contact, ...write }) => claim(write);
  store.settleNow = ({ contact: _contact, ...write }) => settle(write);
}

/** Contacts of the worlds by the names that version 0.1.0 gave their rows. */
const FORMER_KEYS = new Set(['+0', '+1'].map((contact) => namesOf(contact).former.key));

function withoutFormerContacts(store: MemoryIdempotencyStore): void {
  const read = store.readAheadNow.bind(store);
  store.readAheadNow = (keys) => {
    const found = read(keys);
    const contacts = [...found.contacts].filter(([key]) => !FORMER_KEYS.has(key));
    const absent = keys.contacts.filter((key) => FORMER_KEYS.has(key));
    return { ...found, contacts: new Map(contacts), absentContacts: new Set([...found.absentContacts, ...absent]) };
  };
}

function withoutNewest({ newest: _newest, ...row }: ContactRow): ContactRow {
  return row;
}

/** Contact rules with one of them changed. */
function rules(changed: Partial<ContactRules>): Mutation {
  return { rules: { ...SHIPPED, ...changed } };
}

function withoutLeases(...[row, position, owner]: Parameters<typeof decideContact>): ContactDecision {
  return decideContact(row, position, owner, Number.POSITIVE_INFINITY);
}

/** The adapter with its responses changed. */
function responses(change: (response: CrmResponse) => CrmResponse): Mutation {
  return {
    processor: (deps) => ({
      ...deps,
      crm: { deliver: async (...call) => change(await deps.crm.deliver(...call)) },
    }),
  };
}

/** As if the refused request had been the only one. */
function withoutRepetition(response: CrmResponse): CrmResponse {
  if (response.kind !== 'answered' || response.status < 300) return response;
  const { isRepeated: _repeated, ...rest } = response;
  return rest;
}

/** As if no request before the last had been applied. */
function withoutEarlier(response: CrmResponse): CrmResponse {
  const { isPartlyApplied: _partly, ...rest } = response;
  return rest;
}

/** As if the request that was reset had ended. */
function withoutReset(response: CrmResponse): CrmResponse {
  if (response.kind !== 'answered' || response.status >= 300) return response;
  const { isRepeated: _repeated, ...rest } = response;
  return rest;
}

/** Sends the first request of each action, and makes up the others' success. */
class FirstRequestOnly implements CrmTransport {
  readonly #transport: CrmTransport;

  constructor(transport: CrmTransport) {
    this.#transport = transport;
  }

  async send(request: TransportRequest, budgetMs: number): Promise<TransportResult> {
    if (request.path === '/' || request.path === '/1') return this.#transport.send(request, budgetMs);
    return { kind: 'answered', status: 200, headers: {}, text: '' };
  }
}

/** As if the status alone said what became of a batch. */
function withoutBody(transport: CrmTransport): CrmTransport {
  return {
    send: async (...request) => {
      const result = await transport.send(...request);
      return result.kind === 'answered' && result.status === 207 ? { ...result, status: 200 } : result;
    },
  };
}

function notSentIfInDoubt(answer: CrmResponse): CrmResponse {
  const doubtful = answer.kind === 'unknown' || (answer.kind === 'answered' && answer.status >= 500);
  return doubtful ? { kind: 'not_sent', cause: 'taken for not sent' } : answer;
}

/**
 * All of them, with how many seeds may be needed: at least five times what they took when this was
 * written.
 */
export const MUTANTS: readonly Mutant[] = [
  { name: 'an attempt settles what another one owns', mutation: { store: settleWithoutOwnerCheck }, seeds: 300 },
  {
    name: 'an event that failed passes for one that is done',
    mutation: { store: seenAs((row) => (row.status === 'FAILED' ? { ...row, status: 'COMPLETED' } : row)) },
    seeds: 300,
  },
  {
    name: 'the lease ends while its owner works',
    mutation: { limits: (limits) => ({ ...limits, leaseMs: 2_000 }) },
    seeds: 300,
  },
  {
    name: 'the sender is answered before its event is persisted',
    mutation: {
      ingest: (deps) => ({
        ...deps,
        deliveryQueue: {
          send: async (envelope) => {
            void deps.deliveryQueue.send(envelope);
            return { kind: 'sent' };
          },
        },
      }),
    },
    seeds: 300,
  },
  { name: 'an event is claimed, and its contact is not', mutation: { store: claimEventsOnly }, seeds: 300 },
  { name: 'claims have no condition', mutation: { store: claimWithoutCondition }, seeds: 300 },
  {
    name: 'live leases are ignored',
    mutation: {
      ...rules({ decideContact: withoutLeases }),
      store: seenAs((row) => (row.status === 'IN_PROGRESS' ? { ...row, leaseExpiresAtMs: 0 } : row)),
    },
    seeds: 300,
  },
  {
    name: 'a newer event that may have been applied is ignored',
    mutation: {
      ...rules({
        decideContact: (row, ...rest) => decideContact(row === undefined ? undefined : withoutUnsettled(row), ...rest),
      }),
      store: contactsSeenAs(withoutUnsettled),
    },
    seeds: 300,
  },
  {
    name: 'a newer event that was applied is ignored',
    mutation: rules({
      decideContact: (row, ...rest) => {
        const { newest: _newest, ...known } = row ?? {};
        return decideContact(row === undefined ? undefined : known, ...rest);
      },
    }),
    seeds: 300,
  },
  {
    name: 'a replay passes newer events',
    mutation: {
      ...rules({
        decideContact: (row, place, ...rest) =>
          decideContact(row === undefined || place.isReplay !== true ? row : withoutNewest(row), place, ...rest),
      }),
      // An attempt on a live event finds out by its claim.
      store: contactsSeenAs(withoutNewest),
    },
    seeds: 300,
  },
  {
    name: 'that an event was applied is not kept with its contact',
    mutation: rules({
      releasedContact: (row, position, effect, staysHeld) =>
        effect === 'applied'
          ? row.newest === undefined
            ? {}
            : { newest: row.newest }
          : releasedContact(row, position, effect, staysHeld),
    }),
    seeds: 300,
  },
  {
    name: 'after an unknown outcome the contact is free for older events',
    mutation: rules({
      releasedContact: (row, position, effect, staysHeld) => {
        const taken = effect === 'unknown' ? 'not_applied' : effect;
        return releasedContact({ ...row, unsettledBefore: '' }, position, taken, staysHeld);
      },
    }),
    seeds: 300,
  },
  {
    name: 'a contact is let go while the CRM may still be executing the call',
    mutation: rules({
      releasedContact: (row, position, effect) => releasedContact(row, position, effect, false),
    }),
  },
  {
    name: 'the row of a contact expires while an older event may still be applied',
    mutation: rules({
      claimedContact: (row, position, owner, leaseExpiresAtMs) =>
        claimedContact(row, position, owner, leaseExpiresAtMs, 0),
    }),
    seeds: 300,
  },
  {
    name: 'the row that an earlier version gave a contact is ignored',
    mutation: { store: withoutFormerContacts },
    seeds: 300,
  },
  {
    name: 'a contact that could not be read is taken for a new one',
    mutation: {
      processor: (deps) => ({
        ...deps,
        store: {
          ...deps.store,
          readAhead: async (keys) => {
            const read = await deps.store.readAhead(keys);
            if ('kind' in read) return read;
            return { ...read, absentContacts: new Set(keys.contacts.filter((key) => !read.contacts.has(key))) };
          },
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'an event that a newer attempt keeps waiting is settled as stale',
    mutation: { store: contactsSeenAs(asApplied) },
    seeds: 300,
  },
  {
    name: 'rows of quarantined events have a time to live',
    mutation: { store: settledAs((row) => (row.status === 'QUARANTINED' ? { ...row, expiresAt: 0 } : row)) },
    seeds: 300,
  },
  {
    name: 'an event that the circuit breaker refuses leaves its contact held',
    mutation: {
      store: (store) => {
        const settle = store.settleNow.bind(store);
        store.settleNow = ({ contact, ...write }) => {
          const isRefused = contact !== undefined && write.row.reason === 'circuit_open';
          return settle(contact === undefined ? write : { ...write, contact: { ...contact, staysHeld: isRefused } });
        };
      },
    },
    seeds: 300,
  },
  {
    name: 'an event that is given up leaves its contact waiting',
    mutation: {
      store: (store) => {
        const settle = store.settleNow.bind(store);
        store.settleNow = ({ givenUp: _contact, ...write }) => settle(write);
      },
    },
    seeds: 1_500,
  },
  {
    name: 'an event that was not tried loses its count of attempts',
    mutation: {
      store: seenAs((row) => (row.reason === 'circuit_open' ? { ...row, attempts: 0 } : row)),
    },
    seeds: 300,
  },
  {
    name: 'a duplicate takes its event out of quarantine',
    mutation: { received: (message) => ({ ...message, attributes: { ...message.attributes, quarantine: '{}' } }) },
    seeds: 300,
  },
  {
    name: 'what was unsettled before a claim is forgotten with it',
    mutation: rules({
      releasedContact: (row, ...rest) => releasedContact({ ...row, unsettledBefore: '' }, ...rest),
    }),
    seeds: 1_500,
  },
  {
    name: 'a timeout of the CRM passes for a call that was not sent',
    mutation: responses(notSentIfInDoubt),
    seeds: 300,
  },
  {
    name: 'a refusal after a reset says that nothing was applied',
    mutation: responses(withoutRepetition),
  },
  {
    name: 'a refusal of a later request says that the earlier ones were not applied',
    mutation: responses(withoutEarlier),
    seeds: 3_000,
  },
  {
    name: 'a success after a reset says that the first request has ended',
    mutation: responses(withoutReset),
  },
  {
    name: 'the success of the first request ends the action',
    mutation: { transport: (transport) => new FirstRequestOnly(transport) },
    seeds: 100,
  },
  {
    name: 'a 207 with errors inside passes for a success',
    mutation: { transport: withoutBody },
    seeds: 300,
  },
  {
    name: 'a token that the CRM refuses is not read again',
    mutation: {
      processor: (deps) => ({
        ...deps,
        crm: { deliver: (action, call) => deps.crm.deliver(action, { ...call, freshToken: false }) },
      }),
    },
    seeds: 300,
  },
  {
    name: 'an event is settled as quarantined, and not sent there',
    mutation: { processor: (deps) => ({ ...deps, quarantine: { send: async () => ({ kind: 'sent' }) } }) },
    seeds: 300,
  },
  {
    name: 'rows of the user’s are written before the outcome',
    mutation: {
      processor: (deps, store) => ({
        ...deps,
        store: {
          ...deps.store,
          settle: (write) => {
            store.putUserRows(write.userRows);
            return deps.store.settle({ ...write, userRows: [] });
          },
        },
      }),
    },
    seeds: 100,
  },
  {
    name: 'each attempt has an idempotency key of its own',
    mutation: {
      processor: (deps) => ({
        ...deps,
        crm: {
          deliver: (action, call) =>
            deps.crm.deliver(action, { ...call, idempotencyKey: `${call.idempotencyKey}/${deps.chance.newOwner()}` }),
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'a message that has to come back is deleted',
    mutation: { result: () => ({ retryIds: [] }) },
    seeds: 300,
  },
  {
    name: 'a probe is taken although another attempt has it',
    mutation: {
      store: ({ circuit }) => {
        const write = circuit.writeNow.bind(circuit);
        circuit.writeNow = (expected, next) => write(next.probeOwner === undefined ? expected : circuit.stored, next);
      },
    },
    seeds: 3_000,
  },
  {
    name: 'an attempt that loses the probe calls anyway',
    mutation: {
      processor: (deps) => {
        const { circuitBreaker: circuit } = deps;
        const admit = SharedCircuitBreaker.prototype.tryAcquire.bind(circuit);
        circuit.tryAcquire = async (owner) => {
          const pass = await admit(owner);
          return pass === 'refused' ? { kind: 'call', version: 0 } : pass;
        };
        return deps;
      },
    },
    seeds: 500,
  },
  {
    name: 'an open circuit stops nobody',
    mutation: {
      processor: (deps) => {
        deps.circuitBreaker.stateFor = () => 'closed';
        return deps;
      },
    },
    seeds: 300,
  },
  {
    name: 'an environment remembers as final what waits in quarantine',
    mutation: {
      processor: (deps) => {
        const { settledEvents } = deps;
        const saw = SettledEventCache.prototype.add.bind(settledEvents);
        settledEvents.add = (key, row) =>
          saw(key, row.status === 'QUARANTINED' ? { ...row, status: 'COMPLETED' } : row);
        return deps;
      },
    },
    seeds: 300,
  },
  {
    name: 'redriving deletes what it has not been told that it is sent',
    mutation: {
      redrive: (deps) => ({
        ...deps,
        deliveryQueue: {
          sendBatch: async (envelopes) => {
            void deps.deliveryQueue.sendBatch(envelopes);
            return { positions: new Set(envelopes.keys()) };
          },
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'refreshing drops whatever has a row',
    mutation: {
      redrive: (deps) => ({
        ...deps,
        store: {
          readAhead: async (keys) => {
            const read = await deps.store.readAhead(keys);
            if ('kind' in read) return read;
            const done = [...read.events].map(([key, row]) => [key, { ...row, status: 'COMPLETED' }] as const);
            return { ...read, events: new Map(done) };
          },
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'recovery does not see that there is something for it',
    mutation: {
      redrive: (deps) => ({
        ...deps,
        index: { list: async () => ({ kind: 'listed', entries: [], more: false }) },
        summaries: { summarize: async () => ({ kind: 'known', count: 1_000, more: false }) },
      }),
    },
    seeds: 300,
  },
  {
    name: 'clocks differ by more than is allowed for',
    mutation: { clockOffsetsMs: [0, 60_000, 0] },
    seeds: 1_000,
  },
];
