/**
 * A soak: a steady load, every event four times, while things go wrong by a schedule; and what came
 * of it.
 */
import { randomInt } from 'node:crypto';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SigningKey } from '../../lambdas/domain/delivery/signature.ts';
import type { CrmCall } from '../../local/crm/sample-crm.ts';
import { type DeliveryOutcome, sendDeliveries, webhookDelivery } from '../../local/send/delivery-sender.ts';
import { isDone } from '../../local/send/event-outcomes.ts';
import { buildEvents, type SignedEvent } from '../../local/send/send-events.ts';
import { reportOn, type SendReport } from '../../local/send/send-report.ts';
import { seededFraction } from '../harness/fakes/chance.seeded.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { runSchedule, scheduleFaults } from './fault-schedule.ts';
import { type MemoryReport, MemoryWatch } from './memory-watch.ts';
import { type RepeatedCalls, whyRepeated } from './repeated-calls.ts';

/** Settings of a run. */
export interface SoakOptions {
  readonly minutes: number;
  readonly seed: number;
  readonly deliveriesPerMinute: number;
  readonly contacts: number;
  readonly onProgress?: (text: string) => void;
}

/** Result. */
export interface SoakReport {
  readonly run: SendReport;
  readonly deliveriesPerMinute: number;
  readonly faults: Readonly<Record<string, number>>;
  /** Accepted events that are neither final nor in quarantine. */
  readonly lost: readonly string[];
  /** Contacts whose last value in the CRM is not that of the newest event applied to them. */
  readonly outOfOrder: readonly string[];
  readonly repeated: RepeatedCalls;
  readonly memory: readonly MemoryReport[];
}

const DELIVERIES_EACH = 4;
const CONNECTIONS = 32;
const SAMPLE_EVERY_MS = 2_000;
/** Duplicates come within so many further deliveries of the first. */
const DUPLICATE_WITHIN = 3_000;
/**
 * Events in quarantine because of an outage return in minutes; those of a killed process in three.
 */
const DRAIN_PATIENCE_MS = 1_200_000;
const LOOK_EVERY_MS = 3_000;

/** Runs it on a pipeline of its own, with the limits of production. */
export async function soak(options: SoakOptions): Promise<SoakReport> {
  const { minutes, seed, deliveriesPerMinute, onProgress = () => {} } = options;
  onProgress('starting the pipeline');
  const pipeline = await LocalPipelineProcess.start();
  const ending = new AbortController();
  try {
    const events = makeEvents(options, await pipeline.signingKey());
    const memory = new MemoryWatch((name) => name.startsWith('function ') || name === 'pipeline');
    const watching = watchMemory(memory, pipeline, ending.signal);
    const startMs = performance.now();
    const faults: Record<string, number> = {};
    let inForce = '';
    const schedule = scheduleFaults(seed, minutes * 60_000);
    const wrong = runSchedule(schedule, pipeline, ending.signal, (name) => {
      faults[name] = (faults[name] ?? 0) + 1;
      inForce = name;
    });
    const deliveries: { readonly event: SignedEvent; readonly outcome: DeliveryOutcome }[] = [];
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    const deliver = webhookDelivery(pipeline.description.webhookUrl, agent);
    const sender = { deliver, connections: CONNECTIONS, ratePerSecond: deliveriesPerMinute / 60 };
    const signal = AbortSignal.timeout(minutes * 60_000);
    await sendDeliveries(arrange(events, seed), { ...sender, signal }, (event, outcome) => {
      deliveries.push({ event, outcome });
      onProgress(
        `${minutesSince(startMs)} of ${minutes} min, ${deliveries.length} deliveries, last fault: ${inForce || '-'}`,
      );
    });
    agent.destroy();
    const sendingMs = performance.now() - startMs;
    await wrong;
    await pipeline.setCrmFaults([]);
    const accepted = deliveries.filter(({ outcome }) => outcome.kind === 'accepted');
    const outcomes = await waitForEnd(pipeline, [...new Set(accepted.map(({ event }) => event.rowKey))], onProgress);
    ending.abort();
    await watching;
    const crmCalls = await pipeline.crmCalls();
    const sent = [...new Set(deliveries.map(({ event }) => event))];
    const run = reportOn({
      via: 'webhook',
      events: sent,
      deliveries,
      outcomes,
      crmCalls,
      elapsedMs: performance.now() - startMs,
    });
    return {
      run,
      deliveriesPerMinute: Math.round((accepted.length / sendingMs) * 60_000),
      faults,
      lost: await findLost(
        pipeline,
        accepted.map(({ event }) => event),
        outcomes,
      ),
      outOfOrder: outOfOrder(crmCalls),
      repeated: await whyRepeated(pipeline, crmCalls),
      memory: memory.report(),
    };
  } finally {
    ending.abort();
    await pipeline.dispose();
  }
}

function makeEvents({ minutes, deliveriesPerMinute, contacts }: SoakOptions, key: SigningKey): SignedEvent[] {
  const count = Math.ceil((minutes * deliveriesPerMinute) / DELIVERIES_EACH);
  const common = {
    duplicates: 0,
    ratePerSecond: undefined,
    file: undefined,
    partner: undefined,
    asIs: false,
    inOrder: false,
    exportSecret: false,
    json: false,
  };
  const options = { ...common, count, contacts, connections: CONNECTIONS, timeoutMs: 0 };
  return buildEvents(options, key, Date.now());
}

/** Each event four times: once in its turn, and again among the deliveries that follow. */
function arrange(events: readonly SignedEvent[], seed: number): SignedEvent[] {
  const fraction = seededFraction(seed);
  const places = events.flatMap((event, index) =>
    Array.from({ length: DELIVERIES_EACH }, (_, copy) => ({
      event,
      at: index * DELIVERIES_EACH + (copy === 0 ? 0 : fraction() * DUPLICATE_WITHIN),
    })),
  );
  return places.sort((a, b) => a.at - b.at).map(({ event }) => event);
}

async function watchMemory(memory: MemoryWatch, pipeline: LocalPipelineProcess, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    memory.look([...pipeline.processes(), { name: 'pipeline', pid: pipeline.pid }], performance.now());
    await sleep(SAMPLE_EVERY_MS, undefined, { signal }).catch(() => {});
  }
}

async function waitForEnd(
  pipeline: LocalPipelineProcess,
  rowKeys: readonly string[],
  onProgress: (text: string) => void,
) {
  const outcomes: Awaited<ReturnType<LocalPipelineProcess['outcomes']>> = new Map();
  let open = rowKeys;
  const dealtWith = async () => {
    for (const [rowKey, outcome] of await pipeline.outcomes(open)) outcomes.set(rowKey, outcome);
    open = open.filter((rowKey) => !isDone(outcomes.get(rowKey)));
    onProgress(`${rowKeys.length - open.length} of ${rowKeys.length} events dealt with`);
    if (open.length === 0) return true;
    await sleep(LOOK_EVERY_MS);
    return false;
  };
  // The report lists what is not settled by then.
  await pipeline.until('all are dealt with', dealtWith, DRAIN_PATIENCE_MS).catch(() => {});
  return outcomes;
}

/** Neither final, nor quarantined with its message in quarantine. */
async function findLost(
  pipeline: LocalPipelineProcess,
  accepted: readonly SignedEvent[],
  outcomes: Awaited<ReturnType<LocalPipelineProcess['outcomes']>>,
): Promise<string[]> {
  const quarantined = new Set(
    (await pipeline.takeQuarantined()).map(({ MessageAttributes: attributes }) => attributes?.eventId?.StringValue),
  );
  const ids = new Map(accepted.map(({ rowKey, eventId }) => [rowKey, eventId ?? '']));
  return [...ids].flatMap(([rowKey, eventId]) => {
    const outcome = outcomes.get(rowKey);
    const isThere = outcome?.status === 'QUARANTINED' ? quarantined.has(eventId) : isDone(outcome);
    return isThere ? [] : [eventId];
  });
}

function outOfOrder(calls: readonly CrmCall[]): string[] {
  const applied = calls.filter(({ outcome }) => outcome === 'applied');
  const byContact = Map.groupBy(applied, ({ phone }) => phone ?? '');
  return [...byContact].flatMap(([phone, those]) => {
    const times = those.map(({ lastCallTimestamp }) => lastCallTimestamp ?? '');
    return times.at(-1) === times.toSorted().at(-1) ? [] : [phone];
  });
}

function minutesSince(startMs: number): string {
  return ((performance.now() - startMs) / 60_000).toFixed(1);
}

/** A seed for a run that was given none. */
export function anySeed(): number {
  return randomInt(2 ** 31);
}
