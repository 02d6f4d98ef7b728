/**
 * Which fault is in force when: drawn from a seed, one after another with calm between, and a calm
 * end.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultRule } from '../../local/crm/crm-faults.ts';
import { seededFraction } from '../harness/fakes/chance.seeded.ts';
import type { LocalPipelineProcess } from '../harness/local-pipeline.ts';

/** A fault that lasts for a while. */
export type Fault =
  | { readonly kind: 'crm'; readonly rules: readonly FaultRule[] }
  /** All environments of the function die, once. */
  | { readonly kind: 'kill'; readonly functionPrefix: string }
  /** The server's processes do not run (SIGSTOP), and go on afterwards. */
  | { readonly kind: 'stop'; readonly server: string };

interface FaultSpec {
  readonly name: string;
  readonly fault: Fault;
  /** Start and end. */
  readonly forMs: readonly [number, number];
}

/** Shorter than a CRM call may take, so that no call is carried out after its attempt has ended. */
const SLOW_MS = 2_000;

/** Everything that a soak does to the pipeline. */
export const SOAK_FAULTS: readonly FaultSpec[] = [
  { name: 'CRM down', fault: { kind: 'crm', rules: [{ status: 503 }] }, forMs: [5_000, 20_000] },
  { name: 'CRM slow', fault: { kind: 'crm', rules: [{ delayMs: SLOW_MS }] }, forMs: [5_000, 20_000] },
  {
    name: 'CRM drops connections',
    fault: { kind: 'crm', rules: [{ share: 0.5, drop: true }] },
    forMs: [5_000, 20_000],
  },
  {
    name: 'CRM throttles',
    fault: { kind: 'crm', rules: [{ share: 0.7, status: 429, retryAfter: '2' }] },
    forMs: [5_000, 20_000],
  },
  {
    name: 'CRM applies, then fails',
    fault: { kind: 'crm', rules: [{ share: 0.5, applyFirst: true, status: 500 }] },
    forMs: [5_000, 20_000],
  },
  {
    name: 'CRM never answers some',
    fault: { kind: 'crm', rules: [{ share: 0.2, hang: true }] },
    forMs: [5_000, 15_000],
  },
  { name: 'processor killed', fault: { kind: 'kill', functionPrefix: 'Processor' }, forMs: [0, 0] },
  { name: 'ingest killed', fault: { kind: 'kill', functionPrefix: 'Ingest' }, forMs: [0, 0] },
  { name: 'DynamoDB stopped', fault: { kind: 'stop', server: 'DynamoDB server' }, forMs: [500, 4_000] },
  { name: 'SQS stopped', fault: { kind: 'stop', server: 'SQS server' }, forMs: [500, 4_000] },
];

/** A fault in its time, from the start of the soak on. */
export interface ScheduledFault {
  readonly name: string;
  readonly fault: Fault;
  readonly atMs: number;
  readonly forMs: number;
}

const CALM_MS: readonly [number, number] = [5_000, 20_000];
/** The end is calm: what is late has to catch up. */
const CALM_END_SHARE = 0.15;

/** The same schedule for the same seed. Every fault has its turn before one comes again. */
export function scheduleFaults(seed: number, lengthMs: number): ScheduledFault[] {
  const fraction = seededFraction(seed);
  const between = ([from, to]: readonly [number, number]) => Math.round(from + fraction() * (to - from));
  const endMs = lengthMs * (1 - CALM_END_SHARE);
  const schedule: ScheduledFault[] = [];
  let turn: FaultSpec[] = [];
  for (let atMs = between(CALM_MS); ; ) {
    if (turn.length === 0) turn = [...SOAK_FAULTS];
    const [{ name, fault, forMs: range }] = turn.splice(Math.floor(fraction() * turn.length), 1) as [FaultSpec];
    const forMs = between(range);
    if (atMs + forMs > endMs) return schedule;
    schedule.push({ name, fault, atMs, forMs });
    atMs += forMs + between(CALM_MS);
  }
}

/**
 * Carries the schedule out; `onFault` hears of each. However it ends, nothing stays stopped or
 * broken.
 */
export async function runSchedule(
  schedule: readonly ScheduledFault[],
  pipeline: LocalPipelineProcess,
  signal: AbortSignal,
  onFault: (name: string) => void,
): Promise<void> {
  const startMs = performance.now();
  for (const { name, fault, atMs, forMs } of schedule) {
    await sleep(Math.max(0, startMs + atMs - performance.now()), undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    onFault(name);
    await inflict(fault, pipeline, () => sleep(forMs, undefined, { signal }).catch(() => {}));
  }
}

async function inflict(fault: Fault, pipeline: LocalPipelineProcess, last: () => Promise<unknown>): Promise<void> {
  switch (fault.kind) {
    case 'crm':
      await pipeline.setCrmFaults(fault.rules);
      await last();
      await pipeline.setCrmFaults([]);
      break;
    case 'kill':
      pipeline.killEnvironments(fault.functionPrefix);
      break;
    case 'stop': {
      const stopped = pipeline.processes().filter(({ name }) => name === fault.server);
      for (const { pid } of stopped) process.kill(pid, 'SIGSTOP');
      try {
        await last();
      } finally {
        for (const { pid } of stopped) process.kill(pid, 'SIGCONT');
      }
      break;
    }
    default:
      fault satisfies never;
  }
}
