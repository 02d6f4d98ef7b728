/** Metrics in CloudWatch's embedded metric format (EMF), by Powertools. */
import { Metrics as PowertoolsMetrics } from '@aws-lambda-powertools/metrics';
import {
  type DividedMetric,
  type DivisionOf,
  METRICS,
  type PlainMetric,
  type Service,
} from '../domain/telemetry/metrics.ts';
import { type LogDetails, redactForLog } from '../domain/telemetry/redact.ts';
import type { Metrics } from '../ports.ts';

/**
 * Stores values until `publish`, which writes one line for each value of a dimension and one for
 * all metrics without. The line of a dimension's value counts for the total too: it has two sets of
 * dimensions, with and without it.
 */
export class EmfMetrics implements Metrics {
  readonly #service: Service;
  readonly #namespace: string;
  readonly #totals: PowertoolsMetrics;
  /**
   * One instance for each dimension value: EMF gives every metric of a line the same dimensions.
   */
  readonly #byDimension = new Map<string, PowertoolsMetrics>();
  #message: Readonly<Record<string, string>> | undefined;

  /** `namespace` separates the metrics of stacks in one account. */
  constructor(service: Service, namespace: string) {
    this.#service = service;
    this.#namespace = namespace;
    this.#totals = this.#instance();
  }

  add(name: PlainMetric, value: number): void {
    this.#totals.addMetric(name, METRICS[name].unit, rounded(value));
  }

  addBy<Name extends DividedMetric>(name: Name, by: DivisionOf<Name>, value: number): void {
    const { unit, dimension } = METRICS[name];
    const key = `${dimension.name} ${by}`;
    const metrics = this.#byDimension.get(key) ?? this.#instance();
    this.#byDimension.set(key, metrics);
    // Publishing clears dimensions.
    if (!metrics.hasStoredMetrics()) metrics.addDimension(dimension.name, by).addDimensions({});
    metrics.addMetric(name, unit, rounded(value));
  }

  /**
   * Adds a log message with its details to the first line, as EMF metadata: one line for an outcome
   * and its metrics costs half of two. Accepts one message until the next `publish`; returns false
   * for a second one.
   */
  addMessage(level: 'info' | 'warn', message: string, details: LogDetails): boolean {
    if (this.#message !== undefined) return false;
    const traceId = /Root=([^;]+)/.exec(process.env._X_AMZN_TRACE_ID ?? '')?.[1];
    const when = { timestamp: new Date().toISOString(), level: level.toUpperCase(), message };
    const fields = Object.entries({ ...when, ...redactForLog(details), xray_trace_id: traceId });
    this.#message = Object.fromEntries(
      fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
    return true;
  }

  /** Writes what was stored since the last call. Writes nothing if nothing was stored. */
  publish(): void {
    const lines = [this.#totals, ...this.#byDimension.values()].filter((metrics) => metrics.hasStoredMetrics());
    for (const [name, value] of Object.entries(this.#message ?? {})) lines[0]?.addMetadata(name, value);
    for (const metrics of lines) metrics.publishStoredMetrics();
    this.#message = undefined;
  }

  #instance(): PowertoolsMetrics {
    return new PowertoolsMetrics({ serviceName: this.#service, namespace: this.#namespace });
  }
}

/** Times with two decimals: more digits cost bytes in every line. */
function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
