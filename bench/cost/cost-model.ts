/** The bill: dollars a month by service, out of what the bench counted and measured. Pure. */

import type { BenchReport } from '../report/report.ts';
import { PRICES } from './prices.ts';

/** Figures of the bench for one event. */
export interface MeasuredUnits {
  /** CPU time of one delivery in ingest. */
  readonly ingestCpuMs: number;
  /** CPU time of one event in the processor. */
  readonly processorCpuMs: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  /** For each further delivery of a final event. */
  readonly duplicateWriteUnits: number;
  readonly duplicateReadUnits: number;
}

/** Billed items. */
export interface CostQuestion {
  readonly eventsPerMonth: number;
  /** Further deliveries for each event. */
  readonly duplicates: number;
  readonly ingestMemoryMb: number;
  readonly processorMemoryMb: number;
  /** Ingest environments kept ready; 0: none. */
  readonly provisionedConcurrency: number;
  readonly batchWindowSeconds: number;
  readonly tracing: boolean;
  /** For how many days deliveries are archived; 0: no archive. */
  readonly archiveDays: number;
  /** `provisioned` for the peak: so many times the mean. */
  readonly table: { readonly kind: 'on-demand' } | { readonly kind: 'provisioned'; readonly peakToMean: number };
  readonly crmMs: number;
}

/** Dollars a month of one thing that is billed. */
export interface CostItem {
  readonly service: string;
  readonly what: string;
  readonly dollars: number;
}

/** The answer: items, largest first. */
export interface CostAnswer {
  readonly items: readonly CostItem[];
  readonly dollarsPerMonth: number;
  readonly dollarsPerMillionEvents: number;
}

const SECONDS_PER_MONTH = 730 * 3_600;

/**
 * Memory at which Lambda gives a whole vCPU (AWS Lambda developer guide, “Configure function
 * memory”).
 */
const MEMORY_OF_A_CPU_MB = 1_769;

/** Records that the processor works on at once in one invocation (`limits.crmConcurrency`). */
const SIDE_BY_SIDE = 5;

/** As in the stack (`limits.batchSize`). */
const BATCH_MAX = 10;

/** Assumed, not measured: wait for a call within an AWS region, in milliseconds. */
export const ASSUMED_MS = { sqsSend: 8, transaction: 10, batchGet: 5 } as const;

/**
 * Bytes logged. Our lines as they are written, metrics included: of a delivery, of an event, and
 * (three lines) of a batch in which something was applied. What Lambda and the HTTP API add as
 * their formats have it.
 */
export const LOGGED_BYTES = {
  ingestLine: 580,
  processorLine: 366,
  batchMetrics: 992,
  accessLine: 241,
  ingestedOverhead: 26,
} as const;

/** Fixed cost of monitoring: metrics emitted while all is well, and those of alarms. */
export const WATCHED = { metrics: 20, alarmMetrics: 32, dashboards: 1, keys: 1 } as const;

/**
 * CPU time of one event in the processor where the bench could not measure it, which it can on
 * Linux only.
 */
const PROCESSOR_CPU_MS = 2;

/** A final event's row with DynamoDB's overhead, and for how long it is kept. */
const ROW_BYTES = 700;
const ROW_KEPT_MONTHS = 45 / 30.4;

/** An archived delivery, compressed together with others: of 1 to 2 KB of JSON. */
const ARCHIVED_BYTES = 600;

/** Firehose bills each record as a multiple of it, and writes an object every five minutes. */
const RECORD_UNIT_BYTES = 5 * 1_024;
const OBJECTS_PER_MONTH = SECONDS_PER_MONTH / 300;

/** Lambda's pollers ask an empty queue: five of them, every twenty seconds. */
const IDLE_RECEIVES_PER_MONTH = (5 * SECONDS_PER_MONTH) / 20;

/** Lambda traces the first invocation of each second, and one in twenty of the others. */
const TRACED_SHARE = 0.05;

/** The units that the report has; undefined where a part of it is missing. */
export function measuredUnits(report: BenchReport): MeasuredUnits | undefined {
  const ingest = report.ingest?.figures.byConnections['10']?.ours;
  const processor = report.processor?.figures.subjects.ours;
  if (ingest === undefined || processor === undefined) return undefined;
  const { perEvent } = processor;
  return {
    ingestCpuMs: ingest.cpuMs.median,
    processorCpuMs: processor.cpuMs?.median ?? PROCESSOR_CPU_MS,
    writeUnits: perEvent.writeUnits,
    readUnits: perEvent.readUnits,
    duplicateWriteUnits: perEvent.lateDuplicate.writeUnits,
    duplicateReadUnits: perEvent.lateDuplicate.readUnits,
  };
}

/** The bill for a month. */
export function costOf(question: CostQuestion, units: MeasuredUnits): CostAnswer {
  const { eventsPerMonth, duplicates } = question;
  const deliveries = eventsPerMonth * (1 + duplicates);
  // Without a window a batch is what has come since the last poll: below a few events a second,
  // one.
  const batch = Math.min(BATCH_MAX, 1 + (deliveries / SECONDS_PER_MONTH) * question.batchWindowSeconds);
  const batches = deliveries / batch;
  const items = [
    item('API Gateway', 'requests', deliveries * PRICES.httpApiRequest.dollars),
    ...lambdaItems(question, units, deliveries, batch),
    item('SQS', 'requests', (deliveries + 2 * batches + IDLE_RECEIVES_PER_MONTH) * PRICES.sqsRequest.dollars),
    ...tableItems(question, units, deliveries),
    item('CloudWatch', 'logs', logBytes(deliveries, batches) * (PRICES.logGb.dollars / 2 ** 30)),
    item('CloudWatch', 'metrics, alarms, dashboard', watching()),
    item('KMS', 'key of the alarms’ topic', WATCHED.keys * PRICES.keyMonth.dollars),
    item('Secrets Manager', 'three secrets', 3 * PRICES.secretMonth.dollars),
    ...(question.archiveDays === 0 ? [] : [item('Firehose and S3', 'archive', archive(question, deliveries, batch))]),
    ...(question.tracing ? [item('X-Ray', 'traces', tracesOf(deliveries, batches) * PRICES.trace.dollars)] : []),
  ];
  const dollarsPerMonth = items.reduce((sum, { dollars }) => sum + dollars, 0);
  return {
    items: items.sort((a, b) => b.dollars - a.dollars),
    dollarsPerMonth,
    dollarsPerMillionEvents: (dollarsPerMonth / eventsPerMonth) * 1_000_000,
  };
}

/**
 * Billed time of one delivery in ingest, in milliseconds: its CPU time at the function's share of a
 * CPU, and SQS.
 */
export function ingestMs(memoryMb: number, units: MeasuredUnits): number {
  return Math.ceil(units.ingestCpuMs / cpuShare(memoryMb) + ASSUMED_MS.sqsSend);
}

/** Billed time of one batch in the processor, in milliseconds. */
export function batchMs(question: CostQuestion, units: MeasuredUnits, batch: number): number {
  const waited = ASSUMED_MS.transaction * 2 + question.crmMs;
  const cpu = (units.processorCpuMs * batch) / cpuShare(question.processorMemoryMb);
  return Math.ceil(ASSUMED_MS.batchGet + Math.ceil(batch / SIDE_BY_SIDE) * waited + cpu);
}

function cpuShare(memoryMb: number): number {
  return Math.min(1, memoryMb / MEMORY_OF_A_CPU_MB);
}

function lambdaItems(question: CostQuestion, units: MeasuredUnits, deliveries: number, batch: number): CostItem[] {
  const { eventsPerMonth, ingestMemoryMb, processorMemoryMb, provisionedConcurrency } = question;
  const ingestGb = ingestMemoryMb / 1_024;
  const ingestGbSeconds = (deliveries * ingestMs(ingestMemoryMb, units) * ingestGb) / 1_000;
  const runPrice = provisionedConcurrency > 0 ? PRICES.provisionedRunGbSecond : PRICES.lambdaGbSecond;
  // Batches of duplicates alone end with the read ahead.
  const eventBatches = eventsPerMonth / batch;
  const duplicateBatches = (deliveries - eventsPerMonth) / batch;
  const processorMs =
    eventBatches * batchMs(question, units, batch) +
    duplicateBatches * Math.ceil(ASSUMED_MS.batchGet + units.processorCpuMs);
  const processorGbSeconds = (processorMs * processorMemoryMb) / 1_024 / 1_000;
  const kept = provisionedConcurrency * ingestGb * SECONDS_PER_MONTH * PRICES.provisionedGbSecond.dollars;
  return [
    item('Lambda', 'ingest', deliveries * PRICES.lambdaRequest.dollars + ingestGbSeconds * runPrice.dollars),
    item(
      'Lambda',
      'processor',
      (eventBatches + duplicateBatches) * PRICES.lambdaRequest.dollars +
        processorGbSeconds * PRICES.lambdaGbSecond.dollars,
    ),
    ...(kept > 0 ? [item('Lambda', 'provisioned concurrency of ingest', kept)] : []),
  ];
}

function tableItems({ table, eventsPerMonth }: CostQuestion, units: MeasuredUnits, deliveries: number): CostItem[] {
  const further = deliveries - eventsPerMonth;
  const written = eventsPerMonth * units.writeUnits + further * units.duplicateWriteUnits;
  const read = eventsPerMonth * units.readUnits + further * units.duplicateReadUnits;
  const gigabytes = (eventsPerMonth * ROW_KEPT_MONTHS * ROW_BYTES) / 2 ** 30;
  const stored = gigabytes * (PRICES.tableGbMonth.dollars + PRICES.recoveryGbMonth.dollars);
  const storage = item('DynamoDB', 'storage and recovery', stored);
  switch (table.kind) {
    case 'on-demand':
      return [
        item('DynamoDB', 'writes', written * PRICES.writeUnit.dollars),
        item('DynamoDB', 'reads', read * PRICES.readUnit.dollars),
        storage,
      ];
    case 'provisioned': {
      const capacity = (unitsPerMonth: number) => Math.ceil((unitsPerMonth / SECONDS_PER_MONTH) * table.peakToMean);
      const hours = SECONDS_PER_MONTH / 3_600;
      return [
        item(
          'DynamoDB',
          `writes, ${capacity(written)} units`,
          capacity(written) * hours * PRICES.provisionedWriteHour.dollars,
        ),
        item('DynamoDB', `reads, ${capacity(read)} units`, capacity(read) * hours * PRICES.provisionedReadHour.dollars),
        storage,
      ];
    }
    default:
      return table satisfies never;
  }
}

function archive({ archiveDays }: CostQuestion, deliveries: number, batch: number): number {
  const recordBytes = Math.ceil((batch * ARCHIVED_BYTES) / RECORD_UNIT_BYTES) * RECORD_UNIT_BYTES;
  const putGb = ((deliveries / batch) * recordBytes) / 2 ** 30;
  const storedGb = (deliveries * ARCHIVED_BYTES * archiveDays) / 30.4 / 2 ** 30;
  const { firehoseGb, objectPut, objectGbMonth } = PRICES;
  return putGb * firehoseGb.dollars + OBJECTS_PER_MONTH * objectPut.dollars + storedGb * objectGbMonth.dollars;
}

function logBytes(deliveries: number, batches: number): number {
  const { ingestLine, processorLine, batchMetrics, accessLine, ingestedOverhead } = LOGGED_BYTES;
  const ofDelivery = ingestLine + processorLine + accessLine + 3 * ingestedOverhead;
  return deliveries * ofDelivery + batches * (batchMetrics + 3 * ingestedOverhead);
}

function watching(): number {
  const { metrics, alarmMetrics, dashboards } = WATCHED;
  const { metricMonth, alarmMetricMonth, dashboardMonth } = PRICES;
  return metrics * metricMonth.dollars + alarmMetrics * alarmMetricMonth.dollars + dashboards * dashboardMonth.dollars;
}

function tracesOf(deliveries: number, batches: number): number {
  const traced = (invocations: number) => {
    const firstOfSecond = SECONDS_PER_MONTH * (1 - Math.exp(-invocations / SECONDS_PER_MONTH));
    return firstOfSecond + (invocations - firstOfSecond) * TRACED_SHARE;
  };
  return traced(deliveries) + traced(batches);
}

function item(service: string, what: string, dollars: number): CostItem {
  return { service, what, dollars };
}
