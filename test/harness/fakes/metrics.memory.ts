/** Metrics that are kept, to be looked at by a test. */
import type { DividedMetric, DivisionOf, MetricName, PlainMetric } from '../../../lambdas/domain/telemetry/metrics.ts';
import type { Metrics } from '../../../lambdas/ports.ts';

/** Keeps every value by its metric, and by `metric/value of its dimension`. */
export class MemoryMetrics implements Metrics {
  readonly values = new Map<string, number[]>();

  add(name: PlainMetric, value: number): void {
    this.#keep(name, value);
  }

  addBy<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, value: number): void {
    this.#keep(name, value);
    this.#keep(`${name}/${by}`, value);
  }

  /**
   * The sum of a metric's values, or of those under one value of its dimension; 0 if there are no
   * values.
   */
  sum(name: MetricName, by?: string): number {
    const values = this.values.get(by === undefined ? name : `${name}/${by}`) ?? [];
    return values.reduce((sum, value) => sum + value, 0);
  }

  #keep(key: string, value: number): void {
    this.values.set(key, [...(this.values.get(key) ?? []), value]);
  }
}

/** Metrics that nobody looks at. */
export const UNSEEN_METRICS: Metrics = { add: () => {}, addBy: () => {} };
