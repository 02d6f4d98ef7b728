/**
 * Mistakes that a protocol such as this may have, each put into the code under test from outside. A simulation that
 * does not find them would not find ours.
 */
import type { CrmAnswer } from '../../lambdas/domain/crm-outcome.ts';
import {
  type ContactDecision,
  claimedContact,
  decideContact,
  type EventRow,
  type ExpectedRow,
  releasedContact,
} from '../../lambdas/domain/event-row.ts';
import { FinalEvents } from '../../lambdas/processor/final-events.ts';
import { SharedCircuit } from '../../lambdas/processor/shared-circuit.ts';
import type { ContactRules, MemoryIdempotencyStore } from '../harness/twins/idempotency-store.memory.ts';
import type { Sabotage } from './sabotage.ts';

/** One mistake. */
export interface DeliberateFault {
  readonly name: string;
  readonly sabotage: Sabotage;
  /** The simulation has to find it within so many seeds. */
  readonly seeds: number;
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

/** Contact rules with one of them changed. */
function rules(changed: Partial<ContactRules>): Sabotage {
  return { rules: { ...SHIPPED, ...changed } };
}

function withoutLeases(...[row, position, owner]: Parameters<typeof decideContact>): ContactDecision {
  return decideContact(row, position, owner, Number.POSITIVE_INFINITY);
}

function notSentIfInDoubt(answer: CrmAnswer): CrmAnswer {
  const doubtful = answer.kind === 'unknown' || (answer.kind === 'answered' && answer.status >= 500);
  return doubtful ? { kind: 'not_sent', cause: 'taken for not sent' } : answer;
}

/** All of them, with how many seeds may be needed: at least five times what they took when this was written. */
export const DELIBERATE_FAULTS: readonly DeliberateFault[] = [
  { name: 'an attempt settles what another one owns', sabotage: { store: settleWithoutOwnerCheck }, seeds: 300 },
  {
    name: 'an event that failed passes for one that is done',
    sabotage: { store: seenAs((row) => (row.status === 'FAILED' ? { ...row, status: 'COMPLETED' } : row)) },
    seeds: 300,
  },
  {
    name: 'the lease ends while its owner works',
    sabotage: { limits: (limits) => ({ ...limits, leaseMs: 2_000 }) },
    seeds: 300,
  },
  {
    name: 'the sender is answered before its event is persisted',
    sabotage: {
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
  { name: 'an event is claimed, and its contact is not', sabotage: { store: claimEventsOnly }, seeds: 300 },
  { name: 'claims have no condition', sabotage: { store: claimWithoutCondition }, seeds: 300 },
  {
    name: 'live leases are ignored',
    sabotage: {
      ...rules({ decideContact: withoutLeases }),
      store: seenAs((row) => (row.status === 'IN_PROGRESS' ? { ...row, leaseExpiresAtMs: 0 } : row)),
    },
    seeds: 300,
  },
  {
    name: 'a newer event that may have been applied is ignored',
    sabotage: rules({
      decideContact: (row, ...rest) => {
        const { unsettled: _unsettled, ...known } = row ?? {};
        return decideContact(row === undefined ? undefined : known, ...rest);
      },
    }),
    seeds: 300,
  },
  {
    name: 'a newer event that was applied is ignored',
    sabotage: rules({
      decideContact: (row, ...rest) => {
        const { newest: _newest, ...known } = row ?? {};
        return decideContact(row === undefined ? undefined : known, ...rest);
      },
    }),
    seeds: 300,
  },
  {
    name: 'that an event was applied is not kept with its contact',
    sabotage: rules({
      releasedContact: (row, position, effect) =>
        effect === 'applied'
          ? row.newest === undefined
            ? {}
            : { newest: row.newest }
          : releasedContact(row, position, effect),
    }),
    seeds: 300,
  },
  {
    name: 'after an unknown outcome the contact is free for older events',
    sabotage: rules({
      releasedContact: (row, position, effect) =>
        releasedContact({ ...row, unsettledBefore: '' }, position, effect === 'unknown' ? 'not_applied' : effect),
    }),
    seeds: 300,
  },
  {
    name: 'what was unsettled before a claim is forgotten with it',
    sabotage: rules({
      releasedContact: (row, position, effect) => releasedContact({ ...row, unsettledBefore: '' }, position, effect),
    }),
    seeds: 1_500,
  },
  {
    name: 'a timeout of the CRM passes for a call that was not sent',
    sabotage: {
      processor: (deps) => ({
        ...deps,
        crm: { deliver: async (...call) => notSentIfInDoubt(await deps.crm.deliver(...call)) },
      }),
    },
    seeds: 300,
  },
  {
    name: 'an event is settled as quarantined, and not sent there',
    sabotage: { processor: (deps) => ({ ...deps, quarantine: { send: async () => ({ kind: 'sent' }) } }) },
    seeds: 300,
  },
  {
    name: 'rows of the user’s are written before the outcome',
    sabotage: {
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
    sabotage: {
      processor: (deps) => ({
        ...deps,
        crm: {
          deliver: (command, call) =>
            deps.crm.deliver(command, { ...call, idempotencyKey: `${call.idempotencyKey}/${deps.chance.newOwner()}` }),
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'a message that has to come back is deleted',
    sabotage: { result: () => ({ comeBack: [] }) },
    seeds: 300,
  },
  {
    name: 'a probe is taken whoever else has taken it',
    sabotage: {
      store: ({ circuit }) => {
        const write = circuit.writeNow.bind(circuit);
        circuit.writeNow = (expected, next) => write(next.probeOwner === undefined ? expected : circuit.stored, next);
      },
    },
    seeds: 1_000,
  },
  {
    name: 'who loses the probe calls all the same',
    sabotage: {
      processor: (deps) => {
        const { circuit } = deps;
        const admit = SharedCircuit.prototype.admit.bind(circuit);
        circuit.admit = async (owner) => {
          const pass = await admit(owner);
          return pass === 'refused' ? { kind: 'call', version: 0 } : pass;
        };
        return deps;
      },
    },
    seeds: 300,
  },
  {
    name: 'an open circuit stops nobody',
    sabotage: {
      processor: (deps) => {
        deps.circuit.gate = () => 'closed';
        return deps;
      },
    },
    seeds: 300,
  },
  {
    name: 'an environment remembers as final what waits in quarantine',
    sabotage: {
      processor: (deps) => {
        const { finals } = deps;
        const saw = FinalEvents.prototype.saw.bind(finals);
        finals.saw = (key, row) => saw(key, row.status === 'QUARANTINED' ? { ...row, status: 'COMPLETED' } : row);
        return deps;
      },
    },
    seeds: 300,
  },
  {
    name: 'redriving deletes what it has not been told that it is sent',
    sabotage: {
      redrive: (deps) => ({
        ...deps,
        deliveryQueue: {
          sendAll: async (envelopes) => {
            void deps.deliveryQueue.sendAll(envelopes);
            return { positions: new Set(envelopes.keys()) };
          },
        },
      }),
    },
    seeds: 300,
  },
  {
    name: 'refreshing drops whatever has a row',
    sabotage: {
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
    sabotage: {
      redrive: (deps) => ({ ...deps, index: { holdsAny: async () => ({ kind: 'known', any: false }) } }),
    },
    seeds: 300,
  },
  {
    name: 'clocks differ by more than is allowed for',
    sabotage: { clockOffsetsMs: [0, 60_000, 0] },
    seeds: 1_000,
  },
];
