import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import type { ContactRow } from '../../lambdas/domain/idempotency/contact-row.ts';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import { dynamoDbSubject, memorySubject, type StoreSubject } from './idempotency-store-subjects.ts';

const OWNERS = ['me', 'another'] as const;
const POSITIONS = ['1#a', '2#b', '3#c'] as const;
const TIMES = [99, 100, 101] as const;

/** Rows as the protocol leaves them behind: held (with what a holder brings along) or not. */
const contactRow = fc.oneof(
  fc.record(
    { newest: fc.constantFrom(...POSITIONS), unsettled: fc.constantFrom('', ...POSITIONS) },
    { requiredKeys: [] },
  ),
  fc.record(
    {
      newest: fc.constantFrom(...POSITIONS),
      holder: fc.constantFrom(...OWNERS),
      leaseExpiresAtMs: fc.constantFrom(...TIMES),
      unsettled: fc.constantFrom(...POSITIONS),
      unsettledBefore: fc.constantFrom('', ...POSITIONS),
    },
    { requiredKeys: ['holder', 'leaseExpiresAtMs', 'unsettled', 'unsettledBefore'] },
  ),
);

const version = {
  status: fc.constantFrom('IN_PROGRESS', 'FAILED', 'COMPLETED'),
  owner: fc.constantFrom(...OWNERS),
} as const;

const eventRow = fc.record({ ...version, leaseExpiresAtMs: fc.constantFrom(...TIMES) });
const expected = fc.oneof(fc.constant('absent' as const), fc.record(version));

function rowFrom(part: Pick<EventRow, 'status' | 'owner' | 'leaseExpiresAtMs'>): EventRow {
  return { identity: 'i', attempts: 1, expiredLeases: 0, firstReceivedAtMs: 1, redrives: 0, ...part };
}

/** Arbitraries leave absent keys undefined, which no row has. */
function withoutUndefined(row: object): ContactRow {
  return Object.fromEntries(Object.entries(row).filter(([, value]) => value !== undefined));
}

describe('the fake and the DynamoDB adapter', () => {
  let adapter: StoreSubject;
  let runs = 0;
  beforeAll(async () => {
    adapter = await dynamoDbSubject();
  });
  afterAll(async () => adapter?.stop());

  /**
   * Puts the same rows into both, does the same to both, and compares answers and rows left behind.
   */
  async function compare(
    rows: { readonly event: EventRow | undefined; readonly contact: ContactRow | undefined },
    act: (store: StoreSubject['store'], keys: { readonly event: string; readonly contact: string }) => Promise<unknown>,
  ): Promise<void> {
    runs += 1;
    const keys = { event: `EVENT#${runs}`, contact: `CONTACT#${runs}` };
    const outcomes = [];
    for (const subject of [memorySubject(), adapter]) {
      if (rows.event !== undefined) await subject.putEvent(keys.event, rows.event);
      if (rows.contact !== undefined) await subject.putContact(keys.contact, rows.contact);
      const answer = await act(subject.store, keys);
      outcomes.push({ answer, event: await subject.event(keys.event), contact: await subject.contact(keys.contact) });
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  }

  it('decide claims alike and leave the same rows behind', async () => {
    const property = fc.asyncProperty(
      fc.option(eventRow, { nil: undefined }),
      fc.option(contactRow, { nil: undefined }),
      expected,
      fc.constantFrom(...POSITIONS),
      fc.constantFrom(...TIMES),
      fc.boolean(),
      async (event, contact, expect, position, nowMs, mustExist) => {
        const rows = {
          event: event === undefined ? undefined : rowFrom(event),
          contact: contact === undefined ? undefined : withoutUndefined(contact),
        };
        await compare(rows, (store, keys) =>
          store.claim({
            eventKey: keys.event,
            expect,
            row: rowFrom({ status: 'IN_PROGRESS', owner: 'me', leaseExpiresAtMs: 140 }),
            contact: {
              key: keys.contact,
              position,
              expiresAt: 9_000_000_000,
              ...(mustExist ? { mustExist } : {}),
            },
            nowMs,
          }),
        );
      },
    );
    await fc.assert(property, { seed: 3, numRuns: 400 });
  });

  it('decide settlements alike and leave the same rows behind', async () => {
    const property = fc.asyncProperty(
      fc.option(eventRow, { nil: undefined }),
      fc.option(contactRow, { nil: undefined }),
      expected,
      fc.constantFrom(undefined, ...TIMES),
      fc.constantFrom('applied', 'not_applied', 'unknown'),
      fc.boolean(),
      fc.constantFrom('COMPLETED', 'FAILED'),
      async (event, contact, expect, liveAtMs, effect, staysHeld, status) => {
        const rows = {
          event: event === undefined ? undefined : rowFrom(event),
          contact: contact === undefined ? undefined : withoutUndefined(contact),
        };
        // Only a row that exists has a lease to be live.
        const lease = liveAtMs === undefined || expect === 'absent' ? {} : { leaseLiveAtMs: liveAtMs };
        await compare(rows, (store, keys) =>
          store.settle({
            eventKey: keys.event,
            expect,
            row: rowFrom({ status, owner: 'me' }),
            contact: { key: keys.contact, position: '2#b', effect, staysHeld },
            userRows: [],
            ...lease,
          }),
        );
      },
    );
    await fc.assert(property, { seed: 5, numRuns: 400 });
  });
});
