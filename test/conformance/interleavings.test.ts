/**
 * Attempts that are abandoned between two requests, and two attempts at the same time in every
 * order of their requests.
 */
import { describe, expect, it } from '@jest/globals';
import type { CrmAction } from '../../lambdas/domain/crm/action.ts';
import { REQUESTS_MAX } from '../../lambdas/domain/crm/connector.ts';
import type { CrmOutcome } from '../../lambdas/domain/crm/crm-outcome.ts';
import { type BeforeRequest, DrivenConnector } from './driven-connector.ts';
import { CALL, SAME_CALL, SUBJECTS } from './subjects.ts';

/** All orders of the requests of two attempts: `a` and `b` say whose request is next. */
const ORDERS = Array.from({ length: 2 ** (2 * REQUESTS_MAX) }, (_, bits) =>
  Array.from({ length: 2 * REQUESTS_MAX }, (__, place) => ((bits >> place) % 2 === 0 ? 'a' : 'b')),
).filter((order) => order.filter((who) => who === 'a').length === REQUESTS_MAX);

/** Lets requests pass in the given order. The turns of an attempt that has ended are skipped. */
class Turns {
  readonly #order: string[];
  readonly #waiting = new Map<string, () => void>();
  readonly #ended = new Set<string>();

  constructor(order: readonly string[]) {
    this.#order = [...order];
  }

  before(who: string): BeforeRequest {
    return () =>
      new Promise((resolve) => {
        this.#waiting.set(who, () => resolve(undefined));
        this.#next();
      });
  }

  end(who: string): void {
    this.#ended.add(who);
    this.#next();
  }

  /** Goes on once every attempt waits or has ended, so that the order alone decides. */
  #next(): void {
    if (this.#waiting.size + this.#ended.size < 2) return;
    for (let who = this.#order.shift(); who !== undefined; who = this.#order.shift()) {
      const pass = this.#waiting.get(who);
      if (pass === undefined) continue;
      this.#waiting.delete(who);
      pass();
      return;
    }
    for (const [who, pass] of [...this.#waiting]) {
      this.#waiting.delete(who);
      pass();
      return;
    }
  }
}

async function together(
  connector: DrivenConnector,
  order: readonly string[],
  a: CrmAction,
  b: CrmAction,
): Promise<CrmOutcome[]> {
  const turns = new Turns(order);
  const attempt = (who: string, action: CrmAction) =>
    connector.deliver(action, turns.before(who)).finally(() => turns.end(who));
  return Promise.all([attempt('a', a), attempt('b', b)]);
}

/** Begins an attempt that never goes on from the request with this index. */
function abandon(connector: DrivenConnector, action: CrmAction, index: number): Promise<void> {
  return new Promise((resolve) => {
    const before: BeforeRequest = async (next) => {
      if (next < index) return undefined;
      resolve();
      return new Promise(() => undefined);
    };
    void connector.deliver(action, before).then(() => resolve());
  });
}

describe.each(SUBJECTS)('the connector $name', (subject) => {
  it.each([
    ['an upsert', subject.contact],
    ['a call', CALL],
  ])('applies %s once if the process is killed before any of its requests', async (_what, action) => {
    for (let killedBefore = 0; killedBefore <= REQUESTS_MAX; killedBefore += 1) {
      const connector = new DrivenConnector(subject);
      await abandon(connector, action, killedBefore);
      expect((await connector.deliver(action)).kind).toBe('success');
      expect(connector.fake.records.contacts).toMatchObject([{ key: 'p15550100' }]);
      const call = { key: 'c-42', contact: 'p15550100', ...subject.call };
      expect(connector.fake.records.calls).toEqual(action === CALL ? [call] : []);
    }
  });

  it.each([
    ['a call and an upsert of its contact', CALL, subject.contact],
    ['two events of one conversation', CALL, SAME_CALL],
    ['two attempts on one event', CALL, CALL],
    ['two calls of a new contact', CALL, { ...CALL, conversationId: 'c-43' }],
    ['two upserts of a new contact', subject.contact, subject.contact],
  ])('converges for %s at the same time, in every order of their requests', async (_what, a, b) => {
    for (const order of ORDERS) {
      const connector = new DrivenConnector(subject);
      const outcomes = await together(connector, order, a, b);
      // A failed attempt is repeated, and finds what the other has written.
      for (const [index, outcome] of outcomes.entries()) {
        if (outcome.kind === 'success') continue;
        expect(['conflict', 'transient']).toContain(outcome.kind);
        expect((await connector.deliver(index === 0 ? a : b)).kind).toBe('success');
      }
      const conversations = new Set(
        [a, b].flatMap((action) => ('conversationId' in action ? [action.conversationId] : [])),
      );
      const { contacts, calls } = connector.fake.records;
      expect(contacts).toMatchObject([{ key: 'p15550100' }]);
      expect(calls.map(({ key, contact }) => `${key} of ${contact}`).sort()).toEqual(
        [...conversations].map((key) => `${key} of p15550100`),
      );
    }
  });
});
