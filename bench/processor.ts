/**
 * The processor: how fast a full queue drains, and what DynamoDB and the CRM are asked for, beside
 * Powertools and with a connector of three requests.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { encodeBody, encodeEnvelope } from '../lambdas/domain/delivery/envelope.ts';
import { parseSignature, signingKeyFrom, verifySignature } from '../lambdas/domain/delivery/signature.ts';
import { readCrmState } from '../local/crm/crm-client.ts';
import { EventSource } from '../local/lambda/event-source.ts';
import { ExecutionEnvironment } from '../local/lambda/execution-environment.ts';
import { FunctionLog } from '../local/lambda/function-log.ts';
import { FunctionPool } from '../local/lambda/function-pool.ts';
import { arrangeDeliveries, buildEvents, type SignedEvent } from '../local/send/send-events.ts';
import { readSendOptions } from '../local/send/send-options.ts';
import { countMessages } from '../local/sqs/embedded-sqs.ts';
import type { BenchDirectory } from './bench-directory.ts';
import type { Bundle } from './bundles.ts';
import { type CapacityMeter, type Metered, startCapacityMeter } from './capacity-meter.ts';
import { functionSpec, functionVariables, type Places } from './function-variables.ts';
import type { BenchCrm, BenchServers } from './servers.ts';
import { type Sample, sampleOf } from './statistics.ts';

/**
 * Subjects of the comparison. `ours` and `powertools` make one request for an event, `hubspot` is
 * our processor with the connector that makes three.
 */
export const PROCESSOR_SUBJECTS = ['ours', 'hubspot', 'powertools'] as const;

/** One of them. */
export type ProcessorSubject = (typeof PROCESSOR_SUBJECTS)[number];

/** Cost of one event, for all its deliveries. */
export interface CostPerEvent {
  readonly dynamoDbRequests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
  /** Requests to the CRM. */
  readonly crmCalls: number;
  /** By operation, in all. */
  readonly requests: Readonly<Record<string, number>>;
  readonly refusedRequests: number;
  readonly invocations: number;
  /**
   * Messages that were still to come back when all else was done, and whose cost is not in here.
   */
  readonly leftWaiting: number;
  /** Cost of one more delivery of a final event. */
  readonly lateDuplicate: { readonly readUnits: number; readonly writeUnits: number; readonly crmCalls: number };
}

/** A drain: events a second in repeated runs, and the cost in one run that was counted. */
export interface DrainFigures {
  readonly eventsPerSecond: Sample;
  /** Time of one invocation with a batch of ten, as its caller sees it. */
  readonly invocationMs: Sample;
  readonly perEvent: CostPerEvent;
  /** CPU time of the environments for each event; known on Linux only. */
  readonly cpuMs: Sample | undefined;
  readonly peakRssMb: number | undefined;
}

/** Queue to drain. */
export interface DrainPlan {
  readonly events: number;
  /** Deliveries of each. */
  readonly deliveries: number;
  readonly rounds: number;
}

/** As in the stack: `batchSize`, `processorConcurrency`. */
const BATCH_SIZE = 10;
const CONCURRENCY = 5;

/** Largest batch of SQS. */
const SEND_BATCH = 10;

const PATIENCE_MS = 600_000;
const LOOK_EVERY_MS = 20;
/** HubSpot's fake goes through all its records for its counts: fewer looks disturb it less. */
const LOOK_AT_HUBSPOT_EVERY_MS = 100;
/** Requests that log one call in HubSpot. */
const HUBSPOT_REQUESTS = 3;
/**
 * A message that nothing has happened to for so long waits for its visibility, which is three
 * minutes.
 */
const WAITING_MS = 6_000;

interface Drained {
  /** Meter before the late duplicates. */
  readonly metered: Metered | undefined;
  readonly elapsedMs: number;
  readonly invocationsMs: readonly number[];
  readonly crmCalls: number;
  readonly lateCrmCalls: number;
  readonly leftWaiting: number;
  readonly peakRssMb: number | undefined;
  readonly cpuMs: number | undefined;
}

let drains = 0;

/** Drains the same load by every subject in turn, in each round and once more through the meter. */
export async function benchDrain(
  bundles: Readonly<Record<ProcessorSubject, Bundle>>,
  plan: DrainPlan,
  servers: BenchServers,
  directory: BenchDirectory,
  progress: (text: string) => void,
): Promise<Readonly<Record<ProcessorSubject, DrainFigures>>> {
  const runs: Record<ProcessorSubject, Drained[]> = { ours: [], hubspot: [], powertools: [] };
  const what = `${plan.events} events, ${plan.deliveries} times each`;
  for (let round = 1; round <= plan.rounds; round += 1) {
    for (const subject of PROCESSOR_SUBJECTS) {
      progress(`processor ${subject}, ${what}, round ${round} of ${plan.rounds}`);
      runs[subject].push(await drain(subject, bundles[subject], plan, servers, directory, undefined));
    }
  }
  const costs: Partial<Record<ProcessorSubject, CostPerEvent>> = {};
  const meter = await startCapacityMeter(servers.endpoints.dynamodb);
  try {
    for (const subject of PROCESSOR_SUBJECTS) {
      progress(`processor ${subject}, ${what}, counted`);
      meter.reset();
      const drained = await drain(subject, bundles[subject], plan, servers, directory, meter);
      costs[subject] = costPerEvent(drained, meter.read(), plan.events);
    }
  } finally {
    await meter.close();
  }
  const figuresOf = (subject: ProcessorSubject): DrainFigures => ({
    eventsPerSecond: sampleOf(runs[subject].map(({ elapsedMs }) => (plan.events / elapsedMs) * 1_000)),
    invocationMs: sampleOf(runs[subject].flatMap(({ invocationsMs }) => invocationsMs)),
    perEvent: costs[subject] as CostPerEvent,
    cpuMs: sampleIfAny(runs[subject].flatMap(({ cpuMs }) => (cpuMs === undefined ? [] : [cpuMs / plan.events]))),
    peakRssMb: runs[subject].at(-1)?.peakRssMb,
  });
  return { ours: figuresOf('ours'), hubspot: figuresOf('hubspot'), powertools: figuresOf('powertools') };
}

function sampleIfAny(values: readonly number[]): Sample | undefined {
  return values.length === 0 ? undefined : sampleOf(values);
}

function costPerEvent(
  { metered, crmCalls, lateCrmCalls, leftWaiting, invocationsMs }: Drained,
  late: Metered,
  events: number,
): CostPerEvent {
  if (metered === undefined) throw new Error('the drain was not counted');
  const requests = Object.values(metered.requests).reduce((sum, count) => sum + count, 0);
  return {
    dynamoDbRequests: requests / events,
    readUnits: metered.readUnits / events,
    writeUnits: metered.writeUnits / events,
    crmCalls: crmCalls / events,
    requests: metered.requests,
    refusedRequests: metered.refusedRequests,
    invocations: invocationsMs.length / events,
    leftWaiting: leftWaiting / events,
    lateDuplicate: {
      readUnits: late.readUnits / events,
      writeUnits: late.writeUnits / events,
      crmCalls: lateCrmCalls / events,
    },
  };
}

/** Fills a new queue, starts new environments on a new table, and drains. */
async function drain(
  subject: ProcessorSubject,
  bundle: Bundle,
  plan: DrainPlan,
  servers: BenchServers,
  directory: BenchDirectory,
  meter: CapacityMeter | undefined,
): Promise<Drained> {
  drains += 1;
  const name = `drain-${drains}`;
  const [deliveryQueueUrl, quarantineUrl] = [
    await servers.createQueue(name),
    await servers.createQueue(`${name}-dead`),
  ];
  // Not where it is counted, which is by way of the meter that stands before it.
  if (meter === undefined) await servers.renewDynamoDb();
  await servers.createTable(name);
  const { crm, requests, lookEveryMs } = crmOf(subject, servers);
  const events = makeEvents(subject, plan.events, servers);
  await fill(deliveryQueueUrl, arrangeDeliveries(events, plan.deliveries - 1), servers);
  const places: Places = {
    deliveryQueueUrl,
    quarantineUrl,
    stateTableName: name,
    crm,
    ...(meter === undefined ? {} : { dynamoDbEndpoint: meter.url }),
  };
  const spec = functionSpec(name, bundle.file, servers, places);
  const log = new FunctionLog(name, directory.logPath(name), {
    onLine: (line) => process.stderr.write(`${line}\n`),
    take: () => {},
  });
  const pool = new FunctionPool(CONCURRENCY, (onEnd) => {
    const variables = functionVariables(spec, servers, places);
    return new ExecutionEnvironment(spec, variables, log, directory.registry, onEnd);
  });
  const callsBefore = await readCrmState(crm.url);
  const crmCallsSince = async () => (await readCrmState(crm.url)).calls - callsBefore.calls;
  const invocationsMs: number[] = [];
  const source = new EventSource({
    spec: {
      logicalId: name,
      enabled: true,
      queueArn: `arn:aws:sqs:us-east-1:000000000000:${name}`,
      functionArn: spec.arn,
      batchSize: BATCH_SIZE,
      maximumConcurrency: CONCURRENCY,
      reportsBatchItemFailures: true,
    },
    queueUrl: deliveryQueueUrl,
    region: 'us-east-1',
    client: servers.sqs,
    invoke: async (event) => {
      const startMs = performance.now();
      const result = await pool.invoke(event);
      invocationsMs.push(performance.now() - startMs);
      return result;
    },
  });
  try {
    // Starts are measured by themselves: here all environments are there.
    const failures = await Promise.all(Array.from({ length: CONCURRENCY }, () => pool.warm()));
    if (failures.some((failure) => failure !== undefined)) throw new Error(`${bundle.file} does not start`);
    const usedBefore = usageOf(directory, name);
    const startMs = performance.now();
    source.start();
    await untilApplied(crm, callsBefore.applied + plan.events * requests, lookEveryMs);
    const elapsedMs = performance.now() - startMs;
    const leftWaiting = await untilQuiet(servers, deliveryQueueUrl);
    const crmCalls = await crmCallsSince();
    const used = usageOf(directory, name);
    const drained = {
      elapsedMs,
      crmCalls,
      leftWaiting,
      invocationsMs: [...invocationsMs],
      peakRssMb: used?.peakRssMb,
      cpuMs: used === undefined || usedBefore === undefined ? undefined : used.cpuMs - usedBefore.cpuMs,
    };
    if (meter === undefined) return { ...drained, metered: undefined, lateCrmCalls: 0 };
    const metered = meter.read();
    meter.reset();
    await fill(deliveryQueueUrl, events, servers);
    await untilQuiet(servers, deliveryQueueUrl);
    return { ...drained, metered, lateCrmCalls: (await crmCallsSince()) - crmCalls };
  } finally {
    await source.stop();
    await pool.stop(0);
    log.close();
  }
}

/** CRM of a subject, its requests for an event, and how often its counts are read. */
function crmOf(subject: ProcessorSubject, { crm, hubspot }: BenchServers) {
  return subject === 'hubspot'
    ? { crm: hubspot, requests: HUBSPOT_REQUESTS, lookEveryMs: LOOK_AT_HUBSPOT_EVERY_MS }
    : { crm, requests: 1, lookEveryMs: LOOK_EVERY_MS };
}

function makeEvents(subject: ProcessorSubject, count: number, servers: BenchServers): SignedEvent[] {
  const key = signingKeyFrom(servers.streamSecret);
  if (key === undefined) throw new Error('the bench’s own secret is not usable');
  const build = (wanted: number) => buildEvents(readSendOptions(['--count', String(wanted)]), key, Date.now());
  // Every second event ends an interaction, and only such an event is logged as a call.
  return subject === 'hubspot' ? build(2 * count).filter((_, index) => index % 2 === 1) : build(count);
}

/** Puts the events into the queue in this order, as ingest would. */
async function fill(queueUrl: string, events: readonly SignedEvent[], servers: BenchServers): Promise<void> {
  const key = signingKeyFrom(servers.streamSecret);
  for (let first = 0; first < events.length; first += SEND_BATCH) {
    const Entries = events.slice(first, first + SEND_BATCH).map((event, index) => {
      const signature = parseSignature(event.signature);
      const verified =
        key === undefined || signature === undefined
          ? undefined
          : verifySignature(encodeBody(event.body), signature, [{ stage: 'AWSCURRENT', key }]);
      if (verified === undefined) throw new Error('the bench’s own event is not signed');
      const { body, attributes } = encodeEnvelope(verified.body, {
        source: 'genesys-webhook',
        receivedAtMs: Date.now(),
        eventId: event.eventId,
      });
      const typed = Object.entries(attributes).map(([name, value]) => [
        name,
        { DataType: 'String', StringValue: value },
      ]);
      return { Id: String(index), MessageBody: body, MessageAttributes: Object.fromEntries(typed) };
    });
    await servers.sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
  }
}

/** Resolves when the CRM has applied so many requests in all. */
async function untilApplied({ url }: BenchCrm, applied: number, lookEveryMs: number): Promise<void> {
  const endsAtMs = Date.now() + PATIENCE_MS;
  while ((await readCrmState(url)).applied < applied) {
    if (Date.now() > endsAtMs) throw new Error(`not all events are applied after ${PATIENCE_MS} ms`);
    await sleep(lookEveryMs);
  }
}

/**
 * Resolves when the queue is empty, or when what is left only waits for its visibility to end;
 * answers how much that is.
 */
async function untilQuiet(servers: BenchServers, queueUrl: string): Promise<number> {
  let before = '';
  let sinceMs = Date.now();
  for (;;) {
    const { visible, inFlight } = await countMessages(servers.sqs, queueUrl);
    if (visible + inFlight === 0) return 0;
    const now = `${visible} ${inFlight}`;
    if (now !== before) sinceMs = Date.now();
    if (visible === 0 && Date.now() - sinceMs > WAITING_MS) return inFlight;
    before = now;
    await sleep(LOOK_EVERY_MS);
  }
}

/** Resources that the function's environments have used; known on Linux only. */
interface EnvironmentsUsage {
  readonly cpuMs: number;
  readonly peakRssMb: number;
}

/** Linux counts CPU time in hundredths of a second. */
const TICK_MS = 10;

function usageOf(directory: BenchDirectory, name: string): EnvironmentsUsage | undefined {
  const usages = directory.registry.running().flatMap((entry) => {
    if (entry.name !== `function ${name}`) return [];
    try {
      const kib = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${entry.pid}/status`, 'utf8'))?.[1];
      // The fields after the command's name, which may hold spaces: utime and stime are the 12th
      // and 13th of them.
      const fields = readFileSync(`/proc/${entry.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return [{ cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS, peakRssMb: Number(kib) / 1_024 }];
    } catch {
      return [];
    }
  });
  if (usages.length === 0) return undefined;
  return {
    cpuMs: usages.reduce((sum, { cpuMs }) => sum + cpuMs, 0),
    peakRssMb: Math.max(...usages.map(({ peakRssMb }) => peakRssMb)),
  };
}
