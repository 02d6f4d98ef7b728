/** Decisions of a seed: the world, its faults, and each choice. */
import { DEFAULT_LIMITS, type Limits } from '../../../lambdas/domain/limits.ts';
import { seededFraction } from '../../harness/fakes/chance.seeded.ts';
import type { Mutation } from '../mutants/mutation.ts';
import type { Action } from '../world/actions.ts';
import type { CrmWay } from '../world/crm-calls.ts';
import type { EarlierEvent } from '../world/earlier-version.ts';
import { FAULTS, type Fault, type Rations } from '../world/faults.ts';
import { type EventKind, makeEvent, type WorkEvent } from '../world/workload.ts';
import { World } from '../world/world.ts';

/** Size of the worlds. */
export interface Size {
  readonly environments: number;
  readonly events: number;
  readonly contacts: number;
}

/** Default size. */
export const DEFAULT_SIZE: Size = { environments: 3, events: 6, contacts: 2 };

/**
 * Few attempts, receives and calls suffice, so that exhausted retries, SQS's own dead-lettering and
 * an open circuit are met often.
 */
const SIMULATED: Limits = {
  ...DEFAULT_LIMITS,
  crmAttempts: 3,
  maxReceiveCount: 9,
  circuitWindow: 4,
  circuitCallsMin: 2,
  circuitFailuresInARow: 3,
  circuitContactsMin: 1,
  quarantineRefreshMs: 300_000,
  finalRowTtlMs: 1_500_000,
  contactRowTtlMs: 2_200_000,
};

const CRM_WAYS: readonly CrmWay[] = [
  'applied',
  'unknown_applied',
  'unknown',
  'failed_applied',
  'late',
  'reset_applied',
  'reset_late',
  'not_sent',
  'throttled',
  'unauthorized',
  'conflict',
  'failed',
  'redirected',
  'unreadable_applied',
  'rejected',
  'refused_inside',
  'cut_off',
];

/**
 * A CRM that is slow and resets connections: its requests go on after their caller has given up.
 */
const SLOW_WAYS: readonly CrmWay[] = ['applied', 'late', 'reset_applied', 'reset_late', 'rejected'];

/**
 * Share of the permitted clock difference by which an environment may be off: the limits allow all
 * of it.
 */
const SKEW_SHARE = 0.5;

/** A world, and how to choose in it. */
export interface SeededWorld {
  readonly world: World;
  /** Which of the actions is next; undefined where nothing can happen. */
  readonly choose: (actions: readonly Action[]) => number | undefined;
}

/** The same world, and the same choices, for the same seed and size. */
export function worldOfSeed(seed: number, size: Size, mutation: Mutation = {}): SeededWorld {
  const fraction = seededFraction(seed);
  const events = Array.from({ length: size.events }, (_, index) =>
    makeEvent(index, kindFrom(fraction()), `+${index % size.contacts}`),
  );
  const faults = faultsFrom(fraction);
  const skewMs = SIMULATED.clockSkewMs * SKEW_SHARE;
  const world = new World({
    events,
    deliveries: deliveriesOf(events, fraction),
    limits: SIMULATED,
    rations: Object.fromEntries(Object.keys(FAULTS).map((fault) => [fault, Number.POSITIVE_INFINITY])) as Rations,
    crmWays: seed % 4 === 1 ? SLOW_WAYS : CRM_WAYS,
    crmRequests: seed % 4 === 0 ? 3 : 1,
    coldStarts: false,
    redriveRuns: Number.POSITIVE_INFINITY,
    replays: seed % 3 === 2,
    clockOffsetsMs: Array.from({ length: size.environments }, () => Math.round((2 * fraction() - 1) * skewMs)),
    invocations: Number.POSITIVE_INFINITY,
    batchSizes: [1, 3, 10],
    // A separate generator, so that one choice more or less does not change what follows.
    fraction: seededFraction(seed + 1),
    pruned: false,
    earlier: seed % 3 === 2 ? earlierOf(events, size.contacts, seed % 2 === 0 ? 'COMPLETED' : 'FAILED') : [],
    mutation: mutation,
  });
  const outage = outageFrom(fraction);
  let choices = 0;
  return {
    world,
    choose: (actions) => {
      choices += 1;
      return choose(
        actions,
        choices > outage.from && choices <= outage.to ? { ...faults, crmIsDown: true } : faults,
        fraction,
      );
    },
  };
}

/**
 * An event of each contact, in the middle of the others: in a third of the worlds version 0.1.0 has
 * left its rows behind.
 */
function earlierOf(events: readonly WorkEvent[], contacts: number, status: EarlierEvent['status']): EarlierEvent[] {
  return events
    .slice(contacts, 2 * contacts)
    .filter(({ kind }) => kind === 'ordered')
    .map((event) => ({ event, status }));
}

/**
 * In a third of the worlds the CRM is down for a stretch of choices: every call fails, in one way
 * or another.
 */
function outageFrom(fraction: () => number): { readonly from: number; readonly to: number } {
  const happens = fraction() < 1 / 3;
  const from = Math.floor(fraction() * 120);
  const length = 20 + Math.floor(fraction() * 150);
  return happens ? { from, to: from + length } : { from: 0, to: 0 };
}

function kindFrom(chance: number): EventKind {
  if (chance < 0.75) return 'ordered';
  if (chance < 0.9) return 'unordered';
  return chance < 0.95 ? 'ignored' : 'invalid';
}

/** Each event one to four times, in any order. */
function deliveriesOf(events: readonly WorkEvent[], fraction: () => number): WorkEvent[] {
  const deliveries = events.flatMap((event) => Array.from({ length: 1 + Math.floor(fraction() * 4) }, () => event));
  return deliveries
    .map((event) => ({ event, place: fraction() }))
    .sort((a, b) => a.place - b.place)
    .map(({ event }) => event);
}

/** Rate and kinds of faults: different in each world, some often, some never. */
interface FaultProfile {
  readonly rate: number;
  readonly crmIsDown?: boolean;
  readonly weights: ReadonlyMap<Fault, number>;
}

function faultsFrom(fraction: () => number): FaultProfile {
  const kinds = Object.keys(FAULTS) as Fault[];
  const weights = kinds.map(
    (fault) => [fault, fraction() < 0.5 ? 0 : [0.3, 1, 3][Math.floor(fraction() * 3)]] as const,
  );
  return {
    rate: [0.03, 0.1, 0.2, 0.35][Math.floor(fraction() * 4)] ?? 0,
    weights: new Map(weights.flatMap(([fault, weight]) => (weight === undefined ? [] : [[fault, weight]]))),
  };
}

/** Weights of work that goes on, work that begins, and time. */
const HARMLESS: Partial<Record<Action['kind'], number>> = {
  'goes on': 6,
  lands: 1,
  begins: 3,
  redrives: 0.3,
  replays: 0.3,
  time: 1,
};

/** While the CRM is down, its failures are as likely as its responses while it works. */
const WHILE_DOWN: typeof HARMLESS = { ...HARMLESS, crm_failed: 2, crm_unknown: 2 };

/**
 * First what kind of thing happens, then which of them: a kind of which much is possible is not
 * more likely.
 */
function choose(actions: readonly Action[], faults: FaultProfile, fraction: () => number): number | undefined {
  const { crmIsDown = false } = faults;
  const ordinary = crmIsDown ? WHILE_DOWN : HARMLESS;
  const kinds = new Map<Action['kind'], number[]>();
  for (const [index, { kind, needsCrm }] of actions.entries())
    if (!crmIsDown || needsCrm !== true) kinds.set(kind, [...(kinds.get(kind) ?? []), index]);
  const harmless = [...kinds.keys()].filter((kind) => ordinary[kind] !== undefined);
  const faulty = [...kinds.keys()].filter((kind) => (faults.weights.get(kind as Fault) ?? 0) > 0);
  const wrong = faulty.length > 0 && (harmless.length === 0 || fraction() < faults.rate);
  const candidates = wrong ? faulty : harmless;
  const weightOf = (kind: Action['kind']) => ordinary[kind] ?? faults.weights.get(kind as Fault) ?? 0;
  const kind = weighted(candidates, weightOf, fraction());
  const among = kind === undefined ? [] : (kinds.get(kind) ?? []);
  return among[Math.floor(fraction() * among.length)];
}

function weighted<Item>(items: readonly Item[], weightOf: (item: Item) => number, chance: number): Item | undefined {
  let left = chance * items.reduce((total, item) => total + weightOf(item), 0);
  for (const item of items) {
    left -= weightOf(item);
    if (left < 0) return item;
  }
  return items.at(-1);
}
