/** Metrics in CloudWatch's embedded metric format, by Powertools: a line of the log from which CloudWatch makes them. */
import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import {
  type DividedMetric,
  type DivisionOf,
  METRICS,
  type MetricName,
  type PlainMetric,
  type Service,
} from '../domain/metrics.ts';
import type { Metrics } from '../ports.ts';

/** What is recorded of an invocation: by metric, its values; counts have one, their sum. */
type Recorded = Map<MetricName, number[]>;

/** Keeps what is recorded until it is published: a line for the totals, and one for each value of a dimension. */
export class EmfMetrics implements Metrics {
  readonly #emf: PowertoolsMetrics;
  readonly #totals: Recorded = new Map();
  /** By a dimension's name and value. */
  readonly #divisions = new Map<string, { readonly dimension: Record<string, string>; readonly recorded: Recorded }>();

  /** `namespace` keeps the metrics of one stack apart from another's. */
  constructor(service: Service, namespace: string) {
    this.#emf = new PowertoolsMetrics({ serviceName: service, namespace });
  }

  add(name: PlainMetric, value: number): void {
    record(this.#totals, name, value);
  }

  addBy<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, value: number): void {
    const dimension = { [METRICS[name].dimension.name]: by };
    const key = JSON.stringify(dimension);
    const division = this.#divisions.get(key) ?? { dimension, recorded: new Map() };
    this.#divisions.set(key, division);
    record(division.recorded, name, value);
    record(this.#totals, name, value);
  }

  /** Writes what was recorded since the last time; nothing, where nothing was. */
  publish(): void {
    this.#publish(this.#totals);
    for (const { dimension, recorded } of this.#divisions.values()) {
      this.#emf.addDimensions(dimension);
      this.#publish(recorded);
    }
    this.#divisions.clear();
  }

  #publish(recorded: Recorded): void {
    if (recorded.size === 0) return;
    // Powertools would write early what has a hundred values, and then forget its dimension. No invocation records
    // that many times.
    for (const [name, values] of recorded)
      for (const value of values) this.#emf.addMetric(name, METRICS[name].unit, value);
    this.#emf.publishStoredMetrics();
    recorded.clear();
  }
}

function record(recorded: Recorded, name: MetricName, value: number): void {
  const values = recorded.get(name) ?? [];
  if (METRICS[name].unit === 'Count') recorded.set(name, [(values[0] ?? 0) + value]);
  else recorded.set(name, [...values, Math.round(value * 100) / 100]);
}
