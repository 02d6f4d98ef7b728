import { describe, expect, it } from '@jest/globals';
import { crmMapping } from '../../../lambdas/connectors/rest/mapping.ts';
import { CLOSED_CIRCUIT_BREAKER, openCircuitBreaker } from '../../../lambdas/domain/crm/circuit-breaker.ts';
import type { CrmResponse } from '../../../lambdas/domain/crm/crm-outcome.ts';
import type { CrmMapping } from '../../../lambdas/domain/crm/mapping.ts';
import { quarantineEnvelope } from '../../../lambdas/domain/delivery/envelope.ts';
import { DEFAULT_LIMITS } from '../../../lambdas/domain/limits.ts';
import { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import { namesOf } from '../../harness/digest-key.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const answers = (status: number, excerpt = '') => ({ kind: 'answered', status, excerpt }) as const;
const CONTACT = namesOf('+15550100').current.key;
const DAY_MS = 86_400_000;
/**
 * 400 days; 10 minutes by which a timestamp may be ahead, 5 s between two clocks, and a lease of 40
 * s.
 */
const CONTACT_EXPIRES_AT = START_MS / 1_000 + 400 * 86_400 + 645;

describe('the happy path', () => {
  it('calls the CRM once, with the event’s id as key, and settles', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', -5_000));
    expect(await p.run()).toEqual(['a applied']);
    expect(p.crmCalls).toEqual([
      { key: 'a', body: { phone: '+15550100', lastCallTimestamp: '2026-01-31T09:29:55.000Z' }, freshToken: false },
    ]);
    expect(p.row('a')).toMatchObject({ status: 'COMPLETED', attempts: 1, redrives: 0, settledAtMs: START_MS });
    // 45 days, and 10 minutes by which a timestamp may be ahead, and 5 s between two clocks.
    expect(p.row('a')?.expiresAt).toBe(START_MS / 1_000 + 45 * 86_400 + 605);
    expect(p.store.contacts.get(CONTACT)).toEqual({ newest: '001769851795000#a', expiresAt: CONTACT_EXPIRES_AT });
    expect(p.queue.messages.size).toBe(0);
  });

  it('never stores the phone number', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', -5_000));
    await p.run();
    expect(JSON.stringify([[...p.store.events], [...p.store.contacts], p.log.entries])).not.toContain('15550100');
  });

  it('settles an event that no mapping handles as IGNORED, without a call', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0, undefined, 'agent.login'));
    expect(await p.run()).toEqual(['a ignored']);
    expect([p.row('a')?.status, p.row('a')?.ignoreCause, p.crmCalls]).toEqual(['IGNORED', 'event_type', []]);
  });

  it('records `other` where a mapping gives a cause of its own', async () => {
    const mapping = (() => ({ kind: 'ignore', cause: 'Tuesday' })) as unknown as CrmMapping;
    const p = new ProcessorOnFakes({ mapping });
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.row('a')?.ignoreCause).toBe('other');
  });
});

describe('duplicates', () => {
  it('are dropped within a batch and ever after, at the cost of a read', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0), eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied', 'a duplicate']);
    const writes: unknown[] = [];
    const counting = {
      readAhead: p.store.readAhead.bind(p.store),
      claim: async (w: unknown) => void writes.push(w),
      settle: async (w: unknown) => void writes.push(w),
    };
    Object.assign(p.deps, { store: counting });
    p.send(eventBody('a', 0));
    expect([await p.run(), writes, p.crmCalls.length]).toEqual([['a duplicate'], [], 1]);
  });

  it('with other content are dropped with a warning that names the fields', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    const other = { ...(JSON.parse(eventBody('a', 0)) as { interaction: object }), note: 'new' };
    p.send(JSON.stringify({ ...other, interaction: { ...other.interaction, queue: 'vip' } }));
    expect(await p.run()).toEqual(['a duplicate']);
    expect(p.log.entries.at(-1)).toMatchObject({
      level: 'warn',
      details: { outcome: 'duplicate', differsIn: 'interaction, note' },
    });
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.log.entries.at(-1)).toMatchObject({ level: 'info', details: { differsIn: undefined } });
  });

  it('wait, uncounted, while the event is in progress elsewhere, and not past the end of that lease', async () => {
    const p = new ProcessorOnFakes();
    p.store.events.set('EVENT#a', {
      status: 'IN_PROGRESS',
      owner: 'other',
      identity: await identityOf(p, 'a'),
      leaseExpiresAtMs: START_MS + 400,
      attempts: 1,
      expiredLeases: 0,
      redrives: 0,
      firstReceivedAtMs: START_MS,
    });
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a later: event in progress elsewhere']);
    expect([p.waits(), p.crmCalls, p.row('a')?.attempts]).toEqual([[1], [], 1]);
  });

  it('of a quarantined event are acknowledged, however late they come: only a redrive processes it', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(400);
    p.send(eventBody('a', 0));
    await p.run();
    p.answer = () => answers(200);
    p.clock.advance(13 * 86_400_000);
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a duplicate']);
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);
    expect(p.row('a')).toMatchObject({ status: 'COMPLETED', attempts: 1, redrives: 1 });
  });
});

describe('order', () => {
  it('applies the newest of a batch first and settles the older as STALE without a call', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 1), eventBody('c', 3), eventBody('b', 2));
    expect(await p.run()).toEqual(['c applied', 'b stale', 'a stale']);
    expect(p.crmCalls.map(({ key }) => key)).toEqual(['c']);
  });

  it('settles an overtaken event as STALE, by what the table says', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('new', 2));
    await p.run();
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old stale']);
    expect(p.row('old')).toMatchObject({ status: 'STALE', attempts: 0 });
  });

  it('puts two events of one millisecond in the order of their ids', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('b', 1));
    await p.run();
    p.send(eventBody('a', 1), eventBody('c', 1));
    expect(await p.run()).toEqual(['c applied', 'a stale']);
  });

  it('lets an older event wait while a newer one may have been applied, and pass where it surely was not', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ key }) => (key === 'new' ? answers(500) : answers(200));
    p.send(eventBody('new', 2));
    expect(await p.run()).toEqual(['new later: HTTP 500']);
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old later: a newer event of the contact is unsettled']);

    const q = new ProcessorOnFakes();
    q.answer = ({ key }) => (key === 'new' ? answers(409) : answers(200));
    q.send(eventBody('new', 2));
    await q.run();
    q.send(eventBody('old', 1));
    expect(await q.run()).toEqual(['old applied']);
  });

  it.each<[string, CrmResponse]>([
    ['timed out', { kind: 'unknown', cause: 'timeout' }],
    ['was reset', { kind: 'unknown', cause: 'ECONNRESET' }],
    ['was repeated after a reset and then refused', { kind: 'answered', status: 422, excerpt: '', isRepeated: true }],
    ['was repeated after a reset and then succeeded', { kind: 'answered', status: 200, excerpt: '', isRepeated: true }],
    [
      'was repeated after a reset and then answered with no HTTP',
      { kind: 'unreadable', cause: 'HPE', isRepeated: true },
    ],
    ['had a reset request before one that was not sent', { kind: 'not_sent', cause: 'refused', isRepeated: true }],
  ])(
    'holds the contact until the lease ends if the call %s: the CRM may still be executing it',
    async (_how, first) => {
      const p = new ProcessorOnFakes();
      p.answer = ({ key }) => (key === 'old' ? first : answers(200));
      p.send(eventBody('old', 1));
      await p.run();
      p.send(eventBody('new', 2));
      expect(await p.run()).toEqual(['new later: contact in progress elsewhere']);
      p.clock.advance(DEFAULT_LIMITS.leaseMs);
      expect((await p.run()).at(0)).toBe('new applied');
    },
  );

  it('tries a call that timed out again only when its lease has ended', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ kind: 'unknown', cause: 'timeout' });
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.waits()).toEqual([40]);
  });

  it('does not take a later refusal as word on an earlier call whose outcome is unknown', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(500);
    p.send(eventBody('new', 2));
    await p.run();
    p.clock.advance(6_000);
    p.answer = () => answers(400);
    expect(await p.run()).toEqual(['new quarantined crm_rejected']);
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old later: a newer event of the contact is unsettled']);
  });

  it('quarantines what waited for as long as all attempts take as behind_newer; a redrive then finds it stale', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ key }) => (key === 'new' ? answers(500) : answers(200));
    p.send(eventBody('new', 2));
    await p.run();
    p.send(eventBody('old', 1));
    await p.run();
    p.clock.advance(2_175_000);
    expect((await p.run()).sort()).toEqual(['new later: HTTP 500', 'old quarantined behind_newer']);
    p.answer = () => answers(200);
    p.clock.advance(900_000);
    expect(await p.run()).toEqual(['new applied']);
    p.redrive();
    expect(await p.run()).toEqual(['old stale']);
    expect(p.row('old')).toMatchObject({ status: 'STALE', redrives: 1 });
  });

  it('works on one contact at a time, and on different contacts side by side, five at most', async () => {
    const p = new ProcessorOnFakes();
    let underWay = 0;
    const peaks: number[] = [];
    p.answer = async () => {
      underWay += 1;
      peaks.push(underWay);
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      underWay -= 1;
      return answers(200);
    };
    p.send(...Array.from({ length: 10 }, (_, i) => eventBody(`e${i}`, i, `+${i}`)));
    await p.run();
    expect([Math.max(...peaks), p.crmCalls.length]).toEqual([5, 10]);
  });

  it('does without order where the mapping gives no ordering key', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: null,
      }),
    });
    p.send(eventBody('new', 2));
    await p.run();
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old applied']);
    expect(p.store.contacts.size).toBe(0);
  });
});

describe('two attempts that quarantine one event at the same time', () => {
  it('leave a copy each, and no more', async () => {
    const p = new ProcessorOnFakes();
    p.send('oops');
    await p.run();
    p.redrive();
    const settle = p.store.settle.bind(p.store);
    let meanwhile = true;
    p.store.settle = async (write) => {
      const row = p.store.events.get(write.eventKey);
      if (meanwhile && row !== undefined) p.store.events.set(write.eventKey, { ...row, owner: 'another' });
      meanwhile = false;
      return settle(write);
    };
    expect(await p.run()).toEqual(['- duplicate']);
    expect(p.quarantine.messages.size).toBe(1);
    expect(p.queue.messages.size).toBe(0);
  });
});

describe('what the CRM answers', () => {
  const heldBy1 = { holder: 'owner-1', leaseExpiresAtMs: START_MS + 40_000 };

  it.each<[string, CrmResponse, string, object]>([
    ['503', answers(503, 'down'), 'HTTP 503: down', { unsettled: '001769851800002#b' }],
    ['a timeout', { kind: 'unknown', cause: 'timeout' }, 'timeout', { unsettled: '001769851800002#b', ...heldBy1 }],
    ['a redirect', answers(302), 'HTTP 302', { unsettled: '001769851800002#b' }],
    ['409', answers(409), 'HTTP 409', { unsettled: '' }],
    ['a refused connection', { kind: 'not_sent', cause: 'ECONNREFUSED' }, 'ECONNREFUSED', { unsettled: '' }],
    ['no token', { kind: 'no_token', cause: 'no token' }, 'no token', { unsettled: '' }],
  ])(
    'after %s: FAILED, its contact left with what is known, the message back when it is due',
    async (_name, answer, error, contact) => {
      const p = new ProcessorOnFakes();
      p.answer = () => answer;
      p.send(eventBody('b', 2));
      expect(await p.run()).toEqual([`b later: ${error}`]);
      expect(p.row('b')).toMatchObject({ status: 'FAILED', attempts: 1, lastError: error });
      expect(p.row('b')).not.toHaveProperty('leaseExpiresAtMs');
      expect(p.store.contacts.get(CONTACT)).toEqual({ ...contact, expiresAt: CONTACT_EXPIRES_AT });
      const dueInS = ((p.row('b')?.nextAttemptAtMs ?? 0) - START_MS) / 1_000;
      expect(p.waits()).toEqual([Math.ceil(dueInS)]);
      p.answer = () => answers(200);
      p.clock.advance(1_000 * Math.ceil(dueInS));
      expect(await p.run()).toEqual(['b applied']);
      expect([p.row('b')?.attempts, p.crmCalls.map(({ key }) => key)]).toEqual([2, ['b', 'b']]);
      expect(p.row('b')).not.toHaveProperty('nextAttemptAtMs');
    },
  );

  it('waits as long as Retry-After asks', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ kind: 'answered', status: 503, excerpt: '', retryAfter: '120' });
    p.send(eventBody('a', 0));
    await p.run();
    expect(p.waits()).toEqual([120]);
  });

  it('does not call again with a fresh token once the circuit has opened', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => {
      const row = openCircuitBreaker(CLOSED_CIRCUIT_BREAKER, START_MS, DEFAULT_LIMITS);
      p.deps.circuitBreaker.refresh({ kind: 'stored', stored: { ...row } });
      return answers(401);
    };
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a later: HTTP 401']);
    expect(p.crmCalls.map(({ freshToken }) => freshToken)).toEqual([false]);
  });

  it('refreshes the token after 401, and retries once', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ freshToken }) => answers(freshToken ? 200 : 401);
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied']);
    expect(p.crmCalls.map(({ freshToken }) => freshToken)).toEqual([false, true]);
  });

  it('makes no second call after 403: a permission does not come with a new token', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ ...answers(403), retryAfter: '30' });
    p.send(eventBody('a', 0));
    expect([await p.run(), p.crmCalls.length, p.waits()]).toEqual([['a later: HTTP 403'], 1, [30]]);
  });

  it.each([429, 409, 401, 422])(
    'keeps older events behind an event whose call was repeated after a reset and then got HTTP %i',
    async (status) => {
      const p = new ProcessorOnFakes();
      p.answer = ({ key }) => (key === 'new' ? { ...answers(status), isRepeated: true } : answers(200));
      p.send(eventBody('new', 2));
      await p.run();
      p.send(eventBody('old', 1));
      expect((await p.run()).filter((line) => line.startsWith('old'))).not.toContain('old applied');
    },
  );

  it('quarantines what the CRM rejects at once, with its words, and lets every other event pass', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ key }) => (key === 'bad' ? answers(422, 'phone is barred') : answers(200));
    p.send(eventBody('bad', 0, '+1'), eventBody('good', 0, '+2'));
    expect((await p.run()).sort()).toEqual(['bad quarantined crm_rejected', 'good applied']);
    expect(p.row('bad')).toMatchObject({
      status: 'QUARANTINED',
      reason: 'crm_rejected',
      lastError: 'HTTP 422: phone is barred',
    });
    expect(p.notes()).toEqual([
      {
        reason: 'crm_rejected',
        at: '2026-01-31T09:30:00.000Z',
        attempts: 1,
        redrives: 0,
        lastError: 'HTTP 422: phone is barred',
      },
    ]);
    expect(p.queue.messages.size).toBe(0);
  });

  it('processes an event from the future by a redrive once its time has come', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 600_001));
    expect(await p.run()).toEqual(['a quarantined invalid_event']);
    p.clock.advance(1);
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);
  });

  it('keeps the first error and the history through an expired lease, and writes nothing else into the row', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(500);
    p.send(eventBody('a', 0));
    await p.run();
    const failed = p.row('a');
    if (failed === undefined) throw new Error('no row');
    p.store.events.set('EVENT#a', { ...failed, status: 'IN_PROGRESS', leaseExpiresAtMs: START_MS });
    p.answer = () => answers(200);
    p.clock.advance(900_000);
    expect(await p.run()).toEqual(['a applied']);
    expect(p.row('a')).toMatchObject({
      firstError: 'HTTP 500',
      history: [{ what: 'failed' }, { what: 'lease_expired', atMs: START_MS }],
    });
    expect(Object.keys(p.row('a') ?? {}).filter((name) => /^\d/.test(name))).toEqual([]);
  });

  it('quarantines after the last permitted attempt; a redrive starts again', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(500);
    p.send(eventBody('a', 0));
    const outcomes = [];
    for (let attempt = 0; attempt < 10; attempt += 1) {
      outcomes.push(...(await p.run()));
      p.clock.advance(900_000);
    }
    expect(outcomes).toEqual([...Array(9).fill('a later: HTTP 500'), 'a quarantined retries_exhausted']);
    p.redrive();
    expect(await p.run()).toEqual(['a later: HTTP 500']);
    expect(p.row('a')).toMatchObject({ status: 'FAILED', attempts: 1, redrives: 1, firstError: 'HTTP 500' });
    expect(p.row('a')?.history?.slice(-4)).toEqual([
      { atMs: expect.any(Number), what: 'failed', detail: 'HTTP 500' },
      { atMs: expect.any(Number), what: 'quarantined', detail: 'retries_exhausted: HTTP 500' },
      { atMs: expect.any(Number), what: 'redriven' },
      { atMs: expect.any(Number), what: 'failed', detail: 'HTTP 500' },
    ]);
    expect(p.row('a')?.history).toHaveLength(12);
  });

  it('makes no further call when the last permitted attempt could not be quarantined', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(500);
    p.send(eventBody('a', 0));
    for (let attempt = 0; attempt < 9; attempt += 1) {
      await p.run();
      p.clock.advance(900_000);
    }
    const { quarantine } = p.deps;
    Object.assign(p.deps, { quarantine: { send: async () => ({ kind: 'unavailable', cause: 'SQS: timeout' }) } });
    await p.run();
    p.clock.advance(900_000);
    expect(p.crmCalls).toHaveLength(10);
    Object.assign(p.deps, { quarantine });
    expect(await p.run()).toEqual(['a quarantined retries_exhausted']);
    expect(p.row('a')).toMatchObject({ attempts: 10, lastError: 'HTTP 500 (quarantine: SQS: timeout)' });
    expect(p.crmCalls).toHaveLength(10);
  });

  it('delays a redrive after a timeout until the lease of the last attempt has ended', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ kind: 'unknown', cause: 'timeout' });
    p.send(eventBody('a', 0));
    for (let attempt = 0; attempt < 10; attempt += 1) {
      p.clock.advance(900_000);
      await p.run();
    }
    expect(p.row('a')).toMatchObject({ status: 'QUARANTINED', reason: 'retries_exhausted' });
    const calls = p.crmCalls.length;
    p.redrive();
    expect(await p.run()).toEqual(['a later: next attempt not due']);
    expect(p.crmCalls).toHaveLength(calls);
    p.clock.advance(DEFAULT_LIMITS.leaseMs);
    await p.run();
    expect(p.crmCalls).toHaveLength(calls + 1);
  });
});

describe('a redrive with a new idempotency key', () => {
  it('calls with it in every attempt, and a redrive without keeps it', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', 0));
    await p.run();
    p.answer = () => answers(500);
    p.redriveAs({ by: 'person', newKey: true });
    await p.run();
    p.clock.advance(900_000);
    p.answer = () => answers(422);
    await p.run();
    p.redriveAs({ by: 'person' });
    await p.run();
    const [first, second, third, fourth] = p.crmCalls.map(({ key }) => key);
    expect([first, third, fourth]).toEqual(['a', second, second]);
    expect(second).toMatch(/^a\/owner/);
    expect(p.row('a')).toMatchObject({ status: 'QUARANTINED', idempotencyKey: second });
  });

  it.each([
    ['before its first attempt', false],
    ['between two attempts', true],
  ])('keeps the key when the circuit breaker opens %s', async (_name, isTried) => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', 0));
    await p.run();
    if (isTried) {
      p.redriveAs({ by: 'person', newKey: true });
      p.answer = () => ({ kind: 'unknown', cause: 'timeout' });
      await p.run();
    }
    // A pause of more than 15 minutes opens the circuit breaker.
    p.answer = () => ({ ...answers(429), retryAfter: '3600' });
    p.send(eventBody('other', 0, '+15550199'));
    expect(await p.run()).toEqual(['other quarantined circuit_open']);
    if (!isTried) p.redriveAs({ by: 'person', newKey: true });
    p.clock.advance(DEFAULT_LIMITS.leaseMs);
    await p.run();
    expect(p.row('a')).toMatchObject({ status: 'QUARANTINED', reason: 'circuit_open' });
    p.clock.advance(3_600_000);
    p.answer = () => answers(200);
    // One is the probe, and the other waits for it.
    for (const _probe of [1, 2]) {
      p.redriveAs({ by: 'recovery' });
      await p.run();
    }
    expect(p.row('a')).toMatchObject({ status: 'COMPLETED' });
    const [first, ...later] = p.crmCalls.filter(({ body }) => JSON.stringify(body).includes('0100'));
    expect(first?.key).toBe('a');
    expect(new Set(later.map(({ key }) => key)).size).toBe(1);
    expect(later[0]?.key).toMatch(/^a\/owner/);
  });

  it('makes another key when it is asked for again', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', 0));
    await p.run();
    for (let redrives = 0; redrives < 2; redrives += 1) {
      p.redriveAs({ by: 'person', newKey: true });
      await p.run();
    }
    expect(new Set(p.crmCalls.map(({ key }) => key)).size).toBe(3);
  });
});

describe('an event that a person has given up', () => {
  it('is settled as ABANDONED without a call, with who and why', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', 0));
    await p.run();
    p.giveUp({ by: 'ada', why: 'sent by mistake' });
    expect(await p.run()).toEqual(['a abandoned']);
    expect(p.crmCalls).toHaveLength(1);
    expect(p.row('a')).toMatchObject({ status: 'ABANDONED', expiresAt: expect.any(Number) });
    expect(p.row('a')?.history?.at(-1)).toEqual({
      atMs: p.clock.now(),
      what: 'given_up',
      detail: 'by ada: sent by mistake',
    });
    expect([p.quarantine.messages.size, p.queue.messages.size]).toEqual([0, 0]);
  });

  it('lets the events behind it pass', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ key }) => (key === 'new' ? { kind: 'unknown', cause: 'timeout' } : answers(200));
    p.send(eventBody('new', 2));
    for (let attempt = 0; attempt < 10; attempt += 1) {
      await p.run();
      p.clock.advance(900_000);
    }
    expect(p.row('new')).toMatchObject({ status: 'QUARANTINED', reason: 'retries_exhausted' });
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old later: a newer event of the contact is unsettled']);
    p.giveUp();
    expect(await p.run()).toEqual(['new abandoned']);
    p.clock.advance(900_000);
    expect(await p.run()).toEqual(['old applied']);
  });

  it('lets the events behind it pass although the read of its contact was out of date', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ ...answers(422), isPartlyApplied: true });
    p.send(eventBody('new', 2));
    await p.run();
    p.giveUp();
    const read = p.store.readAheadNow.bind(p.store);
    p.store.readAheadNow = (keys) => ({ ...read(keys), contacts: new Map(keys.contacts.map((key) => [key, {}])) });
    expect(await p.run()).toEqual(['new abandoned']);
    p.store.readAheadNow = read;
    p.answer = () => answers(200);
    p.send(eventBody('old', 1));
    expect(await p.run()).toEqual(['old applied']);
  });

  it('is found given up when it comes again, and a body that is no event can be given up, too', async () => {
    const p = new ProcessorOnFakes();
    p.send('not json');
    await p.run();
    p.giveUp();
    expect(await p.run()).toEqual(['- abandoned']);
    p.send('not json');
    expect(await p.run()).toEqual(['- duplicate']);
  });
});

describe('what can never be processed', () => {
  it.each([
    ['no JSON', 'oops', 'invalid_event', 'the body is not JSON'],
    [
      'an event without an address',
      eventBody('a', 0, null),
      'invalid_event',
      'interaction.to: must be a string of 1 to 256 characters',
    ],
    [
      'an event whose type is no Unicode',
      eventBody('a', 0, '+1', 'interaction.\ud800'),
      'invalid_event',
      'eventType: must not have half a surrogate pair',
    ],
    [
      'an event from far ahead',
      eventBody('a', 600_001),
      'invalid_event',
      'the event’s time is 10 min 1 ms ahead of the clock',
    ],
    [
      'a replayed capture',
      eventBody('a', -46 * 86_400_000),
      'too_old',
      'older than the time for which final events are remembered: a duplicate could not be told',
    ],
  ])('%s is quarantined, once, with its reason', async (_name, body, reason, lastError) => {
    const p = new ProcessorOnFakes();
    p.send(body, body);
    await p.run();
    p.send(body);
    await p.run();
    expect(p.notes()).toEqual([{ reason, at: '2026-01-31T09:30:00.000Z', attempts: 0, redrives: 0, lastError }]);
    expect([p.queue.messages.size, p.crmCalls]).toEqual([0, []]);
  });

  it('a second copy of a final event whose row has expired does not pass for its approved redrive', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', 0));
    await p.run();
    const [copy] = [...p.quarantine.messages.values()].map(({ envelope }) => envelope);
    p.answer = () => answers(200);
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);

    p.store.events.delete('EVENT#a');
    Object.assign(p.deps, { settledEvents: new SettledEventCache() });
    p.clock.advance(46 * DAY_MS);
    p.send(copy ?? '', copy ?? '');
    expect(await p.run()).toEqual(['a quarantined too_old', 'a duplicate']);
    p.send(copy ?? '');
    expect(await p.run()).toEqual(['a duplicate']);
    expect(p.crmCalls).toHaveLength(2);

    // A person has looked whether it was applied.
    p.redriveAs({ by: 'person' });
    expect(await p.run()).toEqual(['a stale']);
  });

  it('a copy that is newer than the row of an event that is too old is not taken for an earlier one', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', -46 * DAY_MS));
    expect(await p.run()).toEqual(['a quarantined too_old']);
    // Redriven, and sent to quarantine again while the circuit was open; the write of the row has
    // not landed.
    const [first] = [...p.quarantine.messages.keys()];
    const note = { reason: 'circuit_open', attempts: 0, redrives: 0 } as const;
    const at = new Date(START_MS - DEFAULT_LIMITS.clockSkewMs).toISOString();
    p.quarantine.move(first ?? '', p.queue, (envelope) => quarantineEnvelope(envelope, { ...note, at }));
    expect(await p.run()).toEqual(['a applied']);
  });

  it('a redriven event older than 400 days returns to quarantine, because its contact may have been forgotten', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', -DAY_MS));
    expect(await p.run()).toEqual(['a quarantined crm_rejected']);
    p.answer = () => answers(200);
    p.clock.advance(399 * DAY_MS + 1);
    p.redrive();
    expect(await p.run()).toEqual(['a quarantined too_old']);
    expect(p.row('a')?.lastError).toBe(
      'older than the time for which the order of a contact is remembered: a newer event may have been applied',
    );
    expect(p.crmCalls).toHaveLength(1);
  });

  it('a redriven event of exactly 400 days finds its contact, and is applied', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => answers(422);
    p.send(eventBody('a', -DAY_MS));
    await p.run();
    p.answer = () => answers(200);
    p.clock.advance(399 * DAY_MS);
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);
  });

  it('an event without an ordering key has no order to forget, and is applied after 400 days', async () => {
    const mapping: CrmMapping = ({ id }) => ({
      kind: 'deliver',
      action: { kind: 'request', method: 'POST', path: '/', body: id },
      orderingKey: null,
    });
    const p = new ProcessorOnFakes({ mapping });
    p.answer = () => answers(422);
    p.send(eventBody('a', -DAY_MS));
    await p.run();
    p.answer = () => answers(200);
    p.clock.advance(400 * DAY_MS);
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);
  });

  it('a reused id is kept under a key of its own, beside the event that had it first', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    p.send(eventBody('a', 1), eventBody('a', 1), eventBody('a', 0, '+2'));
    expect((await p.run()).sort()).toEqual(['a duplicate', 'a quarantined id_reused', 'a quarantined id_reused']);
    expect([p.row('a')?.status, p.crmCalls.length, p.quarantine.messages.size]).toEqual(['COMPLETED', 1, 2]);
    p.redrive();
    expect(await p.run()).toEqual(['a quarantined id_reused', 'a quarantined id_reused']);
  });

  it('an unknown schema version is quarantined, its body untouched', async () => {
    const p = new ProcessorOnFakes();
    p.send({ body: eventBody('a', 0), attributes: { schema: '99' } });
    await p.run();
    expect([...p.quarantine.messages.values()].map(({ envelope }) => envelope.body)).toEqual([eventBody('a', 0)]);
  });

  it('a mapping that throws costs its own event only, and a fixed one applies it', async () => {
    let broken = true;
    const p = new ProcessorOnFakes({
      mapping: (event) => {
        if (broken && event.id === 'bad') throw new TypeError('secret payload');
        return crmMapping(event);
      },
    });
    p.send(eventBody('bad', 0), eventBody('good', 0, '+2'));
    expect((await p.run()).sort()).toEqual(['bad quarantined mapping_failed', 'good applied']);
    expect(p.row('bad')?.lastError).toBe('the mapping threw TypeError');
    broken = false;
    p.redrive();
    expect(await p.run()).toEqual(['bad applied']);
  });

  it('comes back as it was while quarantine does not take it', async () => {
    const p = new ProcessorOnFakes();
    Object.assign(p.deps, { quarantine: { send: async () => ({ kind: 'unavailable', cause: 'SQS: timeout' }) } });
    p.answer = () => answers(400, 'no');
    p.send('oops', eventBody('a', 0));
    expect((await p.run()).sort()).toEqual([
      '- later: quarantine: SQS: timeout',
      'a later: HTTP 400: no (quarantine: SQS: timeout)',
    ]);
    expect([p.queue.messages.size, p.row('a')?.status]).toEqual([2, 'FAILED']);
  });
});

describe('an attempt that died', () => {
  /** Leaves a claim behind whose attempt never ended. */
  async function died(p: ProcessorOnFakes, times: number): Promise<void> {
    p.answer = () => new Promise(() => undefined);
    for (let time = 0; time < times; time += 1) {
      void p.run();
      for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
      p.clock.advance(DEFAULT_LIMITS.visibilityMs);
    }
    p.answer = () => answers(200);
  }

  it('is followed by another once its lease has run out, with the same key', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await died(p, 1);
    expect(await p.run()).toEqual(['a applied']);
    expect(p.crmCalls.map(({ key }) => key)).toEqual(['a', 'a']);
    expect(p.row('a')).toMatchObject({ attempts: 2, expiredLeases: 1 });
  });

  it('three times is poison: quarantined without a further call', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await died(p, 3);
    expect(await p.run()).toEqual(['a quarantined poison']);
    expect(p.crmCalls).toHaveLength(3);
  });

  it('is worked on after all others of its batch', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('dead', 0, '+1'));
    await died(p, 1);
    p.send(eventBody('x', 0, '+2'), eventBody('y', 0, '+3'));
    expect(await p.run()).toEqual(['x applied', 'y applied', 'dead applied']);
  });

  it('cannot settle any more when another has taken the event', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    p.answer = async () => {
      p.answer = () => answers(200);
      // Frozen under its call for longer than its message is invisible: another environment takes
      // the event.
      p.clock.advance(DEFAULT_LIMITS.visibilityMs);
      expect(await p.run()).toEqual(['a applied']);
      return answers(500);
    };
    await p.run();
    expect(p.row('a')).toMatchObject({ status: 'COMPLETED', attempts: 2 });
    expect(p.store.contacts.get(CONTACT)).toEqual({ newest: '001769851800000#a', expiresAt: CONTACT_EXPIRES_AT + 180 });
  });
});

describe('a record that came three times without leaving a row', () => {
  it('is shown to the mapping only after all others have been settled', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => {
        if (event.id === 'killer') expect(p.row('x')?.status).toBe('COMPLETED');
        return crmMapping(event);
      },
    });
    p.send(eventBody('killer', 0, '+1'));
    for (let time = 0; time < 2; time += 1) {
      p.queue.receive(10);
      p.clock.advance(DEFAULT_LIMITS.visibilityMs);
    }
    p.send(eventBody('x', 0, '+2'));
    expect(await p.run()).toEqual(['x applied', 'killer applied']);
  });
});

describe('rows of the user', () => {
  const mappingWithRow = (onlyIfAbsent: boolean) =>
    new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: '+1',
        rows: [{ key: `call-${event.id}`, item: { seen: event.id }, onlyIfAbsent }],
      }),
    });

  it('commit with the event, and with one that turns out stale', async () => {
    const p = mappingWithRow(true);
    p.send(eventBody('new', 2), eventBody('old', 1));
    expect(await p.run()).toEqual(['new applied', 'old stale']);
    expect([...p.store.userRows]).toEqual([
      ['call-new', { seen: 'new' }],
      ['call-old', { seen: 'old' }],
    ]);
  });

  it('that replace what stands there are not written by an event that turns out stale', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: '+1',
        rows: [{ key: 'last', item: { seen: event.id } }],
      }),
    });
    p.send(eventBody('new', 2), eventBody('old', 1));
    expect(await p.run()).toEqual(['new applied', 'old stale']);
    expect([...p.store.userRows]).toEqual([['last', { seen: 'new' }]]);
  });

  it('with onlyIfNewer keep the newest event, in any order, also without an ordering key', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: null,
        rows: [{ key: 'last', item: { seen: event.id }, onlyIfNewer: true }],
      }),
    });
    for (const [id, atMs] of [
      ['b', 2],
      ['a', 1],
      ['c', 3],
    ] as const) {
      p.send(eventBody(id, atMs));
      expect(await p.run()).toEqual([`${id} applied`]);
    }
    expect([...p.store.userRows]).toEqual([['last', { seen: 'c', position: '001769851800003#c' }]]);
  });

  it('of one timestamp go by the mapping’s sequence', async () => {
    const p = new ProcessorOnFakes({
      mapping: (event) => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: event.id },
        orderingKey: '+1',
        sequence: event.id === 'a' ? 2 : 1,
      }),
    });
    p.send(eventBody('a', 0), eventBody('z', 0));
    expect(await p.run()).toEqual(['a applied', 'z stale']);
  });

  it('that are there already quarantine the event; nothing of it is committed', async () => {
    const p = mappingWithRow(true);
    p.store.userRows.set('call-a', { mine: true });
    p.send(eventBody('a', 2));
    expect(await p.run()).toEqual(['a quarantined rows_rejected']);
    expect([...p.store.userRows]).toEqual([['call-a', { mine: true }]]);
    // The CRM has it: an older event must not pass.
    p.send(eventBody('older', 1));
    expect(await p.run()).toEqual(['older later: a newer event of the contact is unsettled']);
    p.store.userRows.clear();
    p.redrive();
    expect(await p.run()).toEqual(['a applied']);
  });

  it.each([
    [
      'more than 50',
      Array.from({ length: 51 }, (_, i) => ({ key: `${i}`, item: {} })),
      'the mapping gave 51 rows; at most 50 commit together',
    ],
    [
      'two with one key',
      [
        { key: 'k', item: {} },
        { key: 'k', item: {} },
      ],
      'the mapping gave two rows with one key',
    ],
    [
      'both onlyIfAbsent and onlyIfNewer',
      [{ key: 'a', item: {}, onlyIfAbsent: true, onlyIfNewer: true }],
      'the mapping gave a row with both `onlyIfAbsent` and `onlyIfNewer`',
    ],
    [
      'onlyIfNewer and a position of its own',
      [{ key: 'a', item: { position: 1 }, onlyIfNewer: true }],
      'the mapping gave a row with `onlyIfNewer` and an attribute `position`, which is the pipeline’s',
    ],
    [
      'what cannot be stored',
      [{ key: 'k', item: { at: new Date(0) } }],
      'the mapping gave a row with a Date, which is no plain value',
    ],
  ])('are refused before any call where there are %s', async (_name, rows, lastError) => {
    const p = new ProcessorOnFakes({
      mapping: () => ({
        kind: 'deliver',
        action: { kind: 'request', method: 'POST', path: '/x', body: 1 },
        orderingKey: null,
        rows,
      }),
    });
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a quarantined mapping_failed']);
    expect([p.row('a')?.lastError, p.crmCalls]).toEqual([lastError, []]);
  });
});

describe('time and failing tables', () => {
  it('starts no record with less than 21 s left', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    expect(await p.run(20_999)).toEqual(['a later: not enough of the invocation left']);
    expect([p.crmCalls, p.row('a')]).toEqual([[], undefined]);
    p.clock.advance(6_000);
    expect(await p.run(21_000)).toEqual(['a applied']);
  });

  it('needs no table for duplicates of what it has seen final', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('a', 0));
    await p.run();
    Object.assign(p.deps, { store: { readAhead: async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) } });
    p.send(eventBody('a', 0), eventBody('b', 0), eventBody('a', 1));
    // The last one reuses the id, which the table would have to be asked about.
    expect((await p.run()).sort()).toEqual(['a duplicate', 'a later: DynamoDB: timeout', 'b later: DynamoDB: timeout']);
    expect(p.queue.messages.size).toBe(2);
  });

  it('sends the whole batch back, longer each time, while the table cannot be read', async () => {
    const p = new ProcessorOnFakes();
    Object.assign(p.deps, { store: { readAhead: async () => ({ kind: 'unavailable', cause: 'DynamoDB: timeout' }) } });
    p.send(eventBody('a', 0), eventBody('b', 0));
    expect(await p.run()).toEqual(['a later: DynamoDB: timeout', 'b later: DynamoDB: timeout']);
    expect(p.queue.messages.size).toBe(2);
  });

  it.each([
    ['that needs no call', 'not json', () => answers(200)],
    ['that the CRM refused', eventBody('a', 0), () => answers(422)],
  ])('sends an event %s to quarantine once, however often the settlement fails', async (_what, body, answer) => {
    const p = new ProcessorOnFakes();
    p.answer = answer;
    const settle = p.store.settle.bind(p.store);
    p.store.settle = async () => {
      p.clock.advance(DEFAULT_LIMITS.storeBudgetMs);
      return { kind: 'unavailable', cause: 'DynamoDB: timeout' };
    };
    p.send(body);
    for (let tries = 0; tries < 2; tries += 1) {
      await p.run();
      p.clock.advance(900_000);
    }
    expect([p.quarantine.messages.size, p.queue.messages.size]).toEqual([1, 1]);
    p.store.settle = settle;
    await p.run();
    expect([p.quarantine.messages.size, p.queue.messages.size]).toEqual([1, 0]);
  });

  it('finds a claim standing whose response was lost, and goes on with it', async () => {
    const p = new ProcessorOnFakes();
    let lost = false;
    const claim = p.store.claim.bind(p.store);
    p.store.claim = async (write) => {
      const result = await claim(write);
      if (lost) return result;
      lost = true;
      return { kind: 'unavailable', cause: 'DynamoDB: timeout' };
    };
    p.send(eventBody('a', 0));
    expect(await p.run()).toEqual(['a applied']);
    expect(p.row('a')?.attempts).toBe(1);
  });

  it('finds a settlement standing whose response was lost', async () => {
    const p = new ProcessorOnFakes();
    let lost = false;
    const settle = p.store.settle.bind(p.store);
    p.store.settle = async (write) => {
      const result = await settle(write);
      if (lost) return result;
      lost = true;
      return { kind: 'unavailable', cause: 'DynamoDB: timeout' };
    };
    p.send(eventBody('a', 0));
    expect([await p.run(), p.crmCalls.length]).toEqual([['a applied'], 1]);
  });

  it('lets a bug in one record cost no other anything', async () => {
    const p = new ProcessorOnFakes();
    p.answer = ({ key }) => {
      if (key === 'bug') throw new RangeError('payload');
      return answers(200);
    };
    p.send(eventBody('bug', 0, '+1'), eventBody('good', 0, '+2'));
    expect((await p.run()).sort()).toEqual(['bug later: RangeError', 'good applied']);
    expect(p.queue.messages.size).toBe(1);
  });
});

async function identityOf(p: ProcessorOnFakes, id: string): Promise<string> {
  const other = new ProcessorOnFakes();
  other.send(eventBody(id, 0));
  await other.run();
  expect(p.row(id)).toBeUndefined();
  return other.row(id)?.identity ?? '';
}
