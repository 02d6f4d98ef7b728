/** The small worlds that are explored. */
import { DEFAULT_LIMITS, type Limits } from '../../../lambdas/domain/limits.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { CrmWay } from '../world/crm-calls.ts';
import { noFaults, type Rations } from '../world/faults.ts';
import { makeEvent } from '../world/workload.ts';
import { World } from '../world/world.ts';

/**
 * Limits under which every branch is near: two CRM calls an event, and `behind_newer` given up
 * after one wait.
 */
const NEAR: Limits = { ...DEFAULT_LIMITS, crmAttempts: 2 };

/**
 * With a window of one call an environment has nothing to remember but what it reads with each
 * batch.
 */
const OPENS_AT_ONCE = { circuitWindow: 1, circuitCallsMin: 1, circuitFailuresInARow: 1, circuitContactsMin: 1 };

const CRM_WAYS: readonly CrmWay[] = ['applied', 'unknown_applied', 'unknown', 'not_sent', 'rejected'];

/** A small world: so many attempts on two events of one contact, and so much that may go wrong. */
export interface Scope {
  readonly about: string;
  readonly attempts: number;
  readonly faults: Partial<Rations>;
  readonly limits?: Partial<Limits>;
  readonly crmWays?: readonly CrmWay[];
  readonly redriveRuns?: number;
}

const ANY = Number.POSITIVE_INFINITY;
const CRM_MAY_FAIL = { crm_unknown: ANY, crm_failed: ANY, crm_refused: ANY };

/** All that the command explores, by name. */
export const SCOPES: Readonly<Record<string, Scope>> = {
  faults: {
    about: '2 events of one contact, 3 attempts, a crash anywhere, a lost response anywhere, a redrive',
    attempts: 3,
    faults: { ...CRM_MAY_FAIL, crash: 1, response_lost: 1, redriven: 1 },
  },
  twice: {
    about:
      '2 events of one contact, 3 attempts, messages that come while somebody works on them, a crash and a request not done anywhere',
    attempts: 3,
    faults: { ...CRM_MAY_FAIL, crash: 1, throttled: 1, received_twice: 2 },
  },
  late: {
    about:
      '2 events of one contact, 3 attempts, a message that comes twice, a write that lands after its caller gave up',
    attempts: 3,
    faults: { ...CRM_MAY_FAIL, lands_late: 1, received_twice: 1 },
  },
  slow: {
    about:
      '2 events of one contact, 3 attempts, CRM calls that go on after their caller has given up, a crash anywhere',
    attempts: 3,
    faults: { crm_unknown: ANY, crm_refused: ANY, crash: 1 },
    crmWays: ['applied', 'late', 'reset_late', 'reset_applied', 'rejected'],
  },
  circuit: {
    about:
      '2 events of one contact, 3 attempts, a circuit that opens with the first failed call, its probes, a crash anywhere, a redrive',
    attempts: 3,
    faults: { crm_unknown: ANY, crm_failed: ANY, crash: 1, redriven: 1 },
    limits: OPENS_AT_ONCE,
  },
  recovery: {
    about:
      '2 events of one contact, 2 attempts, a circuit that opens with the first failed call, a run of the redrive function, a crash anywhere',
    attempts: 2,
    faults: { crm_unknown: 1, crm_failed: 1, crash: 1 },
    limits: OPENS_AT_ONCE,
    redriveRuns: 1,
  },
};

/** The world of a scope. */
export function worldOf(
  { attempts, faults, limits = {}, redriveRuns = 0, crmWays = CRM_WAYS }: Scope,
  mutation: Mutation = {},
): World {
  return new World({
    events: [makeEvent(0, 'ordered', '+1'), makeEvent(1, 'ordered', '+1')],
    limits: { ...NEAR, ...limits },
    rations: { ...noFaults(), ...faults },
    crmWays,
    crmRequests: 1,
    clockOffsetsMs: [0, 0, 0],
    coldStarts: true,
    redriveRuns,
    replays: false,
    invocations: attempts,
    batchSizes: [1],
    pruned: true,
    // The longest waits that jitter gives: others find most time to come between.
    fraction: () => 0.999,
    mutation: mutation,
  });
}
