import { describe, expect, it } from '@jest/globals';
import { MUTANTS } from './mutants/mutants.ts';
import type { Mutation } from './mutants/mutation.ts';
import { explore } from './search/explore.ts';
import { SCOPES, type Scope, worldOf } from './search/scopes.ts';

/** A scope of the command with two attempts instead of three: seconds instead of minutes. */
function small(name: string, attempts = 2): Scope {
  const scope = SCOPES[name];
  if (scope === undefined) throw new Error(`there is no scope ${name}`);
  return { ...scope, attempts };
}

function mutationOf(name: string): Mutation {
  const fault = MUTANTS.find((one) => one.name === name);
  if (fault === undefined) throw new Error(`there is no deliberate fault “${name}”`);
  return fault.mutation;
}

describe('the exploration', () => {
  it.each([
    ['twice', 3_000],
    ['late', 3_000],
    ['slow', 1_000],
  ])(
    'finds the guarantee kept in every state of the small world “%s”, of which there are more than %i',
    async (name, atLeast) => {
      const { violation, states, reached } = await explore(() => worldOf(small(name)));
      expect(violation).toBeUndefined();
      expect(states).toBeGreaterThan(atLeast);
      expect([...reached]).toEqual(
        expect.arrayContaining(['COMPLETED', 'STALE', 'FAILED', 'QUARANTINED crm_rejected']),
      );
    },
  );

  it('finds it kept in every state of a small world whose circuit opens', async () => {
    const { violation, reached } = await explore(() => worldOf(small('circuit')));
    expect(violation).toBeUndefined();
    expect([...reached]).toEqual(expect.arrayContaining(['COMPLETED', 'STALE', 'FAILED', 'QUARANTINED circuit_open']));
  });

  it.each([
    ['an event is claimed, and its contact is not', 'twice', 2],
    ['a newer event that may have been applied is ignored', 'twice', 2],
    ['a timeout of the CRM passes for a call that was not sent', 'twice', 2],
    ['an event is settled as quarantined, and not sent there', 'twice', 2],
    ['a contact is let go while the CRM may still be executing the call', 'slow', 3],
    ['a refusal after a reset says that nothing was applied', 'slow', 2],
    ['a success after a reset says that the first request has ended', 'slow', 2],
    ['an open circuit stops nobody', 'circuit', 2],
    ['an attempt settles what another one owns', 'late', 3],
  ])('would find it if %s', async (fault, scope, attempts) => {
    const { violation } = await explore(() => worldOf(small(scope, attempts), mutationOf(fault)));
    expect(violation?.problems).not.toEqual([]);
    expect(violation).toBeDefined();
  });
});
