/**
 * One run of the crash matrix: events for every point, each of which kills the process that works
 * on it.
 */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SigningKey } from '../../lambdas/domain/delivery/signature.ts';
import { sign } from '../../lambdas/domain/delivery/signature.ts';
import type { CrmCall } from '../../local/crm/sample-crm.ts';
import { sendDeliveries, webhookDelivery } from '../../local/send/delivery-sender.ts';
import { isDone } from '../../local/send/event-outcomes.ts';
import type { SignedEvent } from '../../local/send/send-events.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';
import { callCauses } from '../harness/repeated-calls.ts';
import { LIMITS_IN_SECONDS } from '../pipeline/limits-in-seconds.ts';
import type { CrashPoint } from './crash-points.ts';

/** Settings of a run. */
export interface CrashRunOptions {
  readonly points: readonly CrashPoint[];
  /** Events that die at each point. */
  readonly eventsAPoint: number;
  /** For how long nothing may change before what is open is counted as lost. */
  readonly patienceMs: number;
  readonly onProgress?: (text: string) => void;
}

/** Result of one point. */
export interface PointReport {
  readonly point: string;
  readonly what: string;
  readonly events: number;
  readonly kills: number;
  readonly crmCalls: number;
  /**
   * Calls beyond an event's first, and those of them that no entry in the history of the event's
   * row accounts for.
   */
  readonly repeatedCalls: number;
  readonly unexplainedCalls: number;
  readonly lost: readonly string[];
  readonly appliedTwice: readonly string[];
  readonly inQuarantine: number;
}

/** Each kill must hit one event and no other. */
export const ONE_AT_A_TIME = { 'limits.batchSize': '1' } as const;
/** A redrive that was killed holds what it had looked at until it would have ended. */
const SHORT_REDRIVE = { 'limits.redriveFunctionTimeoutMs': '5000' } as const;
const REDRIVEN_TYPE = 'interaction.redriven';
const REDRIVE_PAUSE_MS = 500;
const CONNECTIONS = 8;
const LOOK_EVERY_MS = 50;

/** Runs it on a pipeline of its own. */
export async function crashRun(options: CrashRunOptions): Promise<readonly PointReport[]> {
  const { points, eventsAPoint, onProgress = () => {} } = options;
  onProgress('starting the pipeline');
  const pipeline = await LocalPipelineProcess.start({
    script: 'test/crash/crash-host.ts',
    context: { ...LIMITS_IN_SECONDS, ...ONE_AT_A_TIME, ...SHORT_REDRIVE },
  });
  try {
    const events = makeEvents(points, eventsAPoint, await pipeline.signingKey());
    const redriven = events.filter(({ point }) => point.redriven === true);
    const others = events.filter(({ point }) => point.redriven !== true);
    await reject(pipeline, redriven);
    await send(pipeline, redriven, options);
    await reject(pipeline, []);
    // Before the others, of which hundreds stay in quarantine: a redrive of a few seconds could not
    // look through them all.
    await redriveUntilDone(pipeline, redriven, options);
    await reject(
      pipeline,
      others.filter(({ point }) => point.flaw === 'rejected'),
    );
    await send(pipeline, others, options);
    return await examine(pipeline, points, events);
  } finally {
    await pipeline.dispose();
  }
}

/** An event, and the point at which its process dies. */
export interface DoomedEvent {
  readonly point: CrashPoint;
  readonly id: string;
  readonly phone: string;
  readonly signed: SignedEvent;
}

/** Events of all points, one of each in turn; every one of a contact of its own. */
export function makeEvents(points: readonly CrashPoint[], eventsAPoint: number, key: SigningKey): DoomedEvent[] {
  const nowMs = Date.now();
  return Array.from({ length: eventsAPoint }, (_, round) =>
    points.map((point, index) => {
      const id = `${point.name}.${round}`;
      const phone = `+1${String(index).padStart(2, '0')}${String(round).padStart(8, '0')}`;
      const event = {
        eventBridgeEventId: id,
        eventType: eventTypeAt(point),
        eventTimestamp: new Date(nowMs - round * points.length - index).toISOString(),
        interaction: { id: `i-${id}`, type: 'voice', ...(point.flaw === 'invalid' ? {} : { to: phone }) },
      };
      const body = Buffer.from(JSON.stringify(event));
      return { point, id, phone, signed: { body, signature: sign(body, key), rowKey: `EVENT#${id}`, eventId: id } };
    }),
  ).flat();
}

/** A call is logged when an interaction ends. */
function eventTypeAt({ call, redriven }: CrashPoint): string {
  if (redriven === true) return REDRIVEN_TYPE;
  const isOfThree = call === 'second_crm_request' || call === 'third_crm_request';
  return isOfThree ? 'interaction.ended' : 'interaction.created';
}

async function reject(pipeline: LocalPipelineProcess, events: readonly DoomedEvent[]): Promise<void> {
  await pipeline.setCrmFaults(events.map(({ phone }) => ({ phone, status: 422 })));
}

/** Redrives, however often that is killed, until each event is final and quarantine is empty. */
async function redriveUntilDone(
  pipeline: LocalPipelineProcess,
  events: readonly DoomedEvent[],
  { patienceMs, onProgress = () => {} }: CrashRunOptions,
): Promise<void> {
  const keys = events.map(({ id }) => `EVENT#${id}`);
  const redriven = async () => {
    await pipeline.invokeRedrive({ filter: { eventTypes: [REDRIVEN_TYPE] } });
    const outcomes = await pipeline.outcomes(keys);
    const final = keys.filter((rowKey) => outcomes.get(rowKey)?.status === 'COMPLETED').length;
    const seen = `${killsIn(pipeline).length} killed; ${final} of ${keys.length} events redriven and applied`;
    onProgress(seen);
    // An event may be applied while a run that was killed still hides its message in quarantine.
    const { visible, inFlight, delayed } = await pipeline.count('quarantine');
    const done = visible + inFlight + delayed === 0 && final === keys.length;
    if (!done) await sleep(REDRIVE_PAUSE_MS);
    return { done, seen };
  };
  if (events.length > 0) await untilDoneOrStalled(redriven, patienceMs);
}

/**
 * Sends as Genesys does, again after a 5xx, and waits until all that was answered 202 is dealt
 * with.
 */
export async function send(
  pipeline: LocalPipelineProcess,
  events: readonly DoomedEvent[],
  { patienceMs, onProgress = () => {} }: CrashRunOptions,
): Promise<void> {
  const accepted = new Set<string>();
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const deliver = webhookDelivery(pipeline.description.webhookUrl, agent);
  await sendDeliveries(
    events.map(({ signed }) => signed),
    { deliver, connections: CONNECTIONS, ratePerSecond: undefined },
    ({ rowKey }, { kind }) => {
      if (kind === 'accepted') accepted.add(rowKey);
      onProgress(`${killsIn(pipeline).length} killed; ${accepted.size} of ${events.length} events accepted`);
    },
  );
  agent.destroy();
  const dealtWith = async () => {
    const outcomes = await pipeline.outcomes([...accepted]);
    const open = [...accepted].filter((rowKey) => !isDone(outcomes.get(rowKey))).length;
    const { visible, inFlight, delayed } = await pipeline.count('deliveryQueue');
    const seen = `${killsIn(pipeline).length} killed; ${accepted.size - open} of ${accepted.size} events dealt with`;
    onProgress(seen);
    return { done: open === 0 && visible + inFlight + delayed === 0, seen };
  };
  await untilDoneOrStalled(dealtWith, patienceMs);
}

/**
 * Looks until all is done, or until the same has been seen for `patienceMs`: what is open then is
 * counted as lost.
 */
async function untilDoneOrStalled(
  look: () => Promise<{ readonly done: boolean; readonly seen: string }>,
  patienceMs: number,
): Promise<void> {
  let before = '';
  let sinceMs = Date.now();
  for (;;) {
    const { done, seen } = await look();
    if (seen !== before) sinceMs = Date.now();
    before = seen;
    if (done || Date.now() - sinceMs > patienceMs) return;
    await sleep(LOOK_EVERY_MS);
  }
}

/** The ids of the events that have killed. */
export function killsIn(pipeline: LocalPipelineProcess): string[] {
  try {
    const text = readFileSync(join(pipeline.dataDir, 'kills.jsonl'), 'utf8');
    return text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { readonly eventId: string }).eventId);
  } catch {
    // None yet.
    return [];
  }
}

async function examine(
  pipeline: LocalPipelineProcess,
  points: readonly CrashPoint[],
  events: readonly DoomedEvent[],
): Promise<PointReport[]> {
  const rows = await pipeline.rows(events.map(({ id }) => `EVENT#${id}`));
  const calls = Map.groupBy(await pipeline.crmCalls(), ({ key }) => key ?? '');
  const kills = new Set(killsIn(pipeline));
  const quarantined = new Set(
    (await pipeline.takeQuarantined()).map(
      ({ MessageAttributes: attributes }) => attributes?.eventId?.StringValue ?? '',
    ),
  );
  return points.map((point) => {
    const own = events.filter((event) => event.point === point);
    const callsOf = (id: string): readonly CrmCall[] => calls.get(id) ?? [];
    const applications = (id: string) => callsOf(id).filter(({ outcome }) => outcome === 'applied').length;
    const isApplied = (id: string) => rows.get(`EVENT#${id}`)?.status === 'COMPLETED' && applications(id) > 0;
    const isQuarantined = (id: string) => rows.get(`EVENT#${id}`)?.status === 'QUARANTINED' && quarantined.has(id);
    const ended = (id: string) => (point.ends === 'applied' ? isApplied(id) : isQuarantined(id));
    const ids = own.map(({ id }) => id);
    return {
      point: point.name,
      what: point.what,
      events: ids.length,
      kills: ids.filter((id) => kills.has(id)).length,
      crmCalls: sum(ids.map((id) => callsOf(id).length)),
      repeatedCalls: sum(ids.map((id) => Math.max(0, callsOf(id).length - 1))),
      unexplainedCalls: sum(ids.map((id) => callCauses(callsOf(id), rows.get(`EVENT#${id}`)).unexplained)),
      lost: ids.filter((id) => !ended(id)),
      appliedTwice: ids.filter((id) => applications(id) > 1),
      inQuarantine: ids.filter(isQuarantined).length,
    };
  });
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
