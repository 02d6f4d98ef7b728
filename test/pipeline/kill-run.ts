/**
 * One run of: send events several times over, kill -9 the whole pipeline while they are in flight,
 * start it again, and look at what the state table and the CRM say. What sends ends with the kill:
 * nothing that is sent later can make up for what was lost.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CrmCall } from '../../local/crm/sample-crm.ts';
import { isDone } from '../../local/send/event-outcomes.ts';
import { LocalPipelineProcess } from '../harness/local-pipeline.ts';

/** Settings of a run. */
export interface KillRunOptions {
  readonly events: number;
  /** Further deliveries of each event. */
  readonly duplicates: number;
  /** Further limits and other CDK context of the pipeline. */
  readonly context: Readonly<Record<string, string>>;
  /** From the first delivery on. */
  readonly killAfterMs: number;
  /** Duration of a call of the sample CRM: without one, hardly a call is in flight at the kill. */
  readonly crmDelayMs: number;
  /** Time after the restart within which everything must be settled. */
  readonly patienceMs: number;
  readonly connections?: number;
}

/** Result of a run. */
export interface KillRunReport {
  readonly acceptedDeliveries: number;
  readonly acceptedEvents: number;
  /** Events that were settled before the kill. */
  readonly appliedBeforeKill: number;
  readonly applied: number;
  /** Accepted events that are not applied: must be none. */
  readonly lost: readonly string[];
  /** Events that the CRM applied more than once, or under more than one key: must be none. */
  readonly appliedTwice: readonly string[];
  /**
   * Calls beyond the first for an event, and those of them that no killed attempt accounts for: the
   * latter must be none.
   */
  readonly repeatedCalls: number;
  readonly unexplainedCalls: readonly string[];
  /** From the restart until everything was dealt with. */
  readonly recoveredAfterMs: number;
}

interface SentEvent {
  readonly id: string;
  readonly body: string;
}

/** Runs it on a data directory of its own. */
export async function killRun(options: KillRunOptions): Promise<KillRunReport> {
  const pipeline = await LocalPipelineProcess.start({ context: options.context });
  try {
    if (options.crmDelayMs > 0) await pipeline.setCrmFaults([{ delayMs: options.crmDelayMs }]);
    const events = makeEvents(options.events);
    const accepted = await sendUntilKilled(pipeline, events, options);
    await pipeline.start();
    const appliedBeforeKill = (await pipeline.crmState()).applied;
    const restartedAtMs = performance.now();
    const keys = [...accepted.keys()].map((id) => `EVENT#${id}`);
    await pipeline
      .until('every accepted event is dealt with', () => allDealtWith(pipeline, keys), options.patienceMs)
      .catch(() => {});
    const recoveredAfterMs = performance.now() - restartedAtMs;
    return { ...(await examine(pipeline, accepted)), appliedBeforeKill, recoveredAfterMs };
  } finally {
    await pipeline.dispose();
  }
}

function makeEvents(count: number): SentEvent[] {
  const run = String(Math.floor(Math.random() * 10_000)).padStart(4, '0');
  return Array.from({ length: count }, (_, index) => {
    const id = randomUUID();
    const event = {
      eventBridgeEventId: id,
      eventType: 'interaction.created',
      eventTimestamp: new Date().toISOString(),
      interaction: { id: randomUUID(), type: 'voice', to: `+1${run}${String(index).padStart(6, '0')}` },
    };
    return { id, body: JSON.stringify(event) };
  });
}

/** The number of 202s by event. */
async function sendUntilKilled(
  pipeline: LocalPipelineProcess,
  events: readonly SentEvent[],
  { duplicates, killAfterMs, connections = 16 }: KillRunOptions,
): Promise<Map<string, number>> {
  const accepted = new Map<string, number>();
  const deliveries = events.flatMap((event) => Array.from({ length: duplicates + 1 }, () => event));
  deliveries.sort(() => Math.random() - 0.5);
  const post = await pipeline.poster();
  let killed = false;
  let next = 0;
  const send = async () => {
    for (let event = deliveries[next++]; event !== undefined && !killed; event = deliveries[next++]) {
      const status = await post(event.body).then(
        (response) => response.status,
        () => 0,
      );
      if (status === 202) accepted.set(event.id, (accepted.get(event.id) ?? 0) + 1);
    }
  };
  const sending = Promise.all(Array.from({ length: connections }, send));
  await sleep(killAfterMs);
  killed = true;
  await pipeline.killEverything();
  await sending;
  return accepted;
}

async function allDealtWith(pipeline: LocalPipelineProcess, rowKeys: readonly string[]): Promise<boolean> {
  const outcomes = await pipeline.outcomes(rowKeys);
  return rowKeys.every((key) => isDone(outcomes.get(key)));
}

async function examine(pipeline: LocalPipelineProcess, accepted: ReadonlyMap<string, number>) {
  const ids = [...accepted.keys()];
  const rows = await pipeline.rows(ids.map((id) => `EVENT#${id}`));
  const calls = await pipeline.crmCalls();
  const byKey = Map.groupBy(calls, ({ key }) => key ?? '');
  const applied = calls.filter(({ outcome }) => outcome === 'applied');
  const byUpdate = Map.groupBy(applied, ({ phone, lastCallTimestamp }) => `${phone} ${lastCallTimestamp}`);
  const isApplied = (id: string) =>
    rows.get(`EVENT#${id}`)?.status === 'COMPLETED' && byKey.get(id)?.some(({ outcome }) => outcome === 'applied');
  return {
    acceptedDeliveries: [...accepted.values()].reduce((total, count) => total + count, 0),
    acceptedEvents: ids.length,
    applied: ids.filter(isApplied).length,
    lost: ids.filter((id) => !isApplied(id)),
    appliedTwice: [...byUpdate].filter(([, those]) => those.length > 1).map(([update]) => update),
    repeatedCalls: calls.length - byKey.size,
    unexplainedCalls: ids.filter((id) => !isExplained(byKey.get(id) ?? [], rows.get(`EVENT#${id}`))),
  };
}

/**
 * Each call beyond the first must have an attempt before it whose lease ran out: one that was
 * killed.
 */
function isExplained(calls: readonly CrmCall[], row: Readonly<Record<string, unknown>> | undefined): boolean {
  return calls.length <= 1 + Number(row?.expiredLeases ?? 0);
}
