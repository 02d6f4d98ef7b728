import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EventRow } from '../../lambdas/domain/idempotency/event-row.ts';
import type { ClaimWrite, SettleWrite } from '../../lambdas/ports.ts';
import { STORE_SUBJECTS, type StoreSubject } from './idempotency-store-subjects.ts';

const NOW = 1_000_000;
const LEASE_ENDS = NOW + 40_000;

/** Rows of one test are no other's. */
let tests = 0;
function names() {
  tests += 1;
  return { eventKey: `EVENT#e${tests}`, contactKey: `CONTACT#c${tests}`, userKey: `u${tests}` };
}

function eventRow(row: Partial<EventRow> = {}): EventRow {
  return {
    status: 'FAILED',
    owner: 'another',
    identity: 'identity',
    attempts: 1,
    expiredLeases: 0,
    firstReceivedAtMs: 1,
    redrives: 0,
    ...row,
  };
}

function claimed(owner: string): EventRow {
  return eventRow({ status: 'IN_PROGRESS', owner, leaseExpiresAtMs: LEASE_ENDS });
}

function claim(eventKey: string, write: Partial<ClaimWrite> = {}): ClaimWrite {
  return { eventKey, expect: 'absent', row: claimed('me'), nowMs: NOW, ...write };
}

function settle(eventKey: string, write: Partial<SettleWrite> = {}): SettleWrite {
  return {
    eventKey,
    expect: { status: 'IN_PROGRESS', owner: 'me' },
    leaseLiveAtMs: NOW,
    row: eventRow({ status: 'COMPLETED', owner: 'me', settledAtMs: NOW }),
    userRows: [],
    ...write,
  };
}

describe.each(STORE_SUBJECTS)('the state table, as %s', (_name, start) => {
  let subject: StoreSubject;
  beforeAll(async () => {
    subject = await start();
  });
  afterAll(async () => subject?.stop());

  describe('giving an event up', () => {
    const quarantined = eventRow({ status: 'QUARANTINED', reason: 'crm_rejected' });
    const giveUp = (eventKey: string, contactKey: string, position: string) =>
      settle(eventKey, {
        expect: { status: 'QUARANTINED', owner: 'another' },
        row: eventRow({ status: 'ABANDONED', owner: 'me', settledAtMs: NOW }),
        givenUp: { key: contactKey, position, nowMs: NOW },
      });

    it('clears the contact that waits for it', async () => {
      const { eventKey, contactKey } = names();
      const { leaseLiveAtMs: _live, ...write } = giveUp(eventKey, contactKey, '5#e');
      await subject.putEvent(eventKey, quarantined);
      await subject.putContact(contactKey, { newest: '3#c', unsettled: '5#e', holder: 'late', leaseExpiresAtMs: NOW });
      expect(await subject.store.settle(write)).toEqual({ kind: 'settled' });
      expect(await subject.event(eventKey)).toEqual(write.row);
      expect(await subject.contact(contactKey)).toEqual({ newest: '3#c', unsettled: '' });
    });

    it('is refused without a contact where the row is absent', async () => {
      const { eventKey, contactKey } = names();
      const { leaseLiveAtMs: _live, ...write } = giveUp(eventKey, contactKey, '5#e');
      await subject.putEvent(eventKey, quarantined);
      expect(await subject.store.settle(write)).toEqual({ kind: 'contact_refuses' });
      expect(await subject.event(eventKey)).toEqual(quarantined);
      expect(await subject.contact(contactKey)).toBeUndefined();
    });

    it.each([
      ['waits for another', { newest: '3#c', unsettled: '6#f' }],
      ['is held', { unsettled: '5#e', holder: 'late', leaseExpiresAtMs: NOW + 1 }],
    ])('is refused with the contact where it %s', async (_what, contact) => {
      const { eventKey, contactKey } = names();
      const { leaseLiveAtMs: _live, ...write } = giveUp(eventKey, contactKey, '5#e');
      await subject.putEvent(eventKey, quarantined);
      await subject.putContact(contactKey, contact);
      expect(await subject.store.settle(write)).toEqual({ kind: 'contact_refuses', contact });
      expect(await subject.event(eventKey)).toEqual(quarantined);
    });
  });

  describe('a claim', () => {
    it('takes an event that is absent, alone', async () => {
      const { eventKey } = names();
      expect(await subject.store.claim(claim(eventKey))).toEqual({ kind: 'claimed' });
      expect(await subject.event(eventKey)).toEqual(claimed('me'));
    });

    it('takes an event and its contact, neither there before', async () => {
      const { eventKey, contactKey } = names();
      const contact = { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 };
      expect(await subject.store.claim(claim(eventKey, { contact }))).toEqual({ kind: 'claimed' });
      expect(await subject.event(eventKey)).toEqual(claimed('me'));
      expect(await subject.contact(contactKey)).toEqual({
        holder: 'me',
        leaseExpiresAtMs: LEASE_ENDS,
        unsettled: '5#e',
        unsettledBefore: '',
        expiresAt: 9_000_000_000,
      });
    });

    it('of a replay takes a contact whose newest event it is, and none with a newer one', async () => {
      const { eventKey, contactKey } = names();
      const place = { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 };
      await subject.putContact(contactKey, { newest: '5#e' });
      const live = await subject.store.claim(claim(`${eventKey}-live`, { contact: place }));
      expect(live).toEqual({ kind: 'contact_refuses', contact: { newest: '5#e' } });
      const replayed = claim(eventKey, { contact: { ...place, isReplay: true } });
      expect(await subject.store.claim(replayed)).toEqual({ kind: 'claimed' });

      await subject.putContact(contactKey, { newest: '6#f' });
      const older = await subject.store.claim(claim(`${eventKey}-older`, { contact: { ...place, isReplay: true } }));
      expect(older).toEqual({ kind: 'contact_refuses', contact: { newest: '6#f' } });
    });

    it('of a contact whose row must exist takes it only if it exists', async () => {
      const { eventKey, contactKey } = names();
      const contact = { key: contactKey, position: '5#e', expiresAt: 9_000_000_000, mustExist: true } as const;
      expect(await subject.store.claim(claim(eventKey, { contact }))).toEqual({ kind: 'contact_refuses' });
      expect(await subject.event(eventKey)).toBeUndefined();
      expect(await subject.contact(contactKey)).toBeUndefined();
      await subject.putContact(contactKey, { newest: '3#c' });
      expect(await subject.store.claim(claim(eventKey, { contact }))).toEqual({ kind: 'claimed' });
      expect(await subject.contact(contactKey)).toMatchObject({ newest: '3#c', holder: 'me', unsettled: '5#e' });
    });

    it('replaces the version that it expects, and remembers what was unsettled', async () => {
      const { eventKey, contactKey } = names();
      await subject.putEvent(eventKey, eventRow({ lastError: 'gone afterwards', nextAttemptAtMs: 7 }));
      await subject.putContact(contactKey, { newest: '3#c', unsettled: '4#d' });
      const write = claim(eventKey, {
        expect: { status: 'FAILED', owner: 'another' },
        contact: { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 },
      });
      expect(await subject.store.claim(write)).toEqual({ kind: 'claimed' });
      expect(await subject.event(eventKey)).toEqual(claimed('me'));
      expect(await subject.contact(contactKey)).toEqual({
        newest: '3#c',
        holder: 'me',
        leaseExpiresAtMs: LEASE_ENDS,
        unsettled: '5#e',
        unsettledBefore: '4#d',
        expiresAt: 9_000_000_000,
      });
    });

    it.each([
      ['another status', { status: 'QUARANTINED', owner: 'another' }],
      ['another owner', { status: 'FAILED', owner: 'third' }],
      ['its absence', 'absent'],
    ] as const)('is refused with the row where it expected %s, and takes no contact', async (_what, expected) => {
      const { eventKey, contactKey } = names();
      await subject.putEvent(eventKey, eventRow());
      const write = claim(eventKey, {
        expect: expected,
        contact: { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 },
      });
      expect(await subject.store.claim(write)).toEqual({ kind: 'event_differs', event: eventRow() });
      expect(await subject.event(eventKey)).toEqual(eventRow());
      expect(await subject.contact(contactKey)).toBeUndefined();
    });

    it('is refused without a row where the expected one has been deleted', async () => {
      const { eventKey } = names();
      const write = claim(eventKey, { expect: { status: 'FAILED', owner: 'another' } });
      expect(await subject.store.claim(write)).toEqual({ kind: 'event_differs' });
      expect(await subject.event(eventKey)).toBeUndefined();
    });

    it.each([
      [
        'another attempt’s lease is live',
        { holder: 'another', leaseExpiresAtMs: NOW + 1, unsettled: '1#a', unsettledBefore: '' },
      ],
      ['a newer event has been applied', { newest: '6#f' }],
      ['this very event has been applied', { newest: '5#e' }],
      ['a newer event is unsettled', { newest: '1#a', unsettled: '6#f' }],
    ])('is refused with the contact’s row where %s, and leaves the event alone', async (_why, row) => {
      const { eventKey, contactKey } = names();
      await subject.putContact(contactKey, row);
      const write = claim(eventKey, { contact: { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 } });
      expect(await subject.store.claim(write)).toEqual({ kind: 'contact_refuses', contact: row });
      expect(await subject.event(eventKey)).toBeUndefined();
      expect(await subject.contact(contactKey)).toEqual(row);
    });

    it.each([
      [
        'whose lease has just run out',
        { holder: 'another', leaseExpiresAtMs: NOW, unsettled: '5#e', unsettledBefore: '2#b' },
      ],
      ['that is its own', { holder: 'me', leaseExpiresAtMs: NOW + 9, unsettled: '5#e', unsettledBefore: '2#b' }],
      ['with this event unsettled', { newest: '1#a', unsettled: '5#e' }],
    ])('takes a contact %s', async (_which, row) => {
      const { eventKey, contactKey } = names();
      await subject.putContact(contactKey, row);
      const write = claim(eventKey, { contact: { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 } });
      expect(await subject.store.claim(write)).toEqual({ kind: 'claimed' });
      expect(await subject.contact(contactKey)).toMatchObject({
        holder: 'me',
        unsettled: '5#e',
        unsettledBefore: '5#e',
      });
    });

    it('that is made again finds itself standing, and leaves everything as it is', async () => {
      const { eventKey, contactKey } = names();
      const write = claim(eventKey, { contact: { key: contactKey, position: '5#e', expiresAt: 9_000_000_000 } });
      await subject.store.claim(write);
      const before = await subject.contact(contactKey);
      expect(await subject.store.claim(write)).toEqual({ kind: 'claimed' });
      expect(await subject.contact(contactKey)).toEqual(before);
    });

    it('that is made again after it was settled does not come back to life', async () => {
      const { eventKey } = names();
      const settled = eventRow({ status: 'FAILED', owner: 'me' });
      await subject.putEvent(eventKey, settled);
      expect(await subject.store.claim(claim(eventKey))).toEqual({ kind: 'event_differs', event: settled });
      expect(await subject.event(eventKey)).toEqual(settled);
    });
  });

  describe('a settlement', () => {
    const held = {
      newest: '3#c',
      holder: 'me',
      leaseExpiresAtMs: LEASE_ENDS,
      unsettled: '5#e',
      unsettledBefore: '4#d',
    };

    it.each([
      ['applied', false, { newest: '5#e' }],
      ['applied', true, { newest: '5#e', holder: 'me', leaseExpiresAtMs: LEASE_ENDS }],
      ['not_applied', false, { newest: '3#c', unsettled: '4#d' }],
      ['unknown', false, { newest: '3#c', unsettled: '5#e' }],
      ['unknown', true, { newest: '3#c', unsettled: '5#e', holder: 'me', leaseExpiresAtMs: LEASE_ENDS }],
    ] as const)('with effect %s, staying held: %s, leaves the contact accordingly', async (effect, staysHeld, left) => {
      const { eventKey, contactKey } = names();
      await subject.putEvent(eventKey, claimed('me'));
      await subject.putContact(contactKey, held);
      const write = settle(eventKey, { contact: { key: contactKey, position: '5#e', effect, staysHeld } });
      expect(await subject.store.settle(write)).toEqual({ kind: 'settled' });
      expect(await subject.event(eventKey)).toEqual(write.row);
      expect(await subject.contact(contactKey)).toEqual(left);
    });

    it('that is made again is recognised as its own success', async () => {
      const { eventKey, contactKey, userKey } = names();
      await subject.putEvent(eventKey, claimed('me'));
      await subject.putContact(contactKey, held);
      const write = settle(eventKey, {
        contact: { key: contactKey, position: '5#e', effect: 'applied', staysHeld: false },
        userRows: [{ key: userKey, item: { n: 1 }, onlyIfAbsent: true }],
      });
      expect(await subject.store.settle(write)).toEqual({ kind: 'settled' });
      expect(await subject.store.settle(write)).toEqual({ kind: 'settled' });
      expect(await subject.contact(contactKey)).toEqual({ newest: '5#e' });
    });

    it.each([
      ['another owner has the event', claimed('another')],
      ['it has been settled otherwise', eventRow({ status: 'FAILED', owner: 'me' })],
      ['another has settled it the same way', eventRow({ status: 'COMPLETED', owner: 'another' })],
    ])('is lost where %s, with the row, and changes nothing', async (_why, row) => {
      const { eventKey, contactKey, userKey } = names();
      await subject.putEvent(eventKey, row);
      await subject.putContact(contactKey, held);
      const write = settle(eventKey, {
        contact: { key: contactKey, position: '5#e', effect: 'applied', staysHeld: false },
        userRows: [{ key: userKey, item: { n: 1 } }],
      });
      expect(await subject.store.settle(write)).toEqual({ kind: 'lost', event: row });
      expect(await subject.event(eventKey)).toEqual(row);
      expect(await subject.contact(contactKey)).toEqual(held);
      expect(await subject.userRow(userKey)).toBeUndefined();
    });

    it('is lost without a row where the event has been deleted', async () => {
      const { eventKey } = names();
      expect(await subject.store.settle(settle(eventKey))).toEqual({ kind: 'lost' });
      expect(await subject.event(eventKey)).toBeUndefined();
    });

    it.each([
      ['is another’s', { ...held, holder: 'another' }],
      ['is nobody’s', { newest: '3#c', unsettled: '5#e' }],
      ['has been deleted', undefined],
    ])('is lost where the contact %s, and changes nothing', async (_why, row) => {
      const { eventKey, contactKey, userKey } = names();
      await subject.putEvent(eventKey, claimed('me'));
      if (row !== undefined) await subject.putContact(contactKey, row);
      const write = settle(eventKey, {
        contact: { key: contactKey, position: '5#e', effect: 'applied', staysHeld: false },
        userRows: [{ key: userKey, item: { n: 1 } }],
      });
      expect(await subject.store.settle(write)).toEqual({ kind: 'lost' });
      expect(await subject.event(eventKey)).toEqual(claimed('me'));
      expect(await subject.contact(contactKey)).toEqual(row);
      expect(await subject.userRow(userKey)).toBeUndefined();
    });

    it.each([
      ['just run out', LEASE_ENDS, 'lost'],
      ['a millisecond left', LEASE_ENDS - 1, 'settled'],
    ] as const)('with a lease that has %s is %s', async (_which, leaseLiveAtMs, kind) => {
      const { eventKey } = names();
      await subject.putEvent(eventKey, claimed('me'));
      const settled = await subject.store.settle(settle(eventKey, { leaseLiveAtMs }));
      expect(settled.kind).toBe(kind);
      expect((await subject.event(eventKey))?.status).toBe(kind === 'lost' ? 'IN_PROGRESS' : 'COMPLETED');
    });

    it('without a claim needs the version that it expects, and no lease', async () => {
      const { eventKey } = names();
      const row = eventRow({ status: 'STALE', owner: 'me' });
      const write = { eventKey, expect: 'absent', row, userRows: [] } as const;
      expect(await subject.store.settle(write)).toEqual({ kind: 'settled' });
      expect(await subject.event(eventKey)).toEqual(row);
      const late = { ...write, row: eventRow({ status: 'STALE', owner: 'late' }) };
      expect(await subject.store.settle(late)).toEqual({ kind: 'lost', event: row });
    });

    it('without a claim that was lost can be made again against the version that stood there', async () => {
      const { eventKey, userKey } = names();
      await subject.putEvent(eventKey, eventRow());
      const write = {
        eventKey,
        expect: 'absent',
        row: eventRow({ status: 'STALE', owner: 'me' }),
        userRows: [{ key: userKey, item: { n: 1 } }],
      } as const;
      expect(await subject.store.settle(write)).toEqual({ kind: 'lost', event: eventRow() });
      const again = { ...write, expect: { status: 'FAILED', owner: 'another' } } as const;
      expect(await subject.store.settle(again)).toEqual({ kind: 'settled' });
      expect(await subject.event(eventKey)).toEqual(write.row);
    });

    it('commits the user’s rows, over those that were there', async () => {
      const { eventKey, userKey } = names();
      await subject.putEvent(eventKey, claimed('me'));
      await subject.store.settle({
        eventKey: `${eventKey}-before`,
        expect: 'absent',
        row: eventRow(),
        userRows: [{ key: userKey, item: { old: true } }],
      });
      const userRows = [
        { key: userKey, item: { calls: 1, tags: ['a'] } },
        { key: `${userKey}-second`, item: { calls: 2 }, onlyIfAbsent: true },
      ];
      expect(await subject.store.settle(settle(eventKey, { userRows }))).toEqual({ kind: 'settled' });
      expect(await subject.userRow(userKey)).toEqual({ calls: 1, tags: ['a'] });
      expect(await subject.userRow(`${userKey}-second`)).toEqual({ calls: 2 });
    });

    it('replaces a row only by a newer one where it has a position, and commits everything else', async () => {
      const { eventKey, userKey } = names();
      for (const [index, position] of ['2#b', '1#a', '3#c'].entries()) {
        const key = `${eventKey}-${index}`;
        await subject.putEvent(key, claimed('me'));
        const userRows = [
          { key: userKey, item: { of: position }, onlyIfNewer: true, position },
          { key: `${userKey}-${index}`, item: { n: index }, onlyIfAbsent: true },
        ];
        expect(await subject.store.settle(settle(key, { userRows }))).toEqual({ kind: 'settled' });
        expect(await subject.userRow(`${userKey}-${index}`)).toEqual({ n: index });
        const newest = index === 2 ? '3#c' : '2#b';
        expect(await subject.userRow(userKey)).toEqual({ of: newest, position: newest });
      }
    });

    it('of a replay replaces the row that it wrote itself, and leaves a newer one and one that is there', async () => {
      const { eventKey, userKey } = names();
      const newest = { key: userKey, onlyIfNewer: true };
      const first = { key: `${userKey}-first`, onlyIfAbsent: true };
      const settleRows = async (key: string, of: string, position: string, replay: { isReplay?: true }) => {
        await subject.putEvent(key, claimed('me'));
        const userRows = [
          { ...newest, item: { of }, position, ...replay },
          { ...first, item: { of }, ...replay },
        ];
        return subject.store.settle(settle(key, { userRows }));
      };
      expect(await settleRows(`${eventKey}-1`, 'wrong', '2#b', {})).toEqual({ kind: 'settled' });
      expect(await settleRows(`${eventKey}-2`, 'older', '1#a', { isReplay: true })).toEqual({ kind: 'settled' });
      expect(await subject.userRow(userKey)).toEqual({ of: 'wrong', position: '2#b' });
      expect(await settleRows(`${eventKey}-3`, 'right', '2#b', { isReplay: true })).toEqual({ kind: 'settled' });
      expect(await subject.userRow(userKey)).toEqual({ of: 'right', position: '2#b' });
      expect(await subject.userRow(`${userKey}-first`)).toEqual({ of: 'wrong' });
    });

    it('whose user row is there already is rejected, and changes nothing', async () => {
      const { eventKey, contactKey, userKey } = names();
      await subject.putEvent('EVENT#first', claimed('me'));
      const userRow = { key: userKey, item: { by: 'first' }, onlyIfAbsent: true };
      expect(await subject.store.settle(settle('EVENT#first', { userRows: [userRow] }))).toEqual({ kind: 'settled' });

      await subject.putEvent(eventKey, claimed('me'));
      await subject.putContact(contactKey, held);
      const write = settle(eventKey, {
        contact: { key: contactKey, position: '5#e', effect: 'applied', staysHeld: false },
        userRows: [
          { key: `${userKey}-other`, item: { by: 'second' } },
          { key: userKey, item: { by: 'second' }, onlyIfAbsent: true },
        ],
      });
      expect(await subject.store.settle(write)).toEqual({
        kind: 'rows_rejected',
        cause: 'a row of the mapping was there already',
      });
      expect(await subject.event(eventKey)).toEqual(claimed('me'));
      expect(await subject.contact(contactKey)).toEqual(held);
      expect(await subject.userRow(userKey)).toEqual({ by: 'first' });
      expect(await subject.userRow(`${userKey}-other`)).toBeUndefined();
    });
  });

  describe('a read-ahead', () => {
    it('brings what is there, each key once, and names the contacts without a row', async () => {
      const { eventKey, contactKey } = names();
      await subject.putEvent(eventKey, eventRow());
      await subject.putContact(contactKey, { newest: '3#c' });
      const read = await subject.store.readAhead({
        events: [eventKey, eventKey, 'EVENT#absent'],
        contacts: [contactKey, contactKey, 'CONTACT#absent'],
      });
      expect(read).toEqual({
        events: new Map([[eventKey, eventRow()]]),
        contacts: new Map([[contactKey, { newest: '3#c' }]]),
        absentContacts: new Set(['CONTACT#absent']),
        circuitBreaker: { kind: 'absent' },
      });
    });

    it('of nothing brings nothing', async () => {
      const read = await subject.store.readAhead({ events: [], contacts: [] });
      expect(read).toEqual({
        events: new Map(),
        contacts: new Map(),
        absentContacts: new Set(),
        circuitBreaker: { kind: 'absent' },
      });
    });
  });
});
