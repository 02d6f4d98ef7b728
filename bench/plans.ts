/** Duration and number of runs of each part. */
import type { IngestPlan } from './ingest/ingest.ts';
import type { DrainPlan } from './processor.ts';

/** A plan for every part. */
export interface BenchPlans {
  readonly ingest: IngestPlan;
  readonly processor: DrainPlan;
  readonly storm: DrainPlan;
  readonly coldStartRounds: number;
}

/** About ten minutes on two cores. */
export const FULL_PLANS: BenchPlans = {
  ingest: { connections: [1, 10, 50], rounds: 7, warmUpMs: 3_000, runMs: 1_500 },
  processor: { events: 5_000, deliveries: 1, rounds: 3 },
  storm: { events: 2_000, deliveries: 4, rounds: 3 },
  coldStartRounds: 15,
};

/** About a minute: whether it works, and a first idea. */
export const QUICK_PLANS: BenchPlans = {
  ingest: { connections: [10], rounds: 3, warmUpMs: 1_500, runMs: 1_000 },
  processor: { events: 500, deliveries: 1, rounds: 1 },
  storm: { events: 200, deliveries: 4, rounds: 1 },
  coldStartRounds: 4,
};
