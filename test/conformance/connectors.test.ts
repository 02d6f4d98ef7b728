/** Promises of every connector, checked on the fake of its vendor by the product's adapter. */
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { ServedCrm } from './served-crm.ts';
import { CALL, SAME_CALL, SUBJECTS } from './subjects.ts';

const KEY = 'p15550100';

describe.each(SUBJECTS)('the connector $name', (subject) => {
  let crm: ServedCrm;

  beforeEach(async () => {
    crm = await ServedCrm.start(subject);
  });
  afterEach(() => crm.stop());

  const ACTIONS: readonly (readonly [string, CrmAction])[] = [
    ['an upsert', subject.contact],
    ['a call', CALL],
  ];
  const callRecord = { key: 'c-42', contact: KEY, ...subject.call };

  /** The records after `action` was applied once. */
  function expectApplied(action: CrmAction): void {
    const { contacts, calls } = crm.fake.records;
    expect(contacts).toMatchObject([{ key: KEY, phone: action === CALL ? expect.any(String) : '+15550100' }]);
    expect(calls).toEqual(action === CALL ? [callRecord] : []);
  }

  it.each(ACTIONS)('applies %s once, however often it is delivered', async (_what, action) => {
    for (let time = 0; time < 3; time += 1) expect((await crm.deliver(action)).kind).toBe('success');
    expectApplied(action);
  });

  it('logs the call of a contact that exists, and changes none of its fields', async () => {
    await crm.deliver(subject.contact);
    const before = crm.fake.records.contacts;
    expect((await crm.deliver(CALL)).kind).toBe('success');
    expect(crm.fake.records).toEqual({ contacts: before, calls: [callRecord] });
  });

  it.each([
    ['is applied and answered 500', { applyFirst: true, status: 500, times: 1 }],
    ['is applied and its response lost', { applyFirst: true, drop: true, times: 1 }],
    ['is applied and answered with a page', { applyFirst: true, html: true, times: 1 }],
    ['is answered 503', { status: 503, times: 1 }],
    ['loses its connection', { drop: true, times: 1 }],
  ])('applies an action once if any of its requests %s', async (_what, fault) => {
    for (const [, action] of ACTIONS) {
      const fresh = await ServedCrm.start(subject);
      const requests = await fresh.requestsOf(action);
      await fresh.stop();
      for (let index = 0; index < requests; index += 1) {
        await crm.stop();
        crm = await ServedCrm.start(subject);
        crm.faultAt(index, fault);
        const first = await crm.deliver(action);
        // A kept-alive connection that was cut is tried again at once.
        if (first.kind !== 'success') expect(first).toMatchObject({ kind: 'transient', applied: 'unknown' });
        expect((await crm.deliver(action)).kind).toBe('success');
        expectApplied(action);
      }
    }
  });

  it('goes on with a new token if its token expires between any two requests', async () => {
    for (const [, action] of ACTIONS) {
      for (let index = 0; index < 3; index += 1) {
        await crm.stop();
        crm = await ServedCrm.start(subject);
        crm.faultAt(index, { fault: 'token-expired' });
        expect((await crm.deliver(action)).kind).toBe('success');
        expectApplied(action);
      }
    }
  });

  it('renews a token before it expires', async () => {
    await crm.deliver(subject.contact);
    for (let hour = 1; hour <= 5; hour += 1) {
      crm.nowMs += 3_600_000;
      await crm.deliver(subject.contact);
    }
    const unauthorized = crm.fake.calls.filter(({ status }) => status === 401);
    // Salesforce does not say how long a token lasts.
    expect(unauthorized.length).toBe(subject.name === 'salesforce' ? 2 : 0);
  });

  it('names wrong credentials without their values, and recovers when they are right', async () => {
    crm.setFaults({ fault: 'wrong-credentials' });
    const outcome = await crm.deliver(subject.contact);
    expect(outcome).toMatchObject({
      kind: 'dependency',
      applied: 'not_applied',
      error: expect.stringMatching(/token endpoint answered HTTP 40[01]: invalid_client/),
    });
    expect(crm.fake.state).toMatchObject({ calls: 0, contacts: 0 });
    crm.setFaults();
    crm.nowMs += 60_000;
    expect((await crm.deliver(subject.contact)).kind).toBe('success');
    expect(JSON.stringify(crm.log.entries)).not.toMatch(/"S"|fake-token/);
  });

  it('names a field of the secret that is missing', async () => {
    const { clientSecret: _secret, ...rest } = subject.credentials('http://127.0.0.1:1') as { clientSecret: string };
    crm.setSecret(rest);
    expect(await crm.deliver(subject.contact)).toMatchObject({
      kind: 'dependency',
      error: expect.stringContaining('clientSecret'),
    });
  });

  it.each(Object.entries(subject.errors))('gives the error response %s its meaning: %s', async (fault, kind) => {
    crm.setFaults({ fault });
    const isLimit = fault === 'rate';
    if (isLimit) await crm.call(subject.contact, false);
    expect((await crm.call(subject.contact, false)).kind).toBe(kind);
    if (!isLimit) expect(crm.fake.records.contacts).toEqual([]);
  });

  it('has a meaning for each error response of its fake', () => {
    const known = Object.keys(subject.vendor.errors);
    expect(Object.keys(subject.errors)).toEqual(expect.arrayContaining(known));
  });

  it('never chooses among several matches, and changes nothing', async () => {
    crm.setFaults({ fault: 'two-matches' });
    const outcome = await crm.deliver(subject.contact);
    expect(outcome.kind).toBe('ambiguous');
    for (const candidate of subject.candidates ?? []) {
      expect(outcome).toMatchObject({ error: expect.stringContaining(candidate) });
    }
    expect(crm.fake.state).toMatchObject({ contacts: 0, applied: 0 });
  });

  it('applies two events of one conversation to one record, in either order', async () => {
    for (const order of [
      [subject.contact, CALL, SAME_CALL],
      [CALL, subject.contact, SAME_CALL],
      [CALL, SAME_CALL, subject.contact],
      [SAME_CALL, CALL, subject.contact],
    ]) {
      await crm.stop();
      crm = await ServedCrm.start(subject);
      for (const action of order) expect((await crm.deliver(action)).kind).toBe('success');
      expect(crm.fake.records.contacts.length).toBe(1);
      expect(crm.fake.records.calls).toMatchObject([{ key: 'c-42', contact: KEY }]);
    }
  });

  it('logs two calls of one contact both', async () => {
    await crm.deliver({ ...CALL, conversationId: 'c-1' });
    await crm.deliver({ ...CALL, conversationId: 'c-2' });
    expect(crm.fake.records.contacts.length).toBe(1);
    expect(crm.fake.records.calls).toMatchObject([
      { key: 'c-1', contact: KEY },
      { key: 'c-2', contact: KEY },
    ]);
  });

  it.each([
    ['a second', 1],
    ['an hour', 3_600],
    ['until midnight', undefined],
  ])('waits %s when the quota is used up, and is then accepted', async (_what, forSeconds) => {
    crm.setFaults({ fault: 'quota', ...(forSeconds === undefined ? {} : { forSeconds }) });
    const begannMs = crm.nowMs;
    for (;;) {
      const outcome = await crm.deliver(subject.contact);
      if (outcome.kind === 'success') break;
      expect(outcome.kind).toBe('throttled');
      if (outcome.kind !== 'throttled') break;
      const seconds = outcome.retryAfter === undefined ? undefined : Number(outcome.retryAfter) * 1_000;
      const waitMs = seconds ?? outcome.waitMs;
      expect(waitMs).toBe(subject.waits.quotaMs ?? (forSeconds ?? 7_200) * 1_000);
      crm.nowMs += waitMs ?? 0;
    }
    expect(crm.nowMs - begannMs).toBeGreaterThanOrEqual((forSeconds ?? 7_200) * 1_000);
    expect(crm.fake.state.contacts).toBe(1);
  });
});
