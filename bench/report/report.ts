/** The bench's report: what was measured, on what, and which targets it meets. */
import type { ColdStartFigures } from '../cold-start/cold-start.ts';
import { PRICES } from '../cost/prices.ts';
import type { IngestReport } from '../ingest/ingest.ts';
import type { DrainFigures, ProcessorSubject } from '../processor.ts';
import type { Sample } from '../statistics.ts';

/** Time and machine of a part's measurement. */
export interface Circumstances {
  /** ISO 8601. */
  readonly at: string;
  readonly node: string;
  readonly cpus: number;
  readonly cpuModel: string;
  /**
   * Processes that wanted a core when it began, over the last minute: above 1 others were using the
   * machine.
   */
  readonly loadAverage: number;
  readonly quick: boolean;
}

/** A drain of so many events, so many times each. A report of before may lack a subject. */
export interface DrainReport {
  readonly events: number;
  readonly deliveries: number;
  readonly subjects: Readonly<Record<ProcessorSubject, DrainFigures>>;
}

/** Cold starts over a bare Node's. */
export interface ColdStartReport {
  readonly bareMs: Sample;
  readonly bareRssMb: Sample;
  readonly figures: Readonly<Record<string, ColdStartFigures>>;
}

/** Each part that has been measured, with its circumstances. */
export interface BenchReport {
  readonly ingest?: Circumstances & { readonly figures: IngestReport };
  readonly processor?: Circumstances & { readonly figures: DrainReport };
  readonly storm?: Circumstances & { readonly figures: DrainReport };
  readonly 'cold-start'?: Circumstances & { readonly figures: ColdStartReport };
}

/** One thing that is to be reached. */
export interface Target {
  readonly what: string;
  readonly goal: string;
  readonly measured: string;
  readonly met: boolean;
}

/** Largest ingest bundle, in bytes. */
export const INGEST_BUNDLE_MAX = 340_000;

/** Largest processor bundle, in bytes. */
export const PROCESSOR_BUNDLE_MAX = 450_000;

/** The targets of the parts that were measured. */
export function targetsOf(report: BenchReport): Target[] {
  return [...ingestTargets(report), ...coldStartTargets(report), ...processorTargets(report), ...stormTargets(report)];
}

function ingestTargets({ ingest }: BenchReport): Target[] {
  const at10 = ingest?.figures.byConnections['10'];
  if (at10 === undefined) return [];
  const ofPlain = at10.ours.requestsPerSecond.median / at10.plain.requestsPerSecond.median;
  const ofFloor = at10.ours.requestsPerSecond.median / at10.floor.requestsPerSecond.median;
  return [
    atLeast('ingest, requests/s at 10 connections, times the plain handler’s', ofPlain, 1.2),
    atLeast('ingest, requests/s at 10 connections, share of the floor’s', ofFloor, 0.4),
  ];
}

function coldStartTargets(report: BenchReport): Target[] {
  const figures = report['cold-start']?.figures.figures;
  const [ours, plain] = [figures?.['ingest ours'], figures?.['ingest plain']];
  if (ours === undefined || plain === undefined) return [];
  return [
    atMost(
      'ingest, cold start over a bare Node, share of the plain handler’s',
      ours.overBareMs.median / plain.overBareMs.median,
      0.85,
    ),
    atMost('ingest, the same in CPU time', ours.overBareCpuMs.median / plain.overBareCpuMs.median, 0.85),
    atMost('ingest, bundle in bytes', ours.bundleBytes, INGEST_BUNDLE_MAX),
  ];
}

function processorTargets({ processor }: BenchReport): Target[] {
  if (processor === undefined) return [];
  const { ours, powertools } = processor.figures.subjects;
  const share = ours.eventsPerSecond.median / powertools.eventsPerSecond.median;
  return [atLeast('processor, drain rate, share of the peer’s', share, 1)];
}

function stormTargets({ processor, storm }: BenchReport): Target[] {
  const once = processor?.figures.subjects.ours.perEvent;
  if (storm === undefined) return [];
  const stormed = storm.figures.subjects.ours.perEvent;
  const late = atMost('storm, write units for a duplicate of a final event', stormed.lateDuplicate.writeUnits, 0);
  if (once === undefined) return [late];
  const unitsOf = ({ readUnits, writeUnits }: typeof once) => readUnits + writeUnits;
  const priceOf = ({ readUnits, writeUnits }: typeof once) =>
    readUnits * PRICES.readUnit.dollars + writeUnits * PRICES.writeUnit.dollars;
  return [
    late,
    below('storm, read and write units of an event, times a single delivery’s', unitsOf(stormed) / unitsOf(once), 1.4),
    below('storm, the same as they are paid for', priceOf(stormed) / priceOf(once), 1.3),
  ];
}

function atLeast(what: string, value: number, wanted: number): Target {
  return { what, goal: `≥ ${wanted}`, measured: rounded(value), met: value >= wanted };
}

function atMost(what: string, value: number, wanted: number): Target {
  return { what, goal: `≤ ${wanted}`, measured: rounded(value), met: value <= wanted };
}

function below(what: string, value: number, wanted: number): Target {
  return { what, goal: `< ${wanted}`, measured: rounded(value), met: value < wanted };
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}
