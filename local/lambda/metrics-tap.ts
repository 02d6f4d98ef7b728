/**
 * The functions' metrics on this machine: read from the lines in which they emit them (CloudWatch's
 * embedded metric format), and aggregated as CloudWatch does it, so that a chart here shows what
 * the dashboard would.
 */
import { METRICS, type MetricName } from '../../lambdas/domain/telemetry/metrics.ts';

/** Statistic of a period, as CloudWatch names it. Percentiles are within 5 %. */
export type Statistic = 'sum' | 'samples' | 'average' | 'minimum' | 'maximum' | 'p50' | 'p95' | 'p99';

/** Query. */
export interface MetricQuery {
  readonly metric: MetricName;
  /** A value of the metric's dimension; without it the total. */
  readonly by?: string;
  readonly statistic: Statistic;
}

/** One period of a series. */
export interface MetricPoint {
  /** When the period began: a multiple of its length. */
  readonly atMs: number;
  /** Undefined where nothing was emitted. */
  readonly value: number | undefined;
}

/** The shortest period. */
const BUCKET_MS = 5_000;

/** Length of the series. */
const KEPT_MS = 60 * 60 * 1_000;

/** A line in the embedded metric format begins so. */
const EMF_START = '{"_aws":';

/** Bins of percentiles grow by this. */
const BIN_GROWTH = Math.log(1.05);

/** The values of one metric in one bucket. */
class Bucket {
  sum = 0;
  samples = 0;
  minimum = Number.POSITIVE_INFINITY;
  maximum = Number.NEGATIVE_INFINITY;
  readonly #bins = new Map<number, number>();

  add(value: number): void {
    this.sum += value;
    this.samples += 1;
    this.minimum = Math.min(this.minimum, value);
    this.maximum = Math.max(this.maximum, value);
    const bin = value <= 0 ? Number.NEGATIVE_INFINITY : Math.ceil(Math.log(value) / BIN_GROWTH);
    this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + 1);
  }

  merge(other: Bucket): void {
    this.sum += other.sum;
    this.samples += other.samples;
    this.minimum = Math.min(this.minimum, other.minimum);
    this.maximum = Math.max(this.maximum, other.maximum);
    for (const [bin, count] of other.#bins) this.#bins.set(bin, (this.#bins.get(bin) ?? 0) + count);
  }

  statistic(statistic: Statistic): number {
    switch (statistic) {
      case 'sum':
        return this.sum;
      case 'samples':
        return this.samples;
      case 'average':
        return this.sum / this.samples;
      case 'minimum':
        return this.minimum;
      case 'maximum':
        return this.maximum;
      case 'p50':
        return this.#percentile(0.5);
      case 'p95':
        return this.#percentile(0.95);
      case 'p99':
        return this.#percentile(0.99);
      default:
        return statistic satisfies never;
    }
  }

  #percentile(fraction: number): number {
    let left = Math.ceil(fraction * this.samples);
    for (const bin of [...this.#bins.keys()].sort((a, b) => a - b)) {
      left -= this.#bins.get(bin) ?? 0;
      if (left <= 0) return Math.min(this.maximum, Math.exp(bin * BIN_GROWTH));
    }
    return this.maximum;
  }
}

/** Takes log lines, answers series. Keeps an hour. */
export class MetricsTap {
  readonly #now: () => number;
  /** By metric and dimension, then by the bucket's beginning. */
  readonly #series = new Map<string, Map<number, Bucket>>();
  readonly #sinceStart = new Map<string, Bucket>();

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /**
   * One line of a function's log, without its end. What is not in the embedded metric format is
   * passed over.
   */
  take(line: string): void {
    if (!line.startsWith(EMF_START)) return;
    try {
      const { atMs, values } = readEmf(JSON.parse(line));
      for (const { key, numbers } of values) for (const value of numbers) this.#add(key, atMs, value);
    } catch {
      // A line that was cut off with its process.
    }
  }

  /**
   * The periods of the last `lastMs`, oldest first, the one under way last. `periodMs` is a
   * multiple of 5 s.
   */
  series(query: MetricQuery, { lastMs, periodMs }: { readonly lastMs: number; readonly periodMs: number }) {
    const nowMs = this.#now();
    const buckets = this.#series.get(keyOf(query.metric, query.by));
    const points: MetricPoint[] = [];
    const newest = nowMs - (nowMs % periodMs);
    for (let atMs = newest - periodMs * (Math.ceil(lastMs / periodMs) - 1); atMs <= newest; atMs += periodMs) {
      const period = new Bucket();
      for (let at = atMs; at < atMs + periodMs; at += BUCKET_MS) {
        const bucket = buckets?.get(at);
        if (bucket !== undefined) period.merge(bucket);
      }
      points.push({ atMs, value: period.samples === 0 ? undefined : period.statistic(query.statistic) });
    }
    return points;
  }

  /** Over all that was emitted since the pipeline started; undefined where nothing was. */
  sinceStart({ metric, by, statistic }: MetricQuery): number | undefined {
    return this.#sinceStart.get(keyOf(metric, by))?.statistic(statistic);
  }

  #add(key: string, atMs: number, value: number): void {
    const begins = atMs - (atMs % BUCKET_MS);
    let buckets = this.#series.get(key);
    if (buckets === undefined) {
      buckets = new Map();
      this.#series.set(key, buckets);
    }
    if (!buckets.has(begins)) forgetBefore(buckets, this.#now() - KEPT_MS);
    bucketOf(buckets, begins).add(value);
    bucketOf(this.#sinceStart, key).add(value);
  }
}

function bucketOf<Key>(buckets: Map<Key, Bucket>, key: Key): Bucket {
  const known = buckets.get(key);
  if (known !== undefined) return known;
  const bucket = new Bucket();
  buckets.set(key, bucket);
  return bucket;
}

/** Buckets come in the order of time, but for the odd late one. */
function forgetBefore(buckets: Map<number, Bucket>, beforeMs: number): void {
  for (const at of buckets.keys()) {
    if (at >= beforeMs) return;
    buckets.delete(at);
  }
}

function keyOf(metric: string, by: string | undefined): string {
  return by === undefined ? metric : `${metric} ${by}`;
}

/**
 * Parses a line by CloudWatch's specification of the format: values and dimensions are members of
 * its root.
 */
interface EmfLine {
  readonly _aws: {
    readonly Timestamp: number;
    readonly CloudWatchMetrics: readonly {
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string }[];
    }[];
  };
  readonly [member: string]: unknown;
}

function readEmf(line: EmfLine) {
  const values = line._aws.CloudWatchMetrics.flatMap(({ Dimensions, Metrics }) =>
    Metrics.filter(({ Name }) => Object.hasOwn(METRICS, Name)).flatMap(({ Name }) =>
      Dimensions.map((names) => {
        const [name] = names.filter((other) => other !== 'service');
        const value = line[Name];
        const numbers = (Array.isArray(value) ? value : [value]) as readonly number[];
        return { key: keyOf(Name, name === undefined ? undefined : String(line[name])), numbers };
      }),
    ),
  );
  return { atMs: line._aws.Timestamp, values };
}
