/**
 * Refresh of a quarantine of any size, in virtual time: what SQS deletes, and what each run
 * reaches.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { quarantineEnvelope } from '../../lambdas/domain/delivery/envelope.ts';
import { DEFAULT_LIMITS } from '../../lambdas/domain/limits.ts';
import { refresh } from '../../lambdas/redrive/refresh.ts';
import { VirtualClock } from '../harness/fakes/clock.virtual.ts';
import { VirtualSleep } from '../harness/fakes/sleep.virtual.ts';
import { VastQuarantine } from '../harness/fakes/vast-quarantine.ts';
import { eventBody, START_MS } from '../harness/processor-on-fakes.ts';

const HOUR_MS = 3_600_000;
/** The schedule of lib/redrive-function.ts. */
const EVERY_MS = 6 * HOUR_MS;

/** The world and how long it is watched. */
export interface RefreshProofOptions {
  /** All sent at the same time: the worst case, as all near the end of their retention together. */
  readonly messages: number;
  /** Duration of one call of SQS or DynamoDB. */
  readonly callMs: number;
  readonly heldMax: number;
  /** Runs, one every six hours, the first when all are as old as refresh waits for. */
  readonly runs: number;
  readonly random: () => number;
  readonly onRun?: (run: number, refreshed: number) => void;
}

/** The state after the runs. */
export interface RefreshProof {
  readonly left: number;
  /** Deleted by SQS because no run reached them in fourteen days. */
  readonly expired: number;
  /** Age of the oldest message left, in days. */
  readonly oldestDays: number;
  /** Sent again by the first run. */
  readonly firstRun: number;
}

/** Lets the schedule refresh a quarantine in which nothing else happens. */
export async function proveRefresh(options: RefreshProofOptions): Promise<RefreshProof> {
  const { messages, callMs, heldMax, runs, random, onRun = () => {} } = options;
  const limits = { ...DEFAULT_LIMITS, refreshHeldMax: heldMax };
  const clock = new VirtualClock(START_MS);
  const sleep = new VirtualSleep(clock);
  const quarantine = new VastQuarantine({ clock, sleep, random, callMs, retentionMs: limits.quarantineRetentionMs });
  const note = { reason: 'crm_rejected', at: new Date(START_MS).toISOString(), attempts: 1, redrives: 0 } as const;
  const envelope = quarantineEnvelope({ body: eventBody('e', 0), attributes: { schema: '1' } }, note);
  for (let count = 0; count < messages; count += 1) quarantine.put(envelope);
  const store = {
    readAhead: async () => {
      await sleep.for(callMs);
      return { kind: 'unavailable', cause: 'not needed' } as const;
    },
  };
  clock.advance(limits.quarantineRefreshMs + 1);
  let firstRun = 0;
  for (let run = 1; run <= runs; run += 1) {
    const startedAtMs = clock.now();
    const result = await refresh(startedAtMs + limits.refreshRunMs, { quarantine, store, clock, limits });
    if (result.kind !== 'refresh') throw new Error(`refresh answered ${result.kind}`);
    if (run === 1) firstRun = result.refreshed.total;
    onRun(run, result.refreshed.total);
    clock.advance(Math.max(0, startedAtMs + EVERY_MS - clock.now()));
    quarantine.expire();
    // Lets a terminal show it.
    await pause(0);
  }
  clock.advance(HOUR_MS);
  const { oldestMs } = quarantine.expire();
  const { size: left, expired } = quarantine;
  return { left, expired, oldestDays: oldestMs / (24 * HOUR_MS), firstRun };
}
