import { hash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { digest } from '../../../lambdas/domain/event/event-key.ts';
import { positionOf } from '../../../lambdas/domain/idempotency/position.ts';
import { SettledEventCache } from '../../../lambdas/processor/settled-event-cache.ts';
import { DIGEST_KEY, namesOf } from '../../harness/digest-key.ts';
import { eventBody, ProcessorOnFakes, START_MS } from '../../harness/processor-on-fakes.ts';

const PHONE = '+15550100';
const { current, former } = namesOf(PHONE);
const APPLIED_BEFORE = { newest: positionOf({ timestampMs: START_MS + 1_000, id: 'before' }) };

/** A processor after an upgrade: version 0.1.0 has applied an event of the contact. */
function upgraded(): ProcessorOnFakes {
  const p = new ProcessorOnFakes();
  p.store.contacts.set(former.key, APPLIED_BEFORE);
  return p;
}

/** Everything that the table holds, as text. */
function tableOf({ store }: ProcessorOnFakes): string {
  return JSON.stringify([[...store.events], [...store.contacts], [...store.userRows], store.circuit.stored]);
}

describe('the row of a new contact', () => {
  it('is not found by hashing all phone numbers', async () => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ kind: 'answered', status: 422, excerpt: '' });
    p.send(eventBody('rejected', 0));
    await p.run();
    p.answer = () => ({ kind: 'answered', status: 200, excerpt: '' });
    // The second one reuses an id: its row has the digest of another contact in its key.
    p.send(eventBody('applied', 1), eventBody('applied', 2));
    await p.run();
    const table = tableOf(p);
    expect(table).toContain(current.digest);
    expect(table).toContain('REUSED#');
    for (let number = 0; number < 1_000; number += 1) {
      const phone = `+1555${String(number).padStart(4, '0')}`;
      const field = digest(JSON.stringify({ id: 'i', to: phone }));
      const guesses = [hash('sha256', phone), namesOf(phone).former.digest, field.slice(0, 8)];
      for (const guess of guesses) expect(table).not.toContain(guess);
    }
  });
});

describe('the row of a contact that version 0.1.0 created', () => {
  it('still blocks an older event', async () => {
    const p = upgraded();
    p.send(eventBody('older', 0));
    expect(await p.run()).toEqual(['older stale']);
    expect(p.row('older')).toMatchObject({ status: 'STALE', orderingKey: former.digest });
  });

  it('goes on under its name, so that the contact has one row', async () => {
    const p = upgraded();
    p.send(eventBody('newer', 2_000), eventBody('newest', 3_000));
    expect(await p.run()).toEqual(['newest applied', 'newer stale']);
    expect([...p.store.contacts.keys()]).toEqual([former.key]);
    expect(p.row('newest')).toMatchObject({ status: 'COMPLETED', orderingKey: former.digest });
  });

  it('is read alone where the batch left it unread, and is not taken for absent', async () => {
    const p = upgraded();
    const read = p.store.readAheadNow.bind(p.store);
    let reads = 0;
    p.store.readAheadNow = (keys) => {
      reads += 1;
      return reads === 1 ? { ...read(keys), contacts: new Map(), absentContacts: new Set() } : read(keys);
    };
    p.send(eventBody('older', 0));
    expect([await p.run(), reads]).toEqual([['older stale'], 2]);
  });

  it('lets the event come back for as long as it cannot be read', async () => {
    const p = upgraded();
    const read = p.store.readAheadNow.bind(p.store);
    p.store.readAheadNow = (keys) => ({ ...read(keys), contacts: new Map(), absentContacts: new Set() });
    p.send(eventBody('older', 0));
    expect(await p.run()).toEqual(['older later: the row of the contact could not be read']);
    expect([p.crmCalls, p.metrics.sum('MessagesRetried', 'state_table')]).toEqual([[], 1]);
  });

  it('is not created again once it has expired', async () => {
    const p = upgraded();
    const claim = p.store.claim.bind(p.store);
    p.store.claim = async (write) => {
      p.store.contacts.delete(former.key);
      return claim(write);
    };
    p.send(eventBody('newer', 2_000));
    expect(await p.run()).toEqual(['newer applied']);
    expect([...p.store.contacts.keys()]).toEqual([current.key]);
    expect(p.row('newer')).toMatchObject({ status: 'COMPLETED', attempts: 1, orderingKey: current.digest });
  });
});

describe('an event that version 0.1.0 has seen', () => {
  it.each([
    ['settled', 'COMPLETED', 'duplicate'],
    ['failed', 'FAILED', 'applied'],
  ] as const)('and %s is the same event by either digest', async (_what, status, outcome) => {
    const p = new ProcessorOnFakes();
    p.answer = () => ({ kind: 'answered', status: status === 'FAILED' ? 503 : 200, excerpt: '' });
    p.send(eventBody('e', 0));
    await p.run();
    const row = p.row('e');
    if (row === undefined) throw new Error('the event has no row');
    p.store.events.set('EVENT#e', { ...row, orderingKey: former.digest });
    p.answer = () => ({ kind: 'answered', status: 200, excerpt: '' });
    p.clock.advance(900_000);
    Object.assign(p.deps, { settledEvents: new SettledEventCache() });
    if (status === 'COMPLETED') p.send(eventBody('e', 0));
    expect(await p.run()).toEqual([`e ${outcome}`]);
  });

  it('and settled is compared by the plain digests of its fields', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('e', 0));
    await p.run();
    const row = p.row('e');
    if (row === undefined) throw new Error('the event has no row');
    const interaction = digest(JSON.stringify({ id: 'i', to: PHONE })).slice(0, 8);
    p.store.events.set('EVENT#e', { ...row, orderingKey: former.digest, fields: `interaction:${interaction}` });
    Object.assign(p.deps, { settledEvents: new SettledEventCache() });
    p.send(eventBody('e', 0));
    await p.run();
    expect(p.log.entries.at(-1)).toMatchObject({ level: 'info', details: { outcome: 'duplicate' } });
    p.send(JSON.stringify({ ...(JSON.parse(eventBody('e', 0)) as object), interaction: { to: '+15550100' } }));
    await p.run();
    expect(p.log.entries.at(-1)).toMatchObject({ level: 'warn', details: { differsIn: 'interaction' } });
  });

  it('and quarantined as a reused id is found under its former key', async () => {
    const p = new ProcessorOnFakes();
    p.send(eventBody('e', 0), eventBody('e', 1));
    await p.run();
    const [key = '', row] = [...p.store.events].find(([name]) => name.startsWith('REUSED#')) ?? [];
    if (row === undefined) throw new Error('the reused id has no row');
    const formerKey = `REUSED#${hash('sha256', `1:e64:${row.identity}64:${former.digest}`)}`;
    p.store.events.delete(key);
    p.store.events.set(formerKey, row);
    p.send(eventBody('e', 1));
    expect(await p.run()).toEqual(['e duplicate']);
    expect([...p.store.events.keys()].sort()).toEqual(['EVENT#e', formerKey]);
  });
});

describe('without the digest key', () => {
  it('the whole batch comes back, and the log says why', async () => {
    const cause = 'the digest key cannot be read: AccessDeniedException';
    const p = new ProcessorOnFakes();
    Object.assign(p.deps, { digestKey: { read: async () => ({ kind: 'unavailable', cause }) } });
    p.send(eventBody('a', 0), eventBody('b', 0));
    const outcomes = await p.run();
    expect(outcomes.slice(-2)).toEqual([`a later: ${cause}`, `b later: ${cause}`]);
    expect(p.log.entries[0]).toMatchObject({
      level: 'error',
      message: 'nothing can be processed without the digest key',
      details: { cause },
    });
    expect([p.queue.messages.size, p.crmCalls, p.store.events.size]).toEqual([2, [], 0]);
    Object.assign(p.deps, { digestKey: DIGEST_KEY });
    p.clock.advance(900_000);
    expect(await p.run()).toEqual(['b applied', 'a stale']);
  });
});
